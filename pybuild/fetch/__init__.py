"""Bring sources: the index as pip is configured, downloads by hash, archives that cannot escape."""
