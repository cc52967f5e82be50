"""Measures settings: the engine alone, the way through Steelyard, and which settings are best here."""
