"""Steelyard: weigh local weights against an API."""

__version__ = "0.1.0"
