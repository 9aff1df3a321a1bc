"""The calls under ``/audit``: one table of them, for the routes and for the document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chaukas_spec_lite.collector.doors.api_parameters import PAGE, TENANCY, Parameter
from chaukas_spec_lite.collector.doors.http_media import Form
from chaukas_spec_lite.collector.doors.openapi_parts import COUNT, TEXT, array, call, record, ref
from chaukas_spec_lite.collector.stores.asking import DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE, MAX_TEXT_LENGTH

NOTE = "text/plain"
"""What checkpoints and proofs are."""
OCTETS = "application/octet-stream"
MAX_NOTE_BYTES = 64 << 10
"""How large a checkpoint with cosignatures may be."""

MAX_ENCODED_ENTRIES = 4000
"""How many entries an encoded message has at most: to ask for them takes as long as to read hundreds of them."""

_JSON = "application/json"
_ENCODED = Form.BINARY.value


@dataclass(frozen=True, slots=True)
class AuditCall:
    """A call under ``/audit``. It needs a key that may read where there are keys."""

    name: str
    """The operation, which ``http_audit`` has a method for."""
    path: str
    summary: str
    parameters: Sequence[Parameter]
    answer: Mapping[str, Any]
    """What a good answer holds."""
    problems: Sequence[int] = ()
    """Beside those that every call has."""
    method: str = "GET"
    encoded: bool = False
    """Whether ``Accept`` may ask for a message in place of JSON."""


_TENANT = (TENANCY[0],)
_SIZE: Mapping[str, Any] = {"type": "integer", "minimum": 0, "maximum": 2**63 - 1}
_WRITTEN = {NOTE: {"schema": TEXT}}


def _json(name: str) -> Mapping[str, Any]:
    return {_JSON: {"schema": ref(name)}}


AUDIT_CALLS = (
    AuditCall("audit_keys", "/audit/keys", "Who signs the audit log", (), _json("AuditKeys")),
    AuditCall("audit_logs", "/audit/logs", "Which logs there are", (*_TENANT, *PAGE), _json("AuditLogs")),
    AuditCall(
        "audit_checkpoint",
        "/audit/checkpoint",
        "The newest checkpoint of a log, or an older one (c2sp.org/tlog-checkpoint)",
        (*_TENANT, Parameter("size", _SIZE, "The newest checkpoint that is of at most so many entries.")),
        _WRITTEN,
        (409,),
    ),
    AuditCall(
        "audit_proof",
        "/audit/proof",
        "The proof that an event is in a log (c2sp.org/tlog-proof)",
        (
            Parameter("event_id", {"type": "string", "minLength": 1, "maxLength": MAX_TEXT_LENGTH}, needed=True),
            *TENANCY,
        ),
        _WRITTEN,
        (409,),
    ),
    AuditCall(
        "audit_consistency",
        "/audit/consistency",
        "The proof that a log has only grown (RFC 6962)",
        (
            *_TENANT,
            Parameter("from", _SIZE, "How many entries it had.", needed=True),
            Parameter("to", _SIZE, "Up to how many; those of the newest checkpoint if it is not given."),
        ),
        _json("AuditConsistency"),
        (409,),
    ),
    AuditCall(
        "audit_tile",
        "/audit/tile/{path}",
        "Hashes of the tree (c2sp.org/tlog-tiles)",
        (Parameter("path", {"type": "string", "minLength": 1}, "Such as 0/x001/x234/067 or 1/000.p/17."), *_TENANT),
        {OCTETS: {"schema": {}}},
    ),
    AuditCall(
        "audit_entries",
        "/audit/entries",
        "The entries of a log",
        (
            *_TENANT,
            Parameter("from", _SIZE, "Where to begin, counted from 0, which it is if it is not given."),
            Parameter(
                "limit",
                {"type": "integer", "minimum": 0, "maximum": 2**31 - 1},
                f"{DEFAULT_PAGE_SIZE} if it is 0 or not given; {MAX_PAGE_SIZE} if it is more than that, and"
                f" {MAX_ENCODED_ENTRIES} of the encoded message.",
            ),
        ),
        {**_json("AuditEntries"), _ENCODED: {"schema": {}}},
        encoded=True,
    ),
    AuditCall(
        "audit_cosign",
        "/audit/cosignatures",
        "Hand over the cosignature of a witness (c2sp.org/tlog-cosignature)",
        (),
        _WRITTEN,
        (408, 409, 413, 415),
        "POST",
    ),
)


def paths() -> dict[str, Any]:
    """Describe all of them."""
    return {each.path: {each.method.lower(): _described(each)} for each in AUDIT_CALLS}


def _described(described: AuditCall) -> dict[str, Any]:
    schema = "Its schema stands in docs/reference/audit-log.md."
    more = f" Or, for Accept: {_ENCODED}, the same as a message, in columns. {schema}" if described.encoded else ""
    answer = {"description": f"Done.{more}", "content": described.answer}
    problems = sorted({400, 401, 403, 404, 429, 503, 504, *described.problems})
    found = call(described.name, described.summary, {"200": answer}, *problems)
    parameters = [each.described(described.path) for each in described.parameters]
    if parameters:
        found["parameters"] = parameters
    if described.method == "POST":
        found["requestBody"] = {
            "required": True,
            "description": f"A checkpoint with cosignatures, a signed note of at most {MAX_NOTE_BYTES} bytes.",
            "content": _WRITTEN,
        }
    return found


def schemas() -> dict[str, Any]:
    """Describe the answers that are JSON."""
    or_null = {"type": ["string", "null"]}
    base64 = {"type": "string", "contentEncoding": "base64"}
    deleted = record(
        at={**or_null, "format": "date-time", "description": "Null if no record was kept."},
        by={
            **or_null,
            "description": "Who ordered it: as of a deletion, or retention of what was too old or too much; null if no"
            " record was kept.",
        },
        reason={
            **or_null,
            "description": "Of the deletion; null without one, or without a record of it.",
        },
        session_id={**or_null, "description": "Of the deletion; empty where it was all there is of tenant or project."},
    )
    return {
        "AuditKeys": record(name=TEXT, keys=array(TEXT), witnesses=array(TEXT)),
        "AuditLogs": record(logs=array(ref("ListedAuditLog")), next_page_token=TEXT),
        "ListedAuditLog": record(
            tenant_id=TEXT,
            origin=TEXT,
            size=COUNT,
            checkpoint={"type": ["integer", "null"], "description": "How many entries its newest checkpoint is of."},
            refused={**or_null, "description": "Why it is not signed any more; null if nothing contradicts it."},
        ),
        "AuditConsistency": record(origin=TEXT, **{"from": COUNT, "to": COUNT}, hashes=array(base64)),
        "AuditEntries": record(
            origin=TEXT,
            size=COUNT,
            entries=array(ref("AuditEntry")),
            next={"type": ["integer", "null"], "description": "The from of the next part; null at the log's end."},
        ),
        "AuditEntry": record(
            index=COUNT,
            leaf=base64,
            project_id={**or_null, "description": "Null of an entry that the key does not allow to see."},
            event_id=or_null,
            data={
                **or_null,
                "contentEncoding": "base64",
                "description": "Null if it is gone, or not to be seen.",
            },
            deleted={"anyOf": [deleted, {"type": "null"}]},
        ),
    }
