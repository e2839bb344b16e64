"""Proof about built and installed packages: linked, imported, ranked."""
