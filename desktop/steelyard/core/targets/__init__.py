"""Wire formats, streaming and raw timings: a local server and an API go through the same code."""
