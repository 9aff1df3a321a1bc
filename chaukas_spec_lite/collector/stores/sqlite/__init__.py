"""Events in one SQLite file: one writer, several readers, and indexes for what is asked."""
