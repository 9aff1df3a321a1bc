"""Run where only the wheel is installed: messages and stubs work, and the command line says what it lacks."""

import subprocess
import sys
from datetime import datetime, timezone
from importlib.metadata import distributions
from pathlib import Path

from chaukas_spec_lite import Event, EventType
from chaukas_spec_lite.spec.client.v1.client_grpc import ChaukasClientServiceStub

event = Event(
    event_id="e1",
    type=EventType.AGENT_START,
    timestamp=datetime.now(timezone.utc),
    metadata={"k": [1, None, {"x": True}]},
)
data = bytes(event)
assert Event.parse(data) == event, (event, Event.parse(data))
assert callable(ChaukasClientServiceStub.ingest_event)

command = Path(sys.executable).with_name("chaukas-lite")
done = subprocess.run([command, "demo"], capture_output=True, text=True, timeout=60, check=False)
assert done.returncode == 2, done
assert "pip install" in done.stderr, done
assert "chaukas-spec-lite[cli]" in done.stderr, done

installed = sorted({distribution.name for distribution in distributions()} - {"pip", "setuptools"})
print(f"{len(data)} bytes for an event and back; installed: {', '.join(installed)}")
