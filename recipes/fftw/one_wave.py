"""Check that FFTW finds the frequency of a wave in double and single precision; ends with 0 where it does."""

import ctypes
import math
import os
import sys

POINTS, WAVES = 60, 7
FORWARD, ESTIMATE = -1, 1 << 6  # fftw3.h


def transform(prefix, library, real, threads):
    """Return the amplitude of each frequency in a wave of ``WAVES`` periods.

    Args:
        prefix: of the library's functions: ``fftw`` or ``fftwf``.
        real: the type of its numbers.
        threads: how many it may use.
    """
    pairs = real * (2 * POINTS)
    angles = [2 * math.pi * WAVES * point / POINTS for point in range(POINTS)]
    wave = pairs(*[part for angle in angles for part in (math.cos(angle), math.sin(angle))])
    result = pairs()
    getattr(library, f"{prefix}_init_threads")()
    getattr(library, f"{prefix}_plan_with_nthreads")(threads)
    plan_dft = getattr(library, f"{prefix}_plan_dft_1d")
    plan_dft.restype = ctypes.c_void_p
    plan = ctypes.c_void_p(plan_dft(POINTS, wave, result, FORWARD, ESTIMATE))
    getattr(library, f"{prefix}_execute")(plan)
    return [math.hypot(result[2 * index], result[2 * index + 1]) for index in range(POINTS)]


def main():
    """Return None for success, else what is wrong."""
    expected = [float(POINTS * (index == WAVES)) for index in range(POINTS)]
    for prefix, stem, real in (("fftw", "libfftw3", ctypes.c_double), ("fftwf", "libfftw3f", ctypes.c_float)):
        for threads in (1, 2):
            path = os.path.join(sys.prefix, "lib", f"{stem}_threads.so")
            found = transform(prefix, ctypes.CDLL(path), real, threads)
            if any(abs(found[index] - expected[index]) > 1e-3 for index in range(POINTS)):
                return f"{stem} with {threads} thread(s) finds {found}, expected {expected}"
    return None


if __name__ == "__main__":
    sys.exit(main())
