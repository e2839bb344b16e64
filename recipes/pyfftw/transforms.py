"""Check transforms in every precision that pyFFTW was built with, on one thread and on two."""

import numpy as np
import pyfftw

KINDS = {"32": "complex64", "64": "complex128", "ld": "clongdouble"}


def error_of(kind: str, threads: int) -> float:
    """Return how far one transform is from numpy's, relative to the precision."""
    given = pyfftw.empty_aligned((12, 20), dtype=kind)
    result = pyfftw.empty_aligned((12, 20), dtype=kind)
    plan = pyfftw.FFTW(given, result, axes=(0, 1), threads=threads)
    real = np.cos(np.arange(240.0)).reshape(12, 20)
    given[:] = real
    plan()
    difference = abs(result - np.fft.fft2(real)).max()
    return float(difference / max(np.finfo(kind).eps, np.finfo("float64").eps))


assert "64" in pyfftw._supported_types, "no double precision"
for name in pyfftw._supported_types:
    for threads in (1, 2) if pyfftw._threading_type else (1,):
        error = error_of(KINDS[name], threads)
        assert error < 1000, f"{KINDS[name]} on {threads} thread(s) is off by {error} times its precision"
