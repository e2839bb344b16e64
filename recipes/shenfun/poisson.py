"""Check that all ranks together solve Poisson's equation whose solution is known."""

from pybuild_ranks import check, run


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


def use(comm):
    """Compare the solution on all ranks."""
    import shenfun
    import sympy

    error = max(comm.allgather(solve(shenfun, sympy, comm)))
    check(error < 1e-8, f"the solution is off by {error!r}")


if __name__ == "__main__":
    run(use)
