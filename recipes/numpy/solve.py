"""Check products and linear systems, which are BLAS's and LAPACK's work, against what is known."""

import numpy as np

size = 200
matrix = np.diag(np.full(size, 2.0)) - np.diag(np.ones(size - 1), 1) - np.diag(np.ones(size - 1), -1)
rows = np.arange(1.0, size + 1)
found = np.linalg.solve(matrix, np.ones(size))
assert abs(found - rows * (size + 1 - rows) / 2).max() < 1e-6, "a system of equations is solved wrongly"
assert abs(matrix @ found - 1).max() < 1e-8, "the product with the solution is not the right-hand side"
greatest = np.linalg.eigvalsh(matrix)[-1]
assert abs(greatest - (2 - 2 * np.cos(size * np.pi / (size + 1)))) < 1e-10, "an eigenvalue is wrong"
