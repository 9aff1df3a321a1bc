"""Writes the test vectors of the audit format, for other languages: ``python -m tests.audit.make_vectors``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from chaukas_spec_lite import Author, ErrorInfo, Event, EventStatus, EventType, LLMInvocation, Severity
from chaukas_spec_lite.audit.canonical import canonical_bytes, content_hash
from chaukas_spec_lite.audit.chain import Chains
from chaukas_spec_lite.audit.sealing import seal

VECTORS = Path(__file__).parents[1] / "data" / "audit" / "vectors.json"
WRITER = "019ac3d0-0000-7000-8000-000000000001"


def main() -> None:
    """Write the file."""
    VECTORS.write_text(json.dumps(vectors(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def vectors() -> dict[str, Any]:
    """The vectors: single events, and a chain of three."""
    return {"events": [_vector(why, event) for why, event in _events()], "chain": [*map(_sealed, _chain())]}


def _vector(why: str, event: Event) -> dict[str, str]:
    return {
        "why": why,
        "event": bytes(event).hex(),
        "canonical": canonical_bytes(event).hex(),
        "content_hash": content_hash(event),
    }


def _sealed(event: Event) -> dict[str, str]:
    return {"event": bytes(event).hex(), "hash_prev": event.hash_prev, "content_hash": event.content_hash}


def _events() -> Iterator[tuple[str, Event]]:
    noon = datetime(2026, 11, 27, 12, 0, 0, 500_000, tzinfo=timezone.utc)
    yield "nothing is set", Event()
    yield (
        "fields by number; hash and proof left out",
        Event(
            event_id="019ac3d0-1111-7000-8000-000000000000",
            tenant_id="acme",
            type=EventType.ERROR,
            severity=Severity.ERROR,
            status=EventStatus.FAILED,
            author=Author.SYSTEM,
            timestamp=noon,
            hash_prev="sha256:00",
            content_hash="sha256:01",
            worm_proof_id="p",
            tags=["b", "a"],
            error=ErrorInfo(error_message="no"),
        ),
    )
    yield (
        "keys in the order of bytes, a key before those that begin with it",
        Event(
            metadata={
                "name_x": 1,
                "name": 2,
                "": None,
                "Name": True,
                "é": "e",
                "z": [{"b": 1, "a": 2}],
                "\U0001f600": 0.5,
            }
        ),
    )
    yield (
        "keys at depth, in a field of the content",
        Event(
            llm_invocation=LLMInvocation(
                provider="p", model="m", request={"messages": [{"role": "user", "content": "hi"}]}
            )
        ),
    )
    yield (
        "U+FFFF before U+1F600: the order is that of UTF-8, not that of UTF-16",
        Event(state_update={"\U0001f600": 1, "\uffff": 2}),
    )
    yield "unknown fields stay, behind the known ones, as they came", Event.parse(b"\xc0\x3e\x07\x0a\x01x\xb8\x3e\x08")


def _chain() -> list[Event]:
    chains = Chains(WRITER)
    types = EventType.SESSION_START, EventType.OUTPUT_EMITTED, EventType.SESSION_END
    events = [Event(event_id=f"e{place}", session_id="s-1", type=each) for place, each in enumerate(types)]
    for event in events:
        seal(event, chains)
    return events


if __name__ == "__main__":
    main()
