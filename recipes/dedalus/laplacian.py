"""Check that a field that is spread over all ranks has the derivative that is known.

Run by every rank, with the expected number of ranks in ``PYBUILD_RANKS``.
Rank 0 prints one line of JSON: ``{"size": 2, "ranks": [0, 1], "library": "..."}``.
A rank that finds something wrong says so on stderr and ends the whole job with exit code 1.
"""

# stdout is where the checks look for the report.
# ruff: noqa: T201

import json
import os
import sys
import time


def check(holds, sentence):
    """Raise with ``sentence`` unless ``holds``."""
    if not holds:
        raise RuntimeError(sentence)


def derive(numpy, d3, comm):
    """Return how far the Laplacian of a wave is from the known one, on this rank."""
    coordinates = d3.CartesianCoordinates("x", "y")
    world = d3.Distributor(coordinates, dtype=numpy.float64, comm=comm)
    bases = [d3.RealFourier(coordinates[axis], size=16, bounds=(0, 2 * numpy.pi)) for axis in ("x", "y")]
    field = world.Field(name="f", bases=tuple(bases))
    x, y = world.local_grids(*bases)
    wave = numpy.sin(x) * numpy.cos(2 * y)
    field["g"] = wave
    held = comm.allgather(field["g"].size)
    check(len(held) == 1 or max(held) < sum(held), "one rank holds the whole field")
    # To coefficients and back to the grid: with more than one rank, rows become columns on the way.
    found = d3.Laplacian(field).evaluate()["g"]
    return float(abs(found + 5 * wave).max()) if wave.size else 0.0


def agree(comm, library, expected):
    """Run all checks; return what rank 0 reports."""
    import dedalus.public as d3
    import numpy as np

    rank, size = comm.Get_rank(), comm.Get_size()
    check(
        size == expected,
        f"rank {rank} sees {size} rank(s), the launcher was asked for {expected}: "
        "the launcher and mpi4py do not belong to the same MPI",
    )
    error = max(comm.allgather(derive(np, d3, comm)))
    check(error < 1e-10, f"the derivative is off by {error!r}")
    return {"size": size, "ranks": comm.allgather(rank), "library": library}


def main():
    """Return the exit code."""
    text = os.environ.get("PYBUILD_RANKS", "")
    if not text.isdigit() or int(text) < 1:
        print(f"PYBUILD_RANKS is {text!r}, expected the number of ranks", file=sys.stderr)
        return 1

    from mpi4py import MPI  # starts MPI, so it comes after everything that can fail without it

    comm = MPI.COMM_WORLD
    try:
        # Some libraries end the text with a newline, some with NUL bytes.
        report = agree(comm, MPI.Get_library_version().strip().strip("\0"), int(text))
    except Exception as error:
        print(f"laplacian: {error}", file=sys.stderr)
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
