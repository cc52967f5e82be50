"""GGUF files: headers, quants, split sets."""
