"""Pythons of this machine: find them, and copy one so that a conda prefix can stand on it."""
