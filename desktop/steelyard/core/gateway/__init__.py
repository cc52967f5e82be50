"""The only TCP door: an OpenAI-compatible endpoint on 127.0.0.1 for other programs."""
