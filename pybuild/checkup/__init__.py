"""What is wrong with a shell and a prefix, found without changing either."""
