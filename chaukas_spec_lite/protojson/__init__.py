"""ProtoJSON (https://protobuf.dev/programming-guides/json/): messages as JSON, driven by field data.

``dump_messages`` and ``load_messages`` write and read messages, ``dump_values`` and ``load_values`` scalars and
well-known types. ``run`` is the state of one call. ``text`` reads JSON text, ``locate`` finds the line and column of a
mistake in it.

Where the specification leaves a choice, or ``google.protobuf.json_format`` is laxer than it, this is strict: a value
that would be lost, changed or read in two ways is refused. The one table of what the two read or write differently,
with the reason for each row, is ``tests/json/differences.py``, and the tests hold both sides to it.
"""
