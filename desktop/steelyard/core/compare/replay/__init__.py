"""A comparison made again, and whether it came out the same."""
