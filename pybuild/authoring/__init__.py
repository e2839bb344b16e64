"""Drafts recipes from what an index or an archive shows, and checks and adds their hashes."""
