"""How fast and how light the library is, beside the official package: ``python -m benchmarks``."""
