"""Frozen records that the other folders pass to each other; imports nothing of ours."""
