"""A program: sends events in batches until it is told to stop by a line, then says how many were acknowledged."""

import sys
import threading

from chaukas_spec_lite import BlockingChaukasClient, Event, EventType
from chaukas_spec_lite.spec.common.v1.events import MessageContent

stopped = threading.Event()
threading.Thread(target=lambda: (sys.stdin.readline(), stopped.set()), daemon=True).start()
endpoint, name = sys.argv[1:]
sent = 0
with BlockingChaukasClient(endpoint, tenant_id=name, project_id="load", timeout=300, environ={}) as client:
    while not stopped.is_set():
        client.ingest_events(
            [
                Event(
                    event_id=f"{name}-{sent + number}",
                    session_id=f"{name}-{sent // 1000}",
                    type=EventType.INPUT_RECEIVED,
                    message=MessageContent(role="user", text="what is to be stored " * 10),
                )
                for number in range(50)
            ]
        )
        sent += 50
sys.stdout.write(f"{sent}\n")
