"""Running a real module tool: one shell made from nothing, every operation checked against what is loaded."""
