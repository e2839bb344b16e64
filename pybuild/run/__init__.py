"""One run of builds: its plan file, its order, its budget, its records."""
