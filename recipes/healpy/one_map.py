"""Check a map against its harmonics, and a file of it against the map."""

import os
import tempfile

import healpy
import numpy as np

SIDE = 16

harmonics = np.zeros(healpy.Alm.getsize(2 * SIDE), dtype=complex)
harmonics[healpy.Alm.getidx(2 * SIDE, 3, 1)] = 1.0 + 0.5j
sky = healpy.alm2map(harmonics, SIDE)
error = abs(healpy.map2alm(sky, lmax=2 * SIDE, iter=5) - harmonics).max()
assert error < 1e-6, f"the harmonics of a map are off by {error}"

pixel = healpy.ang2pix(SIDE, 1.0, 2.0)
near = healpy.query_disc(SIDE, healpy.ang2vec(1.0, 2.0), 0.2)
assert pixel in near, "a pixel is not in the disc around it"

with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "sky.fits")
    healpy.write_map(path, sky, dtype=np.float64)
    assert (healpy.read_map(path) == sky).all(), "the file holds another map"
