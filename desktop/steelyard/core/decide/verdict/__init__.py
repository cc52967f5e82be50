"""From a case to a verdict: gates, costs, choice, confidence, what would flip it."""
