"""Check that all ranks find the known greatest eigenvalues of one matrix with SLEPc."""

import math

from pybuild_ranks import check, run

ROWS = 40


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


def use(comm):
    """Compare with the known one, and report SLEPc's version and PETSc's own ranks."""
    from petsc4py import PETSc
    from slepc4py import SLEPc

    size, world = comm.Get_size(), PETSc.COMM_WORLD
    check(world.getSize() == size, f"PETSc sees {world.getSize()} rank(s), mpi4py sees {size}")
    # More rows than one rank has, so that the solver has to exchange values.
    rows = ROWS * size
    found = greatest(SLEPc, second_differences(PETSc, comm, rows), comm)
    known = 2 - 2 * math.cos(rows * math.pi / (rows + 1))
    check(abs(found - known) < 1e-6, f"the greatest eigenvalue is {found}, expected {known}")
    version = ".".join(map(str, SLEPc.Sys.getVersion()))
    return {"ranks": comm.allgather(world.getRank()), "slepc": version}


if __name__ == "__main__":
    run(use)
