"""The process that the ledger test kills: ``emit`` or ``drain``, port, spool directory, number of the round."""

from __future__ import annotations

import itertools
import os
import sys
import time
from datetime import datetime, timedelta, timezone

from chaukas_spec_lite import BlockingChaukasClient, BlockingExporter, Emitted, Event, EventType

START = datetime(2026, 1, 1, tzinfo=timezone.utc)


def ledger_event(turn: int, number: int) -> Event:
    """An event of which everybody knows what it has to look like."""
    return Event(
        event_id=f"{turn}-{number}",
        timestamp=START + timedelta(milliseconds=number),
        type=EventType.STATE_UPDATE,
        agent_name=f"agent of round {turn}",
        metadata={"number": number, "padding": "x" * (number * 37 % 1500)},
    )


def main() -> None:
    how, port, spool, turn = sys.argv[1:]
    client = BlockingChaukasClient(f"127.0.0.1:{port}", timeout=2.0, attempt_timeout=1.0)
    exporter = BlockingExporter(client, spool=spool, batch_size=20, flush_interval=0.02, scan_interval=0.1)
    if how == "drain":
        quiet_since = time.monotonic()
        while time.monotonic() - quiet_since < 2.0:  # to look through a long log takes some time
            if exporter.stats().pending:
                exporter.flush(1.0)
                quiet_since = time.monotonic()
            time.sleep(0.02)
        assert exporter.close(5.0)
        return
    for number in itertools.count():
        if exporter.emit(ledger_event(int(turn), number)) is Emitted.SPOOLED:
            os.write(1, b"%d\n" % number)
        if number % 20 == 0:
            time.sleep(0.001)


if __name__ == "__main__":
    main()
