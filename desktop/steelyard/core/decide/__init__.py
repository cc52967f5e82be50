"""API, own machines, both or a managed open model: the verdict, its evidence, and what would change it."""
