"""The command line: same core as the app, no Qt."""
