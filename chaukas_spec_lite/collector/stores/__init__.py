"""Where the collector keeps events: SQLite, PostgreSQL or memory, behind one interface."""
