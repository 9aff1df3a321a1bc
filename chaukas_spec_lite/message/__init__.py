"""Messages: their base classes, and the slow, exact halves of the codec that the generated code calls."""
