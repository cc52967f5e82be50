"""Controls that know nothing of Steelyard's domain."""
