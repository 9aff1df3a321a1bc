"""Settings that both checkers refuse."""

from __future__ import annotations

from collections.abc import Sequence

from chaukas_spec_lite import (
    BlockingChaukasClient,
    BlockingExporter,
    ChaukasClient,
    EventExporter,
    ExportSettings,
    Keepalive,
    RetryPolicy,
    Settings,
    blocking_drain,
    drain,
)


class Plain:
    """Is not asynchronous."""

    def send(self, encoded_events: Sequence[bytes], /) -> None:
        """Lose them."""


client = ChaukasClient("localhost:50051")
blocking = BlockingChaukasClient("localhost:50051")

EventExporter(client, spol="/x")  # error: misspelt setting
EventExporter(client, batch_size="many")  # error: wrong type
EventExporter(client, spol="/x", batch_size="many")  # error: both
EventExporter(client, overflow="drop")  # error: no such choice
EventExporter(client, {"spool": "/x"})  # error: no ExportSettings
EventExporter("localhost:1")  # error: text is no sender
EventExporter(Plain())  # error: nothing to wait for
EventExporter(blocking)  # error: its methods are not asynchronous
EventExporter(client, on_drop="log")  # error: no function
BlockingExporter(client, spol="/x")  # error: misspelt setting
BlockingExporter(client, retry=3)  # error: no RetryPolicy
BlockingExporter("localhost:1")  # error: text is no sender
ExportSettings(spol="/x")  # error: misspelt setting
ChaukasClient(50051)  # error: a port is no endpoint
ChaukasClient("localhost:1", tenant="acme")  # error: misspelt setting
ChaukasClient("localhost:1", timeout="5")  # error: wrong type
ChaukasClient("localhost:1", keepalive=5)  # error: no Keepalive
BlockingChaukasClient("localhost:1", tenant="acme")  # error: misspelt setting
BlockingChaukasClient("localhost:1", batch_size=2.5)  # error: wrong type
client.query_events(sesion_id="s")  # error: misspelt argument
blocking.query_events(limit="10")  # error: wrong type
Settings.load("localhost:1", timeot=5)  # error: misspelt setting
RetryPolicy(initial="soon")  # error: wrong type
Keepalive(time=None)  # error: wrong type
drain("/x", "localhost:1")  # error: text is no sender
drain("/x", blocking)  # error: its methods are not asynchronous
drain(client, "/x")  # error: the wrong way round
drain("/x", client, batchsize=3)  # error: misspelt setting
blocking_drain("/x", client, timeout="5")  # error: wrong type
blocking_drain("/x", Plain())  # error: nothing to wait for
