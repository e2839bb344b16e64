"""Builds as jobs of a batch system: submitted, followed from any shell, installed by the last of them."""
