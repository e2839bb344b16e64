"""conda's engine: what it says, and what it fails at."""
