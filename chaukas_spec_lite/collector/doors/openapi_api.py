"""The calls under ``/api``: one table of them, for the routes and for the document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from chaukas_spec_lite.collector.doors import platform_json
from chaukas_spec_lite.collector.doors.api_parameters import (
    AT_MOST,
    BY,
    CURSOR,
    MAX_EVENTS,
    ORDER,
    PAGE,
    RANGE,
    TENANCY,
    WAIT,
    WITH_ERRORS,
    Parameter,
)
from chaukas_spec_lite.collector.doors.http_media import Form
from chaukas_spec_lite.collector.doors.openapi_parts import AGENTS, COUNT, TEXT, array, call, done, record, ref
from chaukas_spec_lite.collector.doors.openapi_trees import tree_schemas
from chaukas_spec_lite.collector.session_state import LogState, SessionState
from chaukas_spec_lite.collector.stores.asking import MAX_CHOICES, MAX_TEXT_LENGTH
from chaukas_spec_lite.spec.common.v1.query import QueryFilter
from chaukas_spec_lite.wire.fields import FieldData, fields_of

_PROBLEMS = (400, 401, 403, 429, 503, 504)


@dataclass(frozen=True, slots=True)
class Call:
    """A call under ``/api``; all of them are ``GET``, and need a key that may read where there are keys."""

    name: str
    """The operation, which ``http_api`` has a method for."""
    path: str
    summary: str
    parameters: Sequence[Parameter]
    answer: str
    """The schema of the answer."""
    gathers: bool = False
    """Whether it reads many events, so that not all of those who ask for it can have it at once."""
    encoded: str = ""
    """For an answer that may also be had as an encoded ``QueryEventsResponse``: what its ``next_page_token`` is."""


def _of_filter(field: FieldData) -> Parameter:
    if field.label != "repeated":
        return Parameter(field.name, description="Found in any text of an event." if "text" in field.name else "")
    if field.kind == "enum":
        names = {"enum": [*platform_json.bare_names(field.cls)]}
        item: dict[str, Any] = {"anyOf": [names, {"type": "integer", "minimum": 0, "maximum": 2**31 - 1}]}
        description = "One of these: by name, or by a number that has none."
    else:
        item, description = {"type": "string", "minLength": 1, "maxLength": MAX_TEXT_LENGTH}, "All of these."
    return Parameter(field.name, {"type": "array", "items": item, "maxItems": MAX_CHOICES}, description, repeated=True)


FILTER = (*(_of_filter(field) for field in fields_of(QueryFilter) if field.name != "time"), *RANGE)
"""Every condition of a query."""

_SESSION = Parameter("session_id", {"type": "string", "minLength": 1, "maxLength": MAX_TEXT_LENGTH})
MAX_SUMMED = 50
"""How many sessions one request for figures may ask for."""
_ASKED_SESSIONS = Parameter(
    "session_id",
    {"type": "array", "items": _SESSION.schema, "minItems": 1, "maxItems": MAX_SUMMED},
    "All of these.",
    repeated=True,
    needed=True,
)
_OF_A_SESSION = tuple(each for each in FILTER if each.name != "session_id")
COMPARED = (
    ("a", "The id of a session."),
    ("b", "That of the session that is compared with it."),
)
_EVENT = Parameter("event_id", _SESSION.schema, needed=True)
_COUNTED = tuple(each for each in FILTER if each.name != "text_query")
_NEXT_PAGE = "that of the page"

CALLS = (
    Call("events", "/api/events", "Find events", (*FILTER, ORDER, *PAGE), "EventPage", encoded=_NEXT_PAGE),
    Call(
        "sessions",
        "/api/sessions",
        "List sessions, those with the latest events first",
        (*TENANCY, Parameter("agent_id"), WITH_ERRORS, *RANGE, *PAGE),
        "Sessions",
    ),
    Call(
        "session_events",
        "/api/sessions/{session_id}/events",
        "The events of a session, oldest first",
        (_SESSION, *_OF_A_SESSION, ORDER, *PAGE),
        "EventPage",
        encoded=_NEXT_PAGE,
    ),
    Call(
        "session_audit",
        "/api/sessions/{session_id}/audit",
        "Whether the hash chains of a session hold, and whether its events stand in the log",
        (_SESSION, *TENANCY),
        "SessionAudit",
        gathers=True,
    ),
    Call(
        "figures",
        "/api/figures",
        "What sessions came to",
        (_ASKED_SESSIONS, *TENANCY),
        "Figures",
        gathers=True,
    ),
    Call(
        "spans",
        "/api/sessions/{session_id}/spans",
        "The spans of a session, in the order of their tree, each before those inside of it",
        (_SESSION, *TENANCY),
        "Spans",
        gathers=True,
    ),
    Call(
        "compare",
        "/api/compare",
        "Compare two sessions, span by span: these are aligned by their paths, made of kinds and names",
        (*TENANCY, *(Parameter(name, _SESSION.schema, about, needed=True) for name, about in COMPARED)),
        "Comparison",
        gathers=True,
    ),
    Call(
        "event",
        "/api/event",
        "Find an event of a session by its id",
        (*TENANCY, _EVENT, replace(_SESSION, needed=True), Parameter("span_id", description="Makes it quicker.")),
        "FoundEvents",
        gathers=True,
    ),
    Call(
        "series",
        "/api/series",
        f"What models and agents took over time. It is made of the latest {MAX_EVENTS} events at most",
        (*_COUNTED, BY, AT_MOST),
        "SeriesOverTime",
        gathers=True,
    ),
    Call("stats", "/api/stats", "Count events and sessions", _COUNTED, "Counts"),
    Call(
        "tail",
        "/api/tail",
        "Wait for events that arrive, in the order of their arrival",
        (*FILTER, PAGE[0], CURSOR, WAIT),
        "Arrivals",
        encoded="the cursor",
    ),
    Call("conflicts", "/api/conflicts", "What came under the id of another event", (*TENANCY, *PAGE), "Conflicts"),
    Call("rejected", "/api/rejected", "What could not be stored", (*TENANCY, *PAGE), "RejectedEvents"),
    Call("deletions", "/api/deletions", "The records of deletions", (*TENANCY, *PAGE), "Deletions"),
)


def paths() -> dict[str, Any]:
    """Describe all of them."""
    return {each.path: {"get": _described(each)} for each in CALLS}


def _described(described: Call) -> dict[str, Any]:
    parameters = [each.described(described.path) for each in described.parameters]
    answer = done(described.answer)
    if described.encoded:
        message = f"Or, for Accept: {Form.BINARY.value}, a QueryEventsResponse, whose next_page_token is"
        answer["description"] += f" {message} {described.encoded}: every event as it was sent."
        answer["content"][Form.BINARY.value] = {"schema": {}}
    return call(described.name, described.summary, {"200": answer}, *_PROBLEMS) | {"parameters": parameters}


_TOKEN = {"type": "string", "description": "Empty on the last page."}
_TIME = {"type": "string", "format": "date-time"}


def schemas() -> dict[str, Any]:
    """Describe the answers."""
    owner: Mapping[str, Any] = {"tenant_id": TEXT, "project_id": TEXT, "event_id": TEXT}
    whole = {"type": ["string", "null"], "description": "Null where it was all there is."}
    at = {"type": ["string", "null"], "description": "Of the event in time; null where none has a timestamp."}
    return {
        **tree_schemas(),
        "EventPage": record(
            events=array(ref("StoredEvent")),
            next_page_token=_TOKEN,
            scanned={
                **COUNT,
                "description": "0, unless text was searched without an index: how many events were looked into for "
                "this page. It may then be short, or empty, and there are more all the same.",
            },
        ),
        "Sessions": record(sessions=array(ref("Session")), next_page_token=_TOKEN),
        "Session": record(
            **dict.fromkeys(("tenant_id", "project_id", "session_id"), TEXT),
            events=COUNT,
            errors={**COUNT, "description": "Events of type ERROR or with status FAILED."},
            first=at,
            last=at,
        ),
        "SessionAudit": _session_audit(),
        **_figures(),
        "Counts": record(
            events=COUNT,
            sessions=COUNT,
            by_type={"type": "object", "additionalProperties": COUNT},
            mean_session_ms={"type": "number"},
            conflicts={
                **COUNT,
                "description": "Whatever the conditions beside tenant and project; so, too, rejected.",
            },
            rejected=COUNT,
        ),
        "Arrivals": record(
            events=array(ref("StoredEvent")),
            cursor={**TEXT, "description": "For the next request, with the same conditions."},
            more={"type": "boolean", "description": "Whether there may be more already."},
        ),
        "Conflicts": record(conflicts=array(ref("Conflict")), next_page_token=_TOKEN),
        "Conflict": record(**owner, received=_TIME, event=ref("StoredEvent"))
        | {"description": "The later event; queries find the first one of the id."},
        "RejectedEvents": record(rejected=array(ref("RejectedEvent")), next_page_token=_TOKEN),
        "RejectedEvent": record(
            **owner, reason=TEXT, received=_TIME, data={"type": "string", "contentEncoding": "base64"}
        )
        | {"description": "With what came, or the first megabyte of it."},
        "Deletions": record(deletions=array(ref("Deletion")), next_page_token=_TOKEN),
        "Deletion": _deletion(whole),
    }


def _deletion(project: dict[str, Any]) -> dict[str, Any]:
    return record(
        tenant_id=TEXT,
        project_id=project,
        session_id={**TEXT, "description": "Empty where it was all there is of tenant or project."},
        reason=TEXT,
        by={
            **TEXT,
            "description": "Who ordered it: user: and a name of the operating system's; empty of records from before "
            "it was kept.",
        },
        at=_TIME,
        events={**COUNT, "description": "How many events it deleted."},
    )


def _session_audit() -> dict[str, Any]:
    chain = record(
        writer={"type": ["string", "null"], "description": "Null for a piece whose beginning is missing."},
        number={"type": ["integer", "null"], "description": "Which of the writer's chains it is, from 1."},
        events=COUNT,
        state={"enum": ["complete", "open", "broken"]},
    )
    return record(
        state={"enum": [each.value for each in SessionState]},
        events=COUNT,
        unsealed={**COUNT, "description": "Events without a hash, of which nothing can be said."},
        whole={"type": "boolean", "description": "Whether all events of the session were looked at."},
        chains=array(chain),
        chains_unnamed=COUNT,
        **_faults(),
        log=_session_log(),
    )


def _faults() -> dict[str, Any]:
    return {"faults": array(record(kind=TEXT, event_id=TEXT, detail=TEXT)), "faults_unnamed": COUNT}


def _session_log() -> dict[str, Any]:
    log = record(
        tenant_id=TEXT,
        origin=TEXT,
        checkpoint={"type": ["integer", "null"], "description": "How many entries its newest checkpoint is of."},
        events=COUNT,
        covered=COUNT,
        refused={"type": ["string", "null"], "description": "Why the log is not signed any more."},
    )
    return record(
        state={"enum": [each.value for each in LogState]},
        events=COUNT,
        covered={**COUNT, "description": "How many of the events are entries that a signed checkpoint covers."},
        whole={"type": "boolean", "description": "Whether all events of the session were looked for."},
        logs=array(log),
        **_faults(),
    ) | {"description": "Whether the events stand in the log that the collector signs."}


def _figures() -> dict[str, Any]:
    return {
        "Figures": record(
            figures=array(ref("SessionFigures")),
            left=array(TEXT)
            | {"description": "Those that are not read yet, because enough was for one request: ask for them again."},
        ),
        "SessionFigures": record(
            session_id=TEXT,
            name=TEXT,
            input={**TEXT, "description": "The beginning of what was said to it first."},
            agents=array(TEXT),
            agents_by_id=AGENTS,
            model_calls=COUNT,
            tokens=COUNT,
            cost={"type": "object", "additionalProperties": {"type": "number"}, "description": "By currency."},
            whole={
                "type": "boolean",
                "description": "False where it has so many events that only the first are summed.",
            },
        ),
    }
