"""What the exporter keeps on disk. It knows bytes, and no messages."""
