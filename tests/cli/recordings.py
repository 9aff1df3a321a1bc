"""The recording of the package in every form, and in every place that commands look at."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from io import BytesIO, TextIOWrapper
from pathlib import Path

from chaukas_spec_lite import BlockingChaukasClient, Event, cli
from chaukas_spec_lite.__main__ import main
from chaukas_spec_lite.cli.formats import EventWriter
from chaukas_spec_lite.collector.doors.platform_json import write_event
from chaukas_spec_lite.files import read_events
from chaukas_spec_lite.retry import NEVER
from tests.cli.serving import Served, environment, serving
from tests.patience import HANG

RECORDING = Path(cli.__file__).parent / "data" / "session.delim"
GOOD = "01a21c48-9012-76a7-9e37-79b97f4a7c15"
"""The session that comes to a good end."""
BAD = "01a21c48-cc79-75f7-889e-4c815d41c005"
"""And that which does not."""


def recorded(path: Path = RECORDING) -> list[Event]:
    return [each.event for each in read_events(path)]


def written(events: list[Event], form: str) -> bytes:
    def refuse(event: Event, error: Exception) -> None:
        raise error

    writer = EventWriter(form, refuse)
    return b"".join(map(writer.of, events)) + writer.end()


def forms(events: list[Event]) -> dict[str, bytes]:
    """Events in every form that files have."""
    lines = written(events, "jsonl")
    return {
        "delim": written(events, "delim"),
        "jsonl": lines,
        "array": written(events, "json"),
        "openapi": written(events, "openapi"),
        "compact array": b"[" + b",".join(lines.splitlines()) + b"]",
        "pretty objects": b"\n".join(json.dumps(json.loads(line), indent=4).encode() for line in lines.splitlines()),
        "camel case": b"".join(event.to_json().encode() + b"\n" for event in events),
        "answer of the door": json.dumps({"events": [write_event(each) for each in events]}, indent=1).encode(),
        "request of the door": json.dumps({"event_batch": {"events": [write_event(each) for each in events]}}).encode(),
        "gzip": gzip.compress(lines),
        "without a zone": lines.replace(b'Z", "agent_id"', b'", "agent_id"'),
    }


def here(folder: Path, *arguments: str | Path, **env: str) -> subprocess.CompletedProcess[str]:
    """Run a command of chaukas-lite in this process, which takes a tenth of the time; as `serving.run` does."""
    out, err = (TextIOWrapper(BytesIO(), "utf-8", write_through=True) for _ in range(2))
    replaced = sys.stdout, sys.stderr, sys.argv, os.getcwd(), dict(os.environ)
    sys.stdout, sys.stderr, sys.argv = out, err, ["chaukas-lite", *map(str, arguments)]
    os.environ.clear()
    os.environ.update(environment(folder, **env))
    os.chdir(folder)
    try:
        status = main()
    finally:
        sys.stdout, sys.stderr, sys.argv = replaced[:3]
        os.chdir(replaced[3])
        os.environ.clear()
        os.environ.update(replaced[4])
    texts = [each.buffer.getvalue().decode() for each in (out, err)]
    return subprocess.CompletedProcess(arguments, status, *texts)


@contextmanager
def filled(home: Path, events: list[Event], *arguments: str) -> Generator[Served, None, None]:
    """A collector that has stored events in ``events.db``."""
    with serving(home, "--store", "events.db", *arguments) as served:
        with BlockingChaukasClient(served.grpc, retry=NEVER, timeout=HANG, environ={}) as client:
            client.ingest_events(events)
        yield served
