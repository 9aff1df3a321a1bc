"""The process that the ledger test kills: ``emit``, ``seal`` or ``drain``, port, spool directory, number of round."""

from __future__ import annotations

import itertools
import os
import sys
import time
from datetime import datetime, timedelta, timezone
from typing import Any

from chaukas_spec_lite import BlockingChaukasClient, BlockingExporter, Emitted, Event, EventType, blocking_drain
from tests.patience import HANG

FORK_AT = 5
"""After how many events each second process forks; the child emits from there on, as another one."""
CHILD = 1_000_000
"""What is added to the number of a process for its child."""
START = datetime(2026, 1, 1, tzinfo=timezone.utc)


def ledger_event(turn: int, number: int) -> Event:
    """An event of which everybody knows what it has to look like, but for its ``event_id``."""
    return Event(
        timestamp=START + timedelta(milliseconds=number),
        type=EventType.STATE_UPDATE,
        agent_name=f"{turn}-{number}",
        metadata={"number": number, "padding": "x" * (number * 37 % 1500)},
    )


def main() -> None:
    how, port, spool, text = sys.argv[1:]
    turn = int(text)
    client = BlockingChaukasClient(f"127.0.0.1:{port}", timeout=2.0, attempt_timeout=1.0)
    if how == "drain":
        assert blocking_drain(spool, client, timeout=HANG).all_sent
        return
    options: Any = {"batch_size": 20, "flush_interval": 0.02, "scan_interval": 0.1, "audit": how == "seal"}
    exporter = BlockingExporter(client, spool=spool, **options)
    for number in itertools.count():
        if number == FORK_AT and turn % 2 and not os.fork():
            turn += CHILD
        event = ledger_event(turn, number)
        if exporter.emit(event) is Emitted.SPOOLED:
            os.write(1, f"{event.agent_name} {event.event_id}\n".encode())
        if number % 20 == 0:
            time.sleep(0.001)


if __name__ == "__main__":
    main()
