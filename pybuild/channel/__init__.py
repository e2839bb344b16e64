"""Conda channels of built packages: their indexes, signatures, copies, checks and tidying."""
