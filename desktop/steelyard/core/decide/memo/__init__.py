"""The decision on one page."""
