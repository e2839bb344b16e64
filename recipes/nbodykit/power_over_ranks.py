"""Check that nbodykit measures a power spectrum of particles that lie on all ranks.

Run by every rank, with the expected number of ranks in ``PYBUILD_RANKS``.
Rank 0 prints one line of JSON: ``{"size": 2, "ranks": [0, 1], "library": "..."}``.
A rank that finds something wrong says so on stderr and ends the whole job with exit code 1.
"""

# Stdout is where the checks look for the report.
# ruff: noqa: T201

import json
import os
import sys
import time


def check(holds, sentence):
    """Raise with ``sentence`` unless ``holds``."""
    if not holds:
        raise RuntimeError(sentence)


def use(comm):
    """Measure particles at random places, whose power is the volume over their number, and count them all."""
    from nbodykit.lab import FFTPower, UniformCatalog

    catalog = UniformCatalog(nbar=0.01, BoxSize=64.0, seed=7, comm=comm)
    check(catalog.csize == comm.allreduce(catalog.size), "the ranks do not share the particles")
    check(comm.Get_size() == 1 or catalog.size < catalog.csize, "one rank has all particles")
    power = FFTPower(catalog, mode="1d", Nmesh=32).power
    noise = 64.0**3 / catalog.csize
    check(abs(power.attrs["shotnoise"] / noise - 1) < 1e-6, "the shot noise is not that of all particles")
    mean = power["power"].real[2:12].mean()
    check(0.7 < mean / noise < 1.3, f"the power is {mean}, expected {noise}")


def main():
    """Return the exit code."""
    expected = int(os.environ["PYBUILD_RANKS"])
    from mpi4py import MPI  # starts MPI

    comm = MPI.COMM_WORLD
    try:
        check(comm.Get_size() == expected, f"{comm.Get_size()} rank(s) found, expected {expected}")
        ranks = comm.allgather(comm.Get_rank())
        check(sorted(ranks) == list(range(expected)), f"ranks are not distinct: {ranks}")
        use(comm)
    except Exception as error:
        print(f"power_over_ranks: rank {comm.Get_rank()}: {error}", file=sys.stderr, flush=True)
        if comm.Get_size() > 1:
            time.sleep(0.5)  # some launchers drop what was said just before the end
            comm.Abort(1)  # the other ranks would wait for ever
        return 1
    if comm.Get_rank() == 0:
        library = MPI.Get_library_version().strip().strip("\0")
        print(json.dumps({"size": expected, "ranks": ranks, "library": library}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
