"""The application that the servers of these tests run: requests and tasks emit events, and say what became of them.

It is loaded as users load theirs: client and exporter are made when the module is imported, so in the server's first
process, if that loads the application before it forks.
"""

from __future__ import annotations

import os

from flask import Flask

from chaukas_spec_lite import BlockingChaukasClient, BlockingExporter, Event, EventType, exit_on_sigterm

if "EXIT_ON_SIGTERM" in os.environ:
    exit_on_sigterm()

client = BlockingChaukasClient(os.environ["COLLECTOR"])
exporter = BlockingExporter(client, spool=os.environ.get("SPOOL"), close_timeout=60.0)

if "USED_BEFORE" in os.environ:  # so that connection, threads and sockets are there when the server forks
    exporter.emit(Event(type=EventType.SYSTEM, session_id="before"))
    assert exporter.flush()

application = Flask(__name__)


def emit(name: str) -> str:
    """Emit an event, and say where it is."""
    return exporter.emit(Event(type=EventType.SYSTEM, session_id="request", agent_name=name)).value


@application.get("/emit/<name>")
def emit_one(name: str) -> str:
    return emit(name)


@application.get("/flush")
def flush() -> str:
    return str(exporter.flush(3.0))


@application.get("/ingest")
def ingest() -> str:
    client.ingest_event(Event(type=EventType.SYSTEM, session_id="request", agent_name="ingested"), timeout=3.0)
    return "taken"
