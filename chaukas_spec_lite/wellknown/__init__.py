"""Plain Python values for the well-known types."""
