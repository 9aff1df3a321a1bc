"""Bridges from packages that programs use already. Each is a module that needs that package, and nothing else does."""
