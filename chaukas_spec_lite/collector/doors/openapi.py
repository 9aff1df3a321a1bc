"""The OpenAPI document of the HTTP door, and the schemas of its JSON, which come from the messages themselves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chaukas_spec_lite.collector.doors import openapi_api, openapi_audit
from chaukas_spec_lite.collector.doors.http_media import Form
from chaukas_spec_lite.collector.doors.openapi_parts import COUNT, OBJECT, TEXT, call, done, record, ref
from chaukas_spec_lite.collector.doors.platform_json import KINDS, REQUIRED, bare_names
from chaukas_spec_lite.collector.query import DEFAULT_PAGE_SIZE, MAX_CHOICES, MAX_PAGE_SIZE, MAX_TEXT_LENGTH
from chaukas_spec_lite.message.message import Message
from chaukas_spec_lite.spec.common.v1.events import Event, EventBatch
from chaukas_spec_lite.spec.common.v1.query import Capabilities, QueryRequest, SortOrder
from chaukas_spec_lite.version import VERSION
from chaukas_spec_lite.wire.fields import ANY, STRUCT, TIMESTAMP, FieldData, fields_of

_SCALARS: dict[str, dict[str, Any]] = {
    "string": TEXT,
    "bool": {"type": "boolean"},
    "int32": {"type": "integer", "format": "int32", "minimum": -(2**31), "maximum": 2**31 - 1},
    "double": {"anyOf": [{"type": "number"}, {"enum": ["NaN", "Infinity", "-Infinity"]}]},
    STRUCT: {"type": "object", "additionalProperties": True},
    TIMESTAMP: {
        "type": "string",
        "format": "date-time",
        "description": "RFC 3339 in UTC or with an offset, a capital T and Z, up to nine digits after the point.",
    },
}


def capabilities_json(capabilities: Capabilities) -> dict[str, bool]:
    """Write capabilities with all of their names, as the published document lists them."""
    return {field.proto_name: bool(getattr(capabilities, field.name)) for field in fields_of(Capabilities)}


def document() -> dict[str, Any]:
    """Make the document, OpenAPI 3.1."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Chaukas collector",
            "version": VERSION,
            "description": "Takes the events of AI agents and finds them again. Where the collector has keys, each "
            "request but /healthz and /openapi.json needs one.",
        },
        "paths": {
            "/healthz": {"get": call("healthz", "Whether it can serve", {"200": done("Health")}, 503)},
            "/v1/capabilities": {
                "get": call(
                    "capabilities", "What the collector can do", {"200": done("Capabilities")}, *(401, 403, 429, 503)
                )
            },
            **{f"{prefix}/events": {"post": _ingest("Event", prefix)} for prefix in ("/v1", "")},
            **{f"{prefix}/events/batch": {"post": _ingest("EventBatch", prefix)} for prefix in ("/v1", "")},
            "/v1/query": {"post": _query()},
            **openapi_api.paths(),
            **openapi_audit.paths(),
            "/metrics": {
                "get": call(
                    "metrics",
                    "Counts of the collector, for Prometheus",
                    {"200": {"description": "The counts.", "content": {"text/plain": {"schema": TEXT}}}},
                    *(401, 403, 429, 503),
                )
            },
            "/openapi.json": {
                "get": call(
                    "openapi",
                    "This document",
                    {"200": {"description": "The document.", "content": {"application/json": {"schema": OBJECT}}}},
                )
            },
        },
        "components": {
            "schemas": _schemas(),
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
    }


# Calls


def _ingest(name: str, prefix: str) -> dict[str, Any]:
    operation = ("ingest" if name == "Event" else "ingestBatch") + ("" if prefix else "Sdk")
    summary = "Hand over an event" if name == "Event" else "Hand over several events"
    described = call(operation, summary, {"202": done("Receipt")}, *(400, 401, 403, 408, 413, 415, 429, 503))
    return described | {"requestBody": _body(name, f"Ingest{name}Request")}


def _query() -> dict[str, Any]:
    found: dict[str, Any] = {
        "description": "A page of events, in the form of the request.",
        "content": {
            Form.JSON.value: {"schema": ref("QueryResponse")},
            Form.PROTOJSON.value: {"schema": OBJECT},
            Form.BINARY.value: {"schema": {}},
        },
    }
    described = call("query", "Find events", {"200": found}, *(400, 401, 403, 406, 408, 413, 415, 429, 503, 504))
    return described | {"requestBody": _body("QueryRequest", "QueryEventsRequest")}


def _body(name: str, message: str) -> dict[str, Any]:
    return {
        "required": True,
        "description": f"In JSON, or the message {message}, encoded or as ProtoJSON; as it is, or with gzip or zstd.",
        "content": {
            Form.JSON.value: {"schema": ref(name)},
            Form.PROTOJSON.value: {"schema": OBJECT},
            Form.BINARY.value: {"schema": {}},
        },
    }


# Schemas


def _schemas() -> dict[str, Any]:
    schemas: dict[str, Any] = {
        "Event": _with_nulls(_event({})),
        "EventBatch": _with_nulls(_batch()),
        "QueryRequest": _query_request(),
        "QueryResponse": record(
            events={"type": "array", "items": ref("StoredEvent")},
            next_page_token={"type": "string", "description": "Empty on the last page."},
        ),
        "Capabilities": record(**{field.proto_name: {"type": "boolean"} for field in fields_of(Capabilities)}),
        "Health": record(status={"const": "ok"}),
        "Receipt": record(
            batch_id=TEXT,
            accepted={**COUNT, "description": "How many events are stored, new ones and others."},
            repeated={**COUNT, "description": "How many of them were there already."},
            conflicts={**COUNT, "description": "How many of them are kept beside another one of the same id."},
            rejected_count={**COUNT, "description": "How many could not be stored."},
            rejected={
                "type": "array",
                "description": "The first of those: a thousand, or as many as a MiB has room for.",
                "items": record(event_id=TEXT, position=COUNT, reason=TEXT),
            },
            rejected_unnamed={**COUNT, "description": "How many of them are not named."},
        ),
        "Problem": record(type=TEXT, title=TEXT, status={"type": "integer"}, detail=TEXT),
    }
    omitted = {"type": "object", "additionalProperties": TEXT, "description": "What has no JSON, and why."}
    stored = _event(REQUIRED)
    stored["properties"]["omitted"] = omitted
    schemas["StoredEvent"] = stored | {"required": ["event_id", "session_id"]}
    return schemas | openapi_api.schemas() | openapi_audit.schemas()


_BASE64 = "^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$"


def _event(required: Mapping[str, tuple[str, ...]]) -> dict[str, Any]:
    """Describe an event, of which these fields of its content are always there."""
    plain = [field for field in fields_of(Event) if field.oneof is None]
    members = {field.proto_name: field for field in fields_of(Event) if field.oneof}
    kinds = {kind: _content(kind, members[name], required.get(kind, ())) for kind, name in KINDS.items()}
    properties = {field.proto_name: _property(field) for field in plain}
    # The published document requires four more. Here an event without them is stored as it is, by any door.
    properties["event_id"] = {**TEXT, "minLength": 1}
    return _closed(properties | {"content": {"oneOf": [*kinds.values()]}}, ["event_id"]) | {
        "description": "As the platform's published document has it, with state_update and extensions besides."
    }


def _batch() -> dict[str, Any]:
    events = {
        "type": "array",
        "items": ref("Event"),
        "description": "Each is looked at by itself: one that cannot be stored is among the rejected of the receipt.",
    }
    properties = {field.proto_name: _property(field) for field in fields_of(EventBatch) if field.name != "events"}
    return _closed(properties | {"events": events}, ["events"])


def _query_request() -> dict[str, Any]:
    schema = _message(QueryRequest)
    filters = schema["properties"]["filter"]["properties"]
    for each in filters.values():
        if each.get("type") == "array":
            each["maxItems"] = MAX_CHOICES
    for name in ("tenant_id", "project_id", "session_id", "agent_id", "span_id", "trace_id", "text_query"):
        filters[name] = {**TEXT, "maxLength": MAX_TEXT_LENGTH}
    filters["tags"]["items"] = {**TEXT, "maxLength": MAX_TEXT_LENGTH}
    schema["properties"]["order_by_time"] = {"enum": [order.name for order in SortOrder]}
    schema["properties"]["page_size"] = {
        **_SCALARS["int32"],
        "minimum": 0,
        "description": f"{DEFAULT_PAGE_SIZE} if it is 0 or not given; {MAX_PAGE_SIZE} if it is more than that.",
    }
    for properties in (filters, schema["properties"]):
        properties.update({name: _or_null(each) for name, each in properties.items()})
    return schema


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    """As in ProtoJSON, null says that a field, or a condition, is not set."""
    return {"anyOf": [schema, {"type": "null"}]}


def _with_nulls(schema: dict[str, Any]) -> dict[str, Any]:
    """Let null stand for each field that need not be there, however deep."""
    if schema is _ANY:  # which is no message here
        return schema
    found = dict(schema)
    if "properties" in found:
        needed = found.get("required", ())
        inner = {name: _with_nulls(each) for name, each in found["properties"].items()}
        found["properties"] = {name: each if name in needed else _or_null(each) for name, each in inner.items()}
    for several in ("oneOf", "anyOf"):
        if several in found:
            found[several] = [_with_nulls(each) for each in found[several]]
    if isinstance(found.get("items"), dict):
        found["items"] = _with_nulls(found["items"])
    return found


def _content(kind: str, field: FieldData, required: tuple[str, ...]) -> dict[str, Any]:
    own: dict[str, Any] = {"kind": {"const": kind}}
    if field.kind == STRUCT:
        return _closed({**own, "state": _SCALARS[STRUCT]}, ["kind", "state"])
    return _closed({**own, **_message(field.cls)["properties"]}, ["kind", *required])


def _message(cls: type[Message]) -> dict[str, Any]:
    return _closed({field.proto_name: _property(field) for field in fields_of(cls)}, [])


def _closed(properties: dict[str, Any], required: list[str]) -> dict[str, Any]:
    closed = {"type": "object", "properties": properties, "additionalProperties": False}
    return closed | ({"required": required} if required else {})


_ANY = _closed({"type_url": TEXT, "value": {"type": "string", "contentEncoding": "base64", "pattern": _BASE64}}, [])


def _property(field: FieldData) -> dict[str, Any]:
    one = _one(field)
    return {"type": "array", "items": one} if field.label == "repeated" else one


def _one(field: FieldData) -> dict[str, Any]:
    if field.kind == "enum":
        return {"anyOf": [{"enum": [*bare_names(field.cls)]}, _SCALARS["int32"]]}
    if field.kind != "message":
        return _SCALARS[field.kind]
    if _is_any(field):
        return _ANY
    return _message(field.cls)


def _is_any(field: FieldData) -> bool:
    return bool(field.cls._full_name == ANY)  # pyright: ignore[reportPrivateUsage]  # private to the package
