"""Check a transform of one array that is spread over all ranks.

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

SHAPE = (8, 10, 12)
WAVE = (1, 2, 3)


def check(holds, sentence):
    """Raise with ``sentence`` unless ``holds``."""
    if not holds:
        raise RuntimeError(sentence)


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


def agree(comm, library, expected):
    """Run all checks; return what rank 0 reports."""
    import mpi4py_fft
    import numpy as np

    rank, size = comm.Get_rank(), comm.Get_size()
    check(
        size == expected,
        f"rank {rank} sees {size} rank(s), the launcher was asked for {expected}: "
        "the launcher and mpi4py do not belong to the same MPI",
    )
    for kind in ("f", "d"):
        transform(np, mpi4py_fft, comm, kind)
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
        print(f"there_and_back: {error}", file=sys.stderr)
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
