"""Check that the ranks that the launcher started are one MPI job, from Python 2.7 to 3.14."""

# The prefix's Python runs this, and it may be 2.7.
# ruff: noqa: UP031

from pybuild_ranks import agreed, check, run


def round_the_ring(comm):
    """Send a token through every rank; each adds one, so that rank 0 gets the size back."""
    rank, size = comm.Get_rank(), comm.Get_size()
    # Non-blocking, so that one rank alone can send to itself.
    token = 0
    if rank == 0:
        sending = comm.isend(1, dest=1 % size, tag=7)
        token = comm.recv(source=size - 1, tag=7)
    else:
        token = comm.recv(source=rank - 1, tag=7)
        sending = comm.isend(token + 1, dest=(rank + 1) % size, tag=7)
    sending.wait()
    expected = size if rank == 0 else rank
    check(token == expected, "got token %r from the ring, expected %d" % (token, expected))


def use(comm):
    """Let the ranks talk to each other, and compare what they say of their library."""
    from mpi4py import MPI

    round_the_ring(comm)
    agreed(comm, "the MPI library's version", MPI.Get_library_version())


if __name__ == "__main__":
    run(use)
