"""The JSON of what the calls under ``/audit`` answer, and what is said of the chains of a session."""

from __future__ import annotations

import json
from base64 import b64encode, urlsafe_b64decode, urlsafe_b64encode
from typing import TYPE_CHECKING, Any

from chaukas_spec_lite.collector.doors.clock_time import clock_time
from chaukas_spec_lite.errors import InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chaukas_spec_lite.audit.verification import ChainReport
    from chaukas_spec_lite.collector.audit_log import Consistency, ListedLog, LogPart, LogSigning
    from chaukas_spec_lite.collector.session_audit import SessionEvents
    from chaukas_spec_lite.collector.session_log import SessionLog
    from chaukas_spec_lite.collector.stores.event_log import Gone, LogEntry

MOST_NAMED = 100
"""How many faults, and how many chains, an answer names; it counts all of them."""


def keys(signing: LogSigning) -> dict[str, Any]:
    """Write who signs."""
    return {
        "name": signing.signer.name,
        "keys": [str(key) for key in signing.signer.verifiers],
        "witnesses": [str(key) for key in signing.witnesses],
    }


def logs(listed: Sequence[ListedLog], more: bool) -> dict[str, Any]:
    """Write a list of logs.

    Args:
        listed: The logs.
        more: Whether there are others behind them.
    """
    rows = [
        {
            "tenant_id": each.head.tenant_id,
            "origin": each.origin,
            "size": each.head.size,
            "checkpoint": each.head.checkpoint,
            "refused": each.refused or None,
        }
        for each in listed
    ]
    return {"logs": rows, "next_page_token": _token(listed[-1].head.tenant_id) if more else ""}


def _token(tenant_id: str) -> str:
    # What the list shows, and so no secret.
    return urlsafe_b64encode(json.dumps(tenant_id).encode()).decode("ascii")


def tenant_after(token: str) -> str | None:
    """Read the token of a list of logs; raises ``InvalidRequest``."""
    if not token:
        return None
    try:
        tenant: Any = json.loads(urlsafe_b64decode(token.encode("ascii")))
        if isinstance(tenant, str) and tenant.encode(errors="ignore").decode() == tenant:
            return tenant
    except ValueError:
        pass
    raise InvalidRequest("page_token: not the next_page_token of a list of logs")


def consistency(found: Consistency) -> dict[str, Any]:
    """Write the proof that a log has only grown."""
    return {
        "origin": found.origin,
        "from": found.old_size,
        "to": found.size,
        "hashes": [_base64(each) for each in found.hashes],
    }


def entries(found: LogPart) -> dict[str, Any]:
    """Write entries of a log. Takes time."""
    return {
        "origin": found.origin,
        "size": found.size,
        "entries": [_entry(each, each.index in found.hidden) for each in found.entries],
        "next": found.next_entry,
    }


def _entry(given: LogEntry, hidden: bool) -> dict[str, Any]:
    return {
        "index": given.index,
        "leaf": _base64(given.leaf),
        "project_id": None if hidden else given.project_id,
        "event_id": None if hidden else given.event_id,
        "data": None if given.data is None else _base64(given.data),
        "deleted": None if given.gone is None else _gone(given.gone),
    }


def _gone(given: Gone) -> dict[str, Any]:
    of = given.deletion
    return {
        "at": None if given.at is None else clock_time(given.at),
        "by": given.by,
        "reason": None if of is None else of.reason,
        "session_id": None if of is None else of.session_id,
    }


def session_audit(found: SessionEvents, logged: SessionLog) -> dict[str, Any]:
    """Follow the chains of a session, and write what was found. Takes time."""
    state, verification = found.verified()
    chains, faults = verification.chains, verification.faults
    return {
        "state": state.value,
        "events": verification.events,
        "unsealed": verification.unsealed,
        "whole": found.whole,
        "chains": [_chain(each) for each in chains[:MOST_NAMED]],
        "chains_unnamed": max(0, len(chains) - MOST_NAMED),
        "faults": [
            {"kind": each.kind.value, "event_id": each.event_id, "detail": each.detail} for each in faults[:MOST_NAMED]
        ],
        "faults_unnamed": max(0, len(faults) - MOST_NAMED),
        "log": _logged(logged),
    }


def _logged(found: SessionLog) -> dict[str, Any]:
    return {
        "state": found.state.value,
        "events": found.events,
        "covered": found.covered,
        "whole": found.whole,
        "logs": [
            {
                "tenant_id": each.tenant_id,
                "origin": each.origin,
                "checkpoint": each.checkpoint,
                "events": each.events,
                "covered": each.covered,
                "refused": each.refused or None,
            }
            for each in found.logs
        ],
        "faults": [
            {"kind": each.kind, "event_id": each.event_id, "detail": each.detail} for each in found.faults[:MOST_NAMED]
        ],
        "faults_unnamed": max(0, len(found.faults) - MOST_NAMED),
    }


def _chain(report: ChainReport) -> dict[str, Any]:
    genesis = report.genesis
    return {
        "writer": None if genesis is None else genesis.writer,
        "number": None if genesis is None else genesis.number,
        "events": report.events,
        "state": "complete" if report.complete else "open" if report.sound else "broken",
    }


def _base64(data: bytes) -> str:
    return b64encode(data).decode("ascii")
