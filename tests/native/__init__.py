"""Packages below a prefix of their own: native build systems, patches, sources, git, relocation."""
