"""Prices and money: what a run's usage cost, and by which price."""
