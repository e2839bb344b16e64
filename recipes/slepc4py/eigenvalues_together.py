"""Check that all ranks find the known greatest eigenvalues of one matrix with SLEPc.

Run by every rank, with the expected number of ranks in ``PYBUILD_RANKS``.
Rank 0 prints one line of JSON: ``{"size": 2, "ranks": [0, 1], "library": "...", "slepc": "3.26.1"}``.
A rank that finds something wrong says so on stderr and ends the whole job with exit code 1.
"""

# stdout is where the checks look for the report.
# ruff: noqa: T201

import json
import math
import os
import sys
import time

ROWS = 40


def check(holds, sentence):
    """Raise with ``sentence`` unless ``holds``."""
    if not holds:
        raise RuntimeError(sentence)


def second_differences(petsc, comm, rows):
    """Return the matrix of 2 on the diagonal and -1 beside it; every rank holds some of its rows."""
    matrix = petsc.Mat().createAIJ((rows, rows), nnz=3, comm=comm)
    for row in range(*matrix.getOwnershipRange()):
        for column, value in ((row - 1, -1.0), (row, 2.0), (row + 1, -1.0)):
            if 0 <= column < rows:
                matrix[row, column] = value
    matrix.assemble()
    return matrix


def greatest(slepc, matrix, comm):
    """Return the greatest eigenvalue of a symmetric matrix."""
    solver = slepc.EPS().create(comm)
    solver.setOperators(matrix)
    solver.setProblemType(slepc.EPS.ProblemType.HEP)
    solver.setWhichEigenpairs(slepc.EPS.Which.LARGEST_REAL)
    solver.setTolerances(tol=1e-10, max_it=1000)
    solver.solve()
    check(solver.getConverged() > 0, "no eigenvalue converged")
    return solver.getEigenvalue(0).real


def agree(slepc, petsc, comm, library, expected):
    """Run all checks; return what rank 0 reports."""
    rank, size = comm.Get_rank(), comm.Get_size()
    check(
        size == expected,
        f"rank {rank} sees {size} rank(s), the launcher was asked for {expected}: "
        "the launcher and mpi4py do not belong to the same MPI",
    )
    world = petsc.COMM_WORLD
    check(world.getSize() == size, f"PETSc sees {world.getSize()} rank(s), mpi4py sees {size}")
    ranks = comm.allgather(world.getRank())
    # More rows than one rank has, so that the solver has to exchange values.
    rows = ROWS * size
    found = greatest(slepc, second_differences(petsc, comm, rows), comm)
    known = 2 - 2 * math.cos(rows * math.pi / (rows + 1))
    check(abs(found - known) < 1e-6, f"the greatest eigenvalue is {found}, expected {known}")
    version = ".".join(map(str, slepc.Sys.getVersion()))
    return {"size": size, "ranks": ranks, "library": library, "slepc": version}


def main():
    """Return the exit code."""
    text = os.environ.get("PYBUILD_RANKS", "")
    if not text.isdigit() or int(text) < 1:
        print(f"PYBUILD_RANKS is {text!r}, expected the number of ranks", file=sys.stderr)
        return 1

    from mpi4py import MPI  # starts MPI, so it comes after everything that can fail without it

    comm = MPI.COMM_WORLD
    try:
        from petsc4py import PETSc
        from slepc4py import SLEPc

        # Some libraries end the text with a newline, some with NUL bytes.
        report = agree(SLEPc, PETSc, comm, MPI.Get_library_version().strip().strip("\0"), int(text))
    except Exception as error:
        print(f"eigenvalues_together: {error}", file=sys.stderr)
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
