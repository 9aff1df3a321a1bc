"""Bridges to what people already have. Each module needs the package that it is for, and says so if it is not there."""
