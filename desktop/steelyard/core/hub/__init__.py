"""The hub and the weights on this machine: search, files, downloads, the library, and what a name means."""
