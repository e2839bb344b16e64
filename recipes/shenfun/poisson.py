"""Check that all ranks together solve Poisson's equation whose solution is known.

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


def solve(shenfun, sympy, comm):
    """Return how far the solution of Poisson's equation is from the known one, on this rank."""
    x, y = sympy.symbols("x,y", real=True)
    known = sympy.cos(4 * y) * sympy.sin(2 * sympy.pi * x) * (1 - x**2)
    walls = shenfun.FunctionSpace(30, "Chebyshev", bc=(0, 0))
    waves = shenfun.FunctionSpace(16, "Fourier", dtype="d")
    space = shenfun.TensorProductSpace(comm, (waves, walls), axes=(1, 0))
    # The first variable belongs to the first space.
    known = known.subs({x: y, y: x}, simultaneous=True)
    trial, test = shenfun.TrialFunction(space), shenfun.TestFunction(space)
    source = shenfun.Array(space, buffer=known.diff(x, 2) + known.diff(y, 2))
    held = comm.allgather(source.size)
    check(len(held) == 1 or max(held) < sum(held), "one rank holds the whole array")
    matrices = shenfun.inner(test, shenfun.div(shenfun.grad(trial)))
    right = shenfun.inner(test, source)
    solver = shenfun.la.SolverGeneric1ND(matrices)
    found = solver(right, shenfun.Function(space)).backward()
    return float(abs(found - shenfun.Array(space, buffer=known)).max())


def agree(comm, library, expected):
    """Run all checks; return what rank 0 reports."""
    import shenfun
    import sympy

    rank, size = comm.Get_rank(), comm.Get_size()
    check(
        size == expected,
        f"rank {rank} sees {size} rank(s), the launcher was asked for {expected}: "
        "the launcher and mpi4py do not belong to the same MPI",
    )
    error = max(comm.allgather(solve(shenfun, sympy, comm)))
    check(error < 1e-8, f"the solution is off by {error!r}")
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
        print(f"poisson: {error}", file=sys.stderr)
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
