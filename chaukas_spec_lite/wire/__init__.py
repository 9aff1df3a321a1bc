"""The wire format: varints and tags, long content in pieces and in place, field data, scalars, enums."""
