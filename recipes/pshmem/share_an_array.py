"""Check that the ranks of a node see what one of them puts into a shared array."""

from pybuild_ranks import check, run


def use(comm):
    """Let the last rank set half of an array, and read it on all ranks."""
    import numpy as np
    from pshmem import MPIShared

    rank, last = comm.Get_rank(), comm.Get_size() - 1
    half = np.arange(500, dtype="i8") + 1 if rank == last else None
    with MPIShared((1000,), np.int64, comm) as shared:
        shared.set(half, offset=(500,), fromrank=last)
        found = shared[:].tolist()
        shares = shared.nodecomm.Get_size()
        comm.Barrier()
    check(found == [0] * 500 + list(range(1, 501)), "the shared array does not hold what was put into it")
    check(max(comm.allgather(shares)) > 1 or last == 0, "no two ranks share memory")


if __name__ == "__main__":
    run(use)
