"""The thirteen typical mistakes of such calculations."""
