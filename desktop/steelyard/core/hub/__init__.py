"""Weights: GGUF headers, the library on disk, and what a name means."""
