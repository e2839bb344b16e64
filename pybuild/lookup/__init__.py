"""What is there under a name besides recipes, and what to do about it."""
