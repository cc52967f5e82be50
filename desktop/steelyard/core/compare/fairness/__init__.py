"""Which figures can be compared: one small rule for each reason."""
