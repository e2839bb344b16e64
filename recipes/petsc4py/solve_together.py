"""Check that all ranks solve one system of equations with PETSc and find the solution that is known."""

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


def solve(petsc, comm, rows):
    """Return how far the solution for a right-hand side of ones is from k * (rows + 1 - k) / 2."""
    matrix = second_differences(petsc, comm, rows)
    solution, right = matrix.createVecs()
    right.set(1.0)
    solver = petsc.KSP().create(comm)
    solver.setOperators(matrix)
    solver.setType("cg")
    solver.getPC().setType("jacobi")
    solver.setTolerances(rtol=1e-12)
    solver.solve(right, solution)
    check(solver.getConvergedReason() > 0, "the solver did not converge")
    known = solution.duplicate()
    for row in range(*known.getOwnershipRange()):
        known[row] = (row + 1) * (rows - row) / 2
    known.assemble()
    solution.axpy(-1.0, known)
    return solution.norm(petsc.NormType.INFINITY)


def use(comm):
    """Solve, and report PETSc's version and its own ranks."""
    from petsc4py import PETSc

    size, world = comm.Get_size(), PETSc.COMM_WORLD
    check(world.getSize() == size, f"PETSc sees {world.getSize()} rank(s), mpi4py sees {size}")
    # More rows than one rank has, so that the solver has to exchange values.
    error = solve(PETSc, comm, ROWS * size)
    check(error < 1e-6 * ROWS * size, f"the solution is off by {error}")
    version = ".".join(map(str, PETSc.Sys.getVersion()))
    return {"ranks": comm.allgather(world.getRank()), "petsc": version}


if __name__ == "__main__":
    run(use)
