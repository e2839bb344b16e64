"""Check that FFTW transforms an array that is spread over all ranks, with the C library alone.

Run by every rank, with the expected number of ranks in ``PYBUILD_RANKS``.
Rank 0 prints one line of JSON: ``{"size": 2, "ranks": [0, 1], "library": "..."}``.
A rank that finds something wrong says so on stderr and ends the whole job with exit code 1.
"""

# stdout is where the checks look for the report.
# ruff: noqa: T201

import cmath
import ctypes
import json
import math
import os
import sys
import time

ROWS, COLUMNS = 60, 24
WAVES = (41, 5)
FORWARD, ESTIMATE = -1, 1 << 6  # fftw3.h


def check(holds, sentence):
    """Raise with ``sentence`` unless ``holds``."""
    if not holds:
        raise RuntimeError(sentence)


class Library:
    """FFTW in one precision, and the MPI that it links.

    Args:
        stem: of the library's name: ``libfftw3``.
        prefix: of its functions: ``fftw``.
        real: the type of its numbers.
    """

    def __init__(self, stem, prefix, real):
        path = os.path.join(sys.prefix, "lib", f"{stem}_mpi.so")
        self.handle = ctypes.CDLL(path, mode=ctypes.RTLD_GLOBAL)
        self.prefix, self.real = prefix, real
        self.world = self.constant("ompi_mpi_comm_world", 0x44000000)

    def constant(self, symbol, number):
        """Return a constant of MPI: an object's address in Open MPI, a number in MPICH and its kin."""
        try:
            return ctypes.c_void_p(ctypes.addressof(ctypes.c_char.in_dll(self.handle, symbol)))
        except ValueError:
            return ctypes.c_int(number)

    def mpi(self, name, *arguments):
        """Call a function of MPI."""
        code = getattr(self.handle, f"MPI_{name}")(*arguments)
        check(code == 0, f"MPI_{name} failed with code {code}")

    def integer(self, name):
        """Return the integer that MPI says of the communicator of all ranks."""
        result = ctypes.c_int()
        self.mpi(name, self.world, ctypes.byref(result))
        return result.value

    def fftw(self, name, kind, *arguments):
        """Call a function of FFTW that returns something of this type."""
        function = getattr(self.handle, f"{self.prefix}_{name}")
        function.restype = kind
        return function(*arguments)

    def version(self):
        """Return the MPI library's own version text."""
        text, length = ctypes.create_string_buffer(8192), ctypes.c_int()
        self.mpi("Get_library_version", text, ctypes.byref(length))
        return text.value.decode().strip()


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


def check_peak(library, rank):
    """Check that the one frequency of the wave, and nothing else, is where it belongs."""
    first, data = transform(library)
    check(len(data) < 2 * ROWS * COLUMNS, f"rank {rank} has the whole array, expected a part of it")
    for index in range(len(data) // 2):
        place = (first + index // COLUMNS, index % COLUMNS)
        expected = ROWS * COLUMNS if place == WAVES else 0
        off = abs(complex(data[2 * index], data[2 * index + 1]) - expected)
        check(off < 0.01, f"rank {rank}: {library.prefix} is off by {off} at {place}")


def gathered(library, rank, size):
    """Return what all ranks say of themselves."""
    kind = library.constant("ompi_mpi_int", 0x4C000405)
    own, everybody = ctypes.c_int(rank), (ctypes.c_int * size)()
    library.mpi("Allgather", ctypes.byref(own), 1, kind, everybody, 1, kind, library.world)
    return list(everybody)


def agree(libraries, expected):
    """Run all checks; return this rank and what rank 0 reports."""
    mpi = libraries[0]
    size, rank = mpi.integer("Comm_size"), mpi.integer("Comm_rank")
    check(
        size == expected,
        f"rank {rank} sees {size} rank(s), the launcher was asked for {expected}: "
        "the launcher and FFTW do not belong to the same MPI",
    )
    if size > 1:
        for library in libraries:
            check_peak(library, rank)
    return rank, {"size": size, "ranks": gathered(mpi, rank, size), "library": mpi.version()}


def main():
    """Return the exit code."""
    text = os.environ.get("PYBUILD_RANKS", "")
    if not text.isdigit() or int(text) < 1:
        print(f"PYBUILD_RANKS is {text!r}, expected the number of ranks", file=sys.stderr)
        return 1
    libraries = []
    try:
        libraries.append(Library("libfftw3", "fftw", ctypes.c_double))
        libraries.append(Library("libfftw3f", "fftwf", ctypes.c_float))
        libraries[0].mpi("Init", None, None)
        rank, report = agree(libraries, int(text))
        libraries[0].mpi("Finalize")
    except Exception as error:
        print(f"shared_wave: {error}", file=sys.stderr)
        sys.stderr.flush()
        time.sleep(0.5)  # some launchers drop what was said just before the end
        if libraries and int(text) > 1:
            libraries[0].handle.MPI_Abort(libraries[0].world, 1)  # the others would wait for ever
        return 1
    if rank == 0:
        print(json.dumps(report))
    return 0


if __name__ == "__main__":
    sys.exit(main())
