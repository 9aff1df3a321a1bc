"""Proof that events are what was recorded: canonical form, hash chain, Merkle log, checkpoints."""
