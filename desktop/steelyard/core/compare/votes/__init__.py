"""Blind votes: pairs, texts without identity, statistics, verdicts."""
