"""The client of Chaukas: its settings, how events become batches, and what it fills in by default."""
