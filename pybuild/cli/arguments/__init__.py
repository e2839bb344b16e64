"""The arguments of each group of commands; only those of the command that is called are imported."""
