"""A machine in a box: a folder that imitates a site well enough for its operations to run anywhere."""
