"""Check that a field that is spread over all ranks has the derivative that is known."""

from pybuild_ranks import check, run


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


def use(comm):
    """Compare the derivative on all ranks."""
    import dedalus.public as d3
    import numpy as np

    error = max(comm.allgather(derive(np, d3, comm)))
    check(error < 1e-10, f"the derivative is off by {error!r}")


if __name__ == "__main__":
    run(use)
