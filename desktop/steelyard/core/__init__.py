"""Everything that works without a screen: no Qt import below this package."""
