"""Errors, clock, ids, paths, units, redaction and files: imports nothing above it."""
