"""Check that a correlation function becomes the power spectrum that it came from."""

import numpy as np
from mcfit import P2xi, xi2P


def main():
    """Compare away from the ends, where such a transform is never exact."""
    k = np.logspace(-3, 2, 512)
    power = k * np.exp(-(k**2))
    r, xi = P2xi(k)(power)
    back_k, back = xi2P(r)(xi)
    middle = slice(128, 300)
    assert np.allclose(back_k, k), "the wave numbers changed"
    error = np.abs(back[middle] - power[middle]).max()
    assert error < 1e-4 * power.max(), f"the power spectrum differs by {error}"


main()
