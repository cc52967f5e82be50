"""The case: its file, its text, and what the ledger fills in."""
