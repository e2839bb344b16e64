"""Verification by ranks under a real Slurm; the package is small, its MPI is Debian's."""
