"""Build HPC Python packages from source, for this site, into a conda prefix."""

__version__ = "0.1.0"
