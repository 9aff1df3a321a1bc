"""Messages: their base classes, and the slow and exact decoder that generated ones fall back on."""
