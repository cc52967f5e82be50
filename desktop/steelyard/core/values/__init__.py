"""Frozen rows, events and commands: all that the window and the command line may know of the core."""
