"""The collector's store in PostgreSQL."""
