"""Check that kdcount counts the same pairs as a loop over all of them."""

import numpy as np
from kdcount import correlate


def main():
    """Compare the counts in four bins of distance; each pair counts twice, as kdcount does it."""
    points = np.random.RandomState(7).uniform(size=(60, 3))
    edges = np.array([0.1, 0.3, 0.5, 0.7])
    data = correlate.points(points)
    found = correlate.paircount(data, data, correlate.RBinning(edges)).sum1
    distances = np.sqrt(((points[:, None] - points[None]) ** 2).sum(axis=2))
    expected = np.histogram(distances, edges)[0]
    assert found.tolist() == expected.tolist(), f"{found.tolist()} pairs, expected {expected.tolist()}"


main()
