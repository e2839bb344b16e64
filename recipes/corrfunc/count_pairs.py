"""Check that Corrfunc counts the same pairs as a loop over all of them."""

import numpy as np
from Corrfunc.theory import DD


def main():
    """Compare the counts in three bins of distance."""
    points = np.random.RandomState(7).uniform(size=(200, 3))
    edges = np.array([0.1, 0.2, 0.3, 0.4])
    found = DD(1, 2, edges, *points.T, periodic=False)["npairs"]
    distances = np.sqrt(((points[:, None] - points[None]) ** 2).sum(axis=2))
    expected = np.histogram(distances, edges)[0]
    assert found.tolist() == expected.tolist(), f"{found.tolist()} pairs, expected {expected.tolist()}"


main()
