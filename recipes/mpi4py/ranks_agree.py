"""Check that the ranks that the launcher started are one MPI job, from Python 2.7 to 3.14.

Run by every rank, with the expected number of ranks in ``PYBUILD_RANKS``.
Rank 0 prints one line of JSON: ``{"size": 2, "ranks": [0, 1], "library": "..."}``.
A rank that finds something wrong says so on stderr and ends the whole job with exit code 1.
A wrong MPI shows itself here as n processes that each believe to be rank 0 of 1.
"""

# The prefix's Python runs this, and it may be 2.7; stdout is where the checks look for the report.
# ruff: noqa: T201, UP010, UP031

from __future__ import print_function

import json
import os
import sys
import time


def check(holds, sentence):
    """Raise with ``sentence`` unless ``holds``."""
    if not holds:
        raise RuntimeError(sentence)


def same_everywhere(comm, name, value):
    """Check that ``value`` is the same on all ranks."""
    values = comm.allgather(value)
    check(len(set(values)) == 1, "%s differs between the ranks: %r" % (name, values))


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
    check(token == expected, "rank %d got token %r from the ring, expected %d" % (rank, token, expected))


def agree(comm, library, expected):
    """Run all checks; return what rank 0 reports."""
    rank, size = comm.Get_rank(), comm.Get_size()
    check(
        size == expected,
        "rank %d sees %d rank(s), the launcher was asked for %d: "
        "the launcher and mpi4py do not belong to the same MPI" % (rank, size, expected),
    )
    ranks = comm.allgather(rank)
    check(sorted(ranks) == list(range(size)), "ranks are not distinct: %r" % (ranks,))
    round_the_ring(comm)
    same_everywhere(comm, "the MPI library's version", library)
    return {"size": size, "ranks": ranks, "library": library}


def main():
    """Return the exit code."""
    text = os.environ.get("PYBUILD_RANKS", "")
    if not text.isdigit() or int(text) < 1:
        print("PYBUILD_RANKS is %r, expected the number of ranks" % text, file=sys.stderr)
        return 1

    from mpi4py import MPI  # starts MPI, so it comes after everything that can fail without it

    comm = MPI.COMM_WORLD
    try:
        # Some libraries end the text with a newline, some with NUL bytes.
        report = agree(comm, MPI.Get_library_version().strip().strip("\0"), int(text))
    except Exception as error:
        print("ranks_agree: %s" % error, file=sys.stderr)
        sys.stderr.flush()
        if comm.Get_size() > 1:
            time.sleep(0.5)  # some launchers drop what was said just before the end
            comm.Abort(1)  # the other ranks would wait for ever in a collective call
        return 1
    if comm.Get_rank() == 0:
        print(json.dumps(report))
    return 0


if __name__ == "__main__":
    sys.exit(main())
