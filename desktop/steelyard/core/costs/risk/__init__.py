"""How sure the figures are: draws, bands, and what moves the saving."""
