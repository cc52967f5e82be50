"""Whether weights fit: the engine's projection, the formula behind it, the verdict, what loads taught."""
