"""Check a transform of one array that is spread over all ranks."""

from pybuild_ranks import check, run

SHAPE = (8, 10, 12)
WAVE = (1, 2, 3)


def phases(numpy, part):
    """Return 2 pi k x / n of the wave at the points that this rank holds."""
    grids = numpy.meshgrid(*(numpy.arange(n)[s] for n, s in zip(SHAPE, part, strict=False)), indexing="ij")
    return sum(2 * numpy.pi * k * grid / n for k, n, grid in zip(WAVE, SHAPE, grids, strict=False))


def transform(numpy, mpi4py_fft, comm, kind):
    """Transform a cosine in one precision: one number of the spectrum is known, and the way back is exact."""
    plan = mpi4py_fft.PFFT(comm, SHAPE, dtype=kind)
    array = mpi4py_fft.newDistArray(plan, False)
    held = comm.allgather(array.size)
    check(sum(held) == numpy.prod(SHAPE), f"the ranks hold {held} numbers of {numpy.prod(SHAPE)}")
    check(min(held) < sum(held) or comm.Get_size() == 1, "one rank holds the whole array")
    array[:] = numpy.cos(phases(numpy, array.local_slice()))
    before = array.copy()
    spectrum = plan.forward(array, mpi4py_fft.newDistArray(plan, True))
    # A cosine is half a wave in each direction; a real transform keeps one of the two.
    mine = abs(spectrum) > 0.25
    found = comm.allreduce([tuple(p + s.start for p, s in zip(at, spectrum.local_slice(), strict=False))
                            for at in numpy.argwhere(mine).tolist()])  # fmt: skip
    check(found == [WAVE], f"the wave {WAVE!r} was found as {found!r}")
    error = abs(plan.backward(spectrum) - before).max()
    check(error < 1000 * numpy.finfo(kind).eps, f"{kind}: there and back is off by {error!r}")


def use(comm):
    """Transform in both precisions."""
    import mpi4py_fft
    import numpy as np

    for kind in ("f", "d"):
        transform(np, mpi4py_fft, comm, kind)


if __name__ == "__main__":
    run(use)
