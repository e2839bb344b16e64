"""Check that FFTW transforms an array that is spread over all ranks, with the C library alone."""

import cmath
import ctypes
import math

from pybuild_library import Library, run_library
from pybuild_ranks import check

ROWS, COLUMNS = 60, 24
WAVES = (41, 5)
FORWARD, ESTIMATE = -1, 1 << 6  # fftw3.h


class Double(Library):
    """FFTW in double precision, and the MPI that it links; its functions' prefix and its numbers' type."""

    file, prefix, real = "libfftw3_mpi.so", "fftw", ctypes.c_double

    def fftw(self, name, kind, *arguments):
        """Call a function of FFTW that returns something of this type."""
        function = getattr(self.handle, f"{self.prefix}_{name}")
        function.restype = kind
        return function(*arguments)


class Single(Double):
    """The same in single precision."""

    file, prefix, real = "libfftw3f_mpi.so", "fftwf", ctypes.c_float


def wave(row, column):
    """Return one value of a wave that has ``WAVES`` periods along the two directions."""
    return cmath.exp(2j * math.pi * (WAVES[0] * row / ROWS + WAVES[1] * column / COLUMNS))


def transform(library):
    """Return the first row that this rank has, and its rows of the transformed wave, pairs of numbers."""
    rows, first = ctypes.c_ssize_t(), ctypes.c_ssize_t()
    shape = (ctypes.c_ssize_t(ROWS), ctypes.c_ssize_t(COLUMNS))
    library.fftw("mpi_init", None)
    room = library.fftw(
        "mpi_local_size_2d", ctypes.c_ssize_t, *shape, library.world, ctypes.byref(rows), ctypes.byref(first)
    )
    data = (library.real * (2 * max(room, 1)))()
    options = (library.world, FORWARD, ESTIMATE)
    plan = ctypes.c_void_p(library.fftw("mpi_plan_dft_2d", ctypes.c_void_p, *shape, data, data, *options))
    for index in range(rows.value * COLUMNS):
        value = wave(first.value + index // COLUMNS, index % COLUMNS)
        data[2 * index], data[2 * index + 1] = value.real, value.imag
    library.fftw("execute", None, plan)
    return first.value, data[: 2 * rows.value * COLUMNS]


def check_peak(library):
    """Check that the one frequency of the wave, and nothing else, is where it belongs."""
    first, data = transform(library)
    check(len(data) < 2 * ROWS * COLUMNS, "has the whole array, expected a part of it")
    for index in range(len(data) // 2):
        place = (first + index // COLUMNS, index % COLUMNS)
        expected = ROWS * COLUMNS if place == WAVES else 0
        off = abs(complex(data[2 * index], data[2 * index + 1]) - expected)
        check(off < 0.01, f"{library.prefix} is off by {off} at {place}")


def use(library):
    """Transform in both precisions; one rank alone would have the whole array."""
    single = Single()
    if library.Get_size() > 1:
        check_peak(library)
        check_peak(single)


if __name__ == "__main__":
    run_library(Double, use)
