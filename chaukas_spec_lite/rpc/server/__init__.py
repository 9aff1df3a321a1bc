"""Serving RPCs."""
