"""Proofs of recipes: their file, their lint, their table."""
