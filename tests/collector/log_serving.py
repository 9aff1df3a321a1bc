"""What tests ask of a collector that runs as a process of its own, and keeps a log."""

from __future__ import annotations

import base64

import httpx

from chaukas_spec_lite import Event, EventBatch
from chaukas_spec_lite.audit.keys import VerifierKey
from chaukas_spec_lite.audit.merkle import verify_consistency
from chaukas_spec_lite.audit.notes import Checkpoint, SignedNote
from chaukas_spec_lite.spec.client.v1.client import IngestEventBatchRequest
from tests.cli.serving import Served
from tests.collector.log_keys import KEYS, read
from tests.patience import HANG, wait_until

BINARY = {"Content-Type": "application/x-protobuf"}
HTTP = ("--http", "127.0.0.1:0")


def url(served: Served) -> str:
    return served.clients["CHAUKAS_ENDPOINT"]


def get(served: Served, path: str, **parameters: object) -> httpx.Response:
    asked = {name: str(each) for name, each in parameters.items()} or None  # None leaves those of the path
    return httpx.get(url(served) + path, params=asked, timeout=HANG)


def newest(served: Served) -> str:
    """The newest checkpoint; empty if there is none yet."""
    found = get(served, "/audit/checkpoint", tenant_id="acme")
    assert found.status_code in (200, 404), found.text
    return found.content.decode() if found.status_code == 200 else ""


def covering(served: Served, size: int) -> str:
    """The newest checkpoint once it is of so many entries."""
    seen: list[str] = []

    def covers() -> bool:
        seen.append(newest(served))
        return bool(seen[-1]) and Checkpoint.of(SignedNote.parse(seen[-1])).size >= size

    wait_until(covers)
    return seen[-1]


def post(served: Served, *events: Event) -> httpx.Response:
    body = bytes(IngestEventBatchRequest(event_batch=EventBatch(events=[*events])))
    return httpx.post(f"{url(served)}/events/batch", content=body, headers=BINARY, timeout=HANG)


def event(number: int) -> Event:
    return Event(event_id=f"{number}", tenant_id="acme")


def check_grown(served: Served, old: str, keys: list[VerifierKey] = KEYS) -> None:
    """Check that the log has grown out of a checkpoint that was seen."""
    before, now = read(old, "acme", keys[:1]), read(newest(served), "acme", keys)
    found = get(served, "/audit/consistency", tenant_id="acme", **{"from": before.size, "to": now.size})
    assert found.status_code == 200, found.text
    path = [base64.b64decode(each) for each in found.json()["hashes"]]
    verify_consistency(before.size, now.size, before.root, now.root, path)
