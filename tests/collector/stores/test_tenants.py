"""With one's own key nothing of others can be read, changed or learnt, through either door, whatever a request says.

Every field of every request is tried: of both services' messages, and of the HTTP door's document, by what these say
themselves, so that a field that is new is tried, too.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from chaukas_spec_lite import Event, EventBatch, EventStatus, EventType, Severity
from chaukas_spec_lite.collector.doors import openapi, platform_json
from chaukas_spec_lite.collector.stores.copied import Stage
from chaukas_spec_lite.message.message import Message
from chaukas_spec_lite.rpc.stubs.codec import Encoded
from chaukas_spec_lite.spec.client.v1 import client
from chaukas_spec_lite.spec.common.v1.query import QueryRequest
from chaukas_spec_lite.spec.google.protobuf.any import Any as AnyOfGoogle
from chaukas_spec_lite.spec.server.v1 import server
from chaukas_spec_lite.wire.fields import ANY, STRUCT, TIMESTAMP, FieldData, fields_of
from tests.collector.stores.conftest import KINDS, place_for
from tests.collector.stores.events import WHEN
from tests.collector.stores.worlds import OURS, SECRET, TENANCIES, World, comparable, world

Worlds = tuple[World, World]
Path = tuple[FieldData, ...]

ASKING = ["ours", "project"]
PLAIN = [kind for kind in KINDS if not str(getattr(kind, "values", (kind,))[0]).endswith("-text")]
"""Those without an index of texts, which makes no difference for what is stored."""
DOCUMENT = openapi.document()
_numbers = itertools.count()


@pytest.fixture(scope="module", params=KINDS)
def worlds(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worlds]:
    """The world with their events, and the same without them."""
    with ExitStack() as stack:
        made: list[World] = []
        for with_theirs in (True, False):
            place = stack.enter_context(place_for(request, tmp_path_factory))
            directory = tmp_path_factory.mktemp("keys")
            made.append(stack.enter_context(world(place, directory, with_theirs=with_theirs)))
        yield made[0], made[1]


# What to put into a field

TAKEN: dict[str, Any] = {
    "tenant_id": "theirs",
    "project_id": "secret",
    "event_id": "their-0",
    "session_id": "their-session",
    "agent_id": "their-agent",
    "span_id": "their-span",
    "trace_id": "their-trace",
    "types": EventType.ERROR,
    "statuses": EventStatus.FAILED,
    "severities": Severity.ERROR,
    "type": EventType.ERROR,
    "status": EventStatus.FAILED,
    "severity": Severity.ERROR,
    "tags": "their-tag",
    "text_query": "their-text",
    "page_size": 2,
}
"""What finds their events, by the names of fields."""
BY_KIND: dict[str, Any] = {
    "int32": 1,
    "int64": 1,
    "double": 1.0,
    "bool": True,
    "enum": 1,
    STRUCT: {"tenant_id": "theirs", "project_id": "secret", "text": "their-text"},
    TIMESTAMP: WHEN,
}


def leaves(cls: type[Message], path: Path = ()) -> Iterator[Path]:
    """The paths of all fields of a message that hold a value."""
    for field in fields_of(cls):
        if field.kind == "message" and field.cls._full_name != ANY:
            yield from leaves(field.cls, (*path, field))
        else:
            yield (*path, field)


def taken(field: FieldData) -> Any:
    """What theirs have in such a field."""
    if field.kind == "message":
        return [AnyOfGoogle(type_url="type.googleapis.com/theirs", value=b"theirs")]
    value = TAKEN.get(field.name, f"their-{field.name}" if field.kind == "string" else BY_KIND.get(field.kind))
    assert value is not None, f"say in BY_KIND what to put into {field.name}, of the kind {field.kind}"
    return [value] if field.label == "repeated" else value


def filled(cls: type[Message], path: Path, event_id: str) -> Message:
    """A message with theirs in one field; the event that has it, or all of a batch, with an id."""
    message = cls()
    if isinstance(message, Event):
        message.event_id = event_id
    if path:
        first, *rest = path
        value = filled(first.cls, tuple(rest), event_id) if rest else taken(first)
        setattr(message, first.name, [value] if rest and first.label == "repeated" else value)
    return message


def dotted(path: Path) -> str:
    return ".".join(field.name for field in path)


def requests(cls: type[Message]) -> Iterator[tuple[str, Message]]:
    """A request without anything, and for each of its fields one with theirs in it."""
    yield "", cls()
    for path in leaves(cls):
        yield dotted(path), filled(cls, path, f"guess-{next(_numbers)}")


# The gRPC door

RESPONSES = {
    f"/{module.__name__.rpartition('.')[0].replace('chaukas_spec_lite.spec', 'chaukas.spec')}.{service}/{method}": (
        getattr(module, f"{method}Request"),
        getattr(module, f"{method}Response"),
    )
    for module, service, methods in (
        (client, "ChaukasClientService", ("IngestEvent", "IngestEventBatch", "QueryEvents")),
        (server, "ChaukasServerService", ("IngestEvent", "IngestEventBatch", "QueryEvents", "GetEventStats")),
        (client, "ChaukasClientService", ("Healthz", "GetCapabilities")),
        (server, "ChaukasServerService", ("Healthz", "GetCapabilities")),
    )
    for method in methods
}
"""The request and the answer of every method."""


def told(answer: tuple[str, str, bytes, dict[str, str]], path: str) -> Any:
    """An answer by gRPC, without what no two collectors have alike."""
    code, details, data, along = answer
    response: Any = RESPONSES[path][1].parse(data)
    if hasattr(response, "processed_at"):
        response.processed_at = 0
    page = getattr(response, "response", None)
    if page is not None:
        page.next_page_token = "there is one" if page.next_page_token else ""
    return code, details, response, along


def test_every_method_is_tried(worlds: Worlds) -> None:
    assert set(worlds[0].routes) == set(RESPONSES)
    for path, handler in worlds[0].routes.items():
        assert handler.request_type in (RESPONSES[path][0], Encoded)


@pytest.mark.parametrize("path", [path for path in RESPONSES if "Ingest" in path])
@pytest.mark.parametrize("who", ASKING)
@pytest.mark.parametrize("worlds", PLAIN, indirect=True, scope="module")
def test_every_field_of_every_method_that_stores(worlds: Worlds, who: str, path: str) -> None:
    try_every_field(worlds, who, path)


@pytest.mark.parametrize("path", [path for path in RESPONSES if "Ingest" not in path])
@pytest.mark.parametrize("who", ASKING)
def test_every_field_of_every_method_that_asks(worlds: Worlds, who: str, path: str) -> None:
    try_every_field(worlds, who, path)


def try_every_field(worlds: Worlds, who: str, path: str) -> None:
    before = worlds[0].theirs()
    assert before[0], "they have events"
    tried = 0
    for name, request in requests(RESPONSES[path][0]):
        answers = [each.call(who, path, bytes(request)) for each in worlds]
        alike(*(told(each, path) for each in answers), name)
        own = TENANCIES[who]
        if name.endswith(("tenant_id", "project_id")) and taken_of(name) not in (getattr(own, last(name)), None):
            refused = getattr(own, last(name)) is not None
            assert not refused or is_refusal(answers[0], path), f"{name}: {answers[0]}"
        tried += 1
    assert worlds[0].theirs() == before
    if "Event" in path:
        assert tried > 3


def last(name: str) -> str:
    return name.rpartition(".")[2]


def taken_of(name: str) -> Any:
    return TAKEN.get(last(name))


def is_refusal(answer: tuple[str, str, bytes, dict[str, str]], path: str) -> bool:
    """Whether an answer says that something was not done, and why or how much."""
    code, details, data, along = answer
    if code != "OK":
        return code in ("PERMISSION_DENIED", "INVALID_ARGUMENT") and "the key that was given" in details
    response: Any = RESPONSES[path][1].parse(data)
    return (
        along.get("chaukas-rejected") == "1"
        or getattr(response, "status", "") == "rejected"
        or (getattr(response, "rejected_count", 0) == 1)
    )


def alike(with_theirs: Any, without: Any, name: str) -> None:
    assert SECRET not in repr(with_theirs), name
    assert with_theirs == without, f"{name}: the answer tells of what others have"


@pytest.mark.parametrize("path", [path for path in RESPONSES if "Query" in path])
@pytest.mark.parametrize("who", ASKING)
def test_tokens_of_their_pages_open_nothing(worlds: Worlds, who: str, path: str) -> None:
    here = worlds[0]
    request = RESPONSES[path][0](query=QueryRequest(page_size=2))
    # The tenancy of this key differs from that of those who ask in one thing only.
    owner = "whole" if who == "ours" else "theirs"
    code, _, data, _ = here.call(owner, path, bytes(request))
    assert code == "OK"
    assert SECRET.encode() in data or owner == "whole", "they see their own"
    token = RESPONSES[path][1].parse(data).response.next_page_token
    assert token
    for size in (2, 1000):
        request = RESPONSES[path][0](query=QueryRequest(page_size=size, page_token=token))
        code, details, data, _ = here.call(who, path, bytes(request))
        assert (code, data) == ("INVALID_ARGUMENT", b"")
        assert "page_token" in details


# The HTTP door

BODIES: dict[str, tuple[type[Message], Callable[[Any], Any]]] = {
    "Event": (Event, lambda event: client.IngestEventRequest(event=event)),
    "EventBatch": (EventBatch, lambda batch: client.IngestEventBatchRequest(event_batch=batch)),
    "QueryRequest": (QueryRequest, lambda query: client.QueryEventsRequest(query=query)),
}
"""What each schema of a body stands for, and the message that it is in, encoded."""
CALLS = [
    (path, method, call)
    for path, calls in DOCUMENT["paths"].items()
    for method, call in calls.items()
    if not path.startswith("/audit/")
]
"""Those of the audit log need one: tests/collector/test_tenancy.py tries them."""
IN_TEXT: dict[str, str] = {
    **{name: value.name for name, value in TAKEN.items() if isinstance(value, (EventType, EventStatus, Severity))},
    **{name: str(TAKEN[name]) for name in TAKEN if isinstance(TAKEN[name], (str, int)) and name.endswith("_id")},
    "tags": "their-tag",
    "text_query": "their-text",
    "start": "2026-11-29T00:00:00Z",
    "end": "2026-11-29T00:00:01Z",
    "order_by_time": "ASC",
    "page_size": "2",
    "errors": "true",
    "wait": "0",
    "by": "agent",
    "stretches": "5",
    # Two sessions to compare.
    "a": str(TAKEN["session_id"]),
    "b": str(TAKEN["session_id"]),
}
"""What finds theirs, by the names of parameters."""


FORMS = ("application/x-protobuf", "application/json", "application/protobuf+json")


def bodies(schema: str, forms: Iterable[str]) -> Iterator[tuple[str, str, Any]]:
    """Requests with theirs in one field, in each form: the field, the form, and the body."""
    cls, enclosed = BODIES[schema]
    for form in forms:
        for name, message in requests(cls):
            if form == "application/json":
                yield name, form, in_platform_json(message)
            elif form == "application/x-protobuf":
                yield name, form, bytes(enclosed(message))
            elif "extensions" not in name:  # of a type that has no ProtoJSON
                yield name, form, enclosed(message).to_json()


def in_platform_json(message: Any) -> bytes:
    if isinstance(message, Event):
        value = platform_json.write_event(message)
    elif isinstance(message, EventBatch):
        head = EventBatch.parse(bytes(message))
        head.events = []
        value = platform_json.write_message(head)
        value["events"] = [platform_json.write_event(each) for each in message.events]
    else:
        value = platform_json.write_message(message)
    return json.dumps(value).encode()


GETS = {path: call for path, method, call in CALLS if method == "get" and path not in ("/metrics", "/openapi.json")}
"""But for those metrics, which have a test of their own, and the document, which says the same to everybody."""
POSTS = {path: call for path, method, call in CALLS if method == "post"}


@pytest.mark.parametrize("who", ASKING)
@pytest.mark.parametrize("path", [path for path in POSTS if "events" in path])
@pytest.mark.parametrize("worlds", PLAIN, indirect=True, scope="module")
def test_every_field_of_every_body_that_is_stored(worlds: Worlds, who: str, path: str) -> None:
    try_every_body(worlds, who, path)


@pytest.mark.parametrize("who", ASKING)
@pytest.mark.parametrize("path", [path for path in POSTS if "events" not in path])
def test_every_field_of_every_body_that_asks(worlds: Worlds, who: str, path: str) -> None:
    try_every_body(worlds, who, path)


def try_every_body(worlds: Worlds, who: str, path: str) -> None:
    before = worlds[0].theirs()
    schema = POSTS[path]["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
    tried = 0
    # What stands below no /v1 is the same once more, for the official SDK, which sends messages.
    for name, form, body in bodies(schema, FORMS if path.startswith("/v1") else FORMS[:1]):
        answers = [each.ask(who, "POST", path, content=body, headers={"Content-Type": form}) for each in worlds]
        assert SECRET.encode() not in answers[0].content
        alike(*map(comparable, answers), f"{form} {name}")
        own = getattr(TENANCIES[who], last(name), None)
        if own not in (None, taken_of(name)):
            assert b"the key that was given" in answers[0].content, f"{form} {name}"
        tried += 1
    assert tried > 10
    assert worlds[0].theirs() == before


@pytest.mark.parametrize("who", ASKING)
@pytest.mark.parametrize("path", GETS)
def test_every_parameter_of_every_call(worlds: Worlds, who: str, path: str) -> None:
    parameters = {each["name"]: each for each in GETS[path].get("parameters", ())}
    real = path
    for name, each in parameters.items():
        if each["in"] == "path":
            real = real.replace(f"{{{name}}}", IN_TEXT[name])
    asked = [{}, *({name: IN_TEXT[name]} for name, each in parameters.items() if wanted(each))]
    asked.append({name: IN_TEXT[name] for name, each in parameters.items() if wanted(each)})
    for query in asked:
        answers = [each.ask(who, "GET", real, params=query) for each in worlds]
        assert SECRET.encode() not in answers[0].content
        alike(*map(comparable, answers), str(query))
        for name in ("tenant_id", "project_id"):
            if name in query and getattr(TENANCIES[who], name) not in (None, query[name]):
                assert answers[0].status_code == 403
    for name in ("page_token", "cursor"):
        if name not in parameters:
            continue
        if name == "page_token":
            assert SECRET in worlds[0].ask("theirs", "GET", real).text, "they see their own"
        owner = "whole" if who == "ours" else "theirs"
        found = worlds[0].ask(owner, "GET", real, params={"page_size": "1"}).json()
        token = found.get("next_page_token") or found.get("cursor")
        assert token, "and they have another page"
        for query in ({"page_size": "1"}, {}):
            answers = [each.ask(who, "GET", real, params={**query, name: token}) for each in worlds]
            if path == "/api/sessions":  # whose tokens are no secrets, and say from which session on to list one's own
                assert SECRET not in answers[0].text
                alike(*map(comparable, answers), name)
                continue
            assert answers[0].status_code == 400, answers[0].text
            assert name in answers[0].json()["detail"]


def wanted(parameter: dict[str, Any]) -> bool:
    return parameter["in"] == "query" and parameter["name"] not in ("page_token", "cursor")


@pytest.mark.parametrize("who", ASKING)
def test_tokens_of_their_pages_open_nothing_by_http(worlds: Worlds, who: str) -> None:
    here = worlds[0]
    found = here.ask("whole" if who == "ours" else "theirs", "POST", "/v1/query", json={"page_size": 2})
    assert found.json()["events"]
    token = found.json()["next_page_token"]
    assert token
    answer = here.ask(who, "POST", "/v1/query", json={"page_size": 2, "page_token": token})
    assert answer.status_code == 400
    assert "page_token" in answer.json()["detail"]


def test_metrics_name_nobody(worlds: Worlds) -> None:
    text = worlds[0].ask("ours", "GET", "/metrics").text
    for hidden in (SECRET, "theirs", "their-", "secret", "public"):
        assert hidden not in text


# Ingestion

MIXED = [
    Event(event_id="mixed-1"),
    Event(event_id="mixed-2", tenant_id="ours", project_id="any"),
    Event(event_id="mixed-3", tenant_id="theirs"),
    Event(event_id="mixed-4", tenant_id="theirs", project_id="secret"),
]
"""Ours, ours by name, and two that say that they are of others."""


def test_an_empty_tenant_is_filled_in_at_storage_and_others_are_named(worlds: Worlds) -> None:
    here = worlds[0]
    before = here.theirs()
    batch = EventBatch(batch_id="mixed", events=MIXED)
    by_server = "/chaukas.spec.server.v1.ChaukasServerService/IngestEventBatch"
    code, _, data, _ = here.call("ours", by_server, bytes(server.IngestEventBatchRequest(event_batch=batch)))
    answer = server.IngestEventBatchResponse.parse(data)
    assert (code, answer.accepted_count, answer.rejected_count) == ("OK", 2, 2)
    assert answer.rejected_event_ids == ["mixed-3", "mixed-4"]
    by_client = "/chaukas.spec.client.v1.ChaukasClientService/IngestEventBatch"
    encoded = bytes(client.IngestEventBatchRequest(event_batch=batch))
    assert here.call("ours", by_client, encoded)[3] == {"chaukas-rejected": "2"}
    for form, body, path in (
        ("application/json", in_platform_json(batch), "$.events[{}].tenant_id"),
        ("application/x-protobuf", encoded, "tenant_id"),
    ):
        told = here.ask("ours", "POST", "/v1/events/batch", content=body, headers={"Content-Type": form}).json()
        assert (told["accepted"], told["repeated"], told["rejected_count"]) == (2, 2, 2)
        assert [each["event_id"] for each in told["rejected"]] == ["mixed-3", "mixed-4"]
        assert all("tenant_id: not that of the key that was given" in each["reason"] for each in told["rejected"]), path

    assert here.theirs() == before
    stored = {
        row.event_id: row
        for row in here.do(here.store.export(Stage.EVENTS, "", 10_000)).rows
        if row.tenant_id == "ours"
    }
    for event, project in zip(MIXED[:2], ("", "any"), strict=True):
        row = stored[event.event_id]
        assert (row.tenant_id, row.project_id, row.data) == ("ours", project, bytes(event)), "bytes as they came"
    kept = here.do(here.store.rejected(OURS, 1000)).items
    assert {(each.tenant_id, each.event_id) for each in kept if "mixed" in each.event_id} == {
        ("ours", "mixed-3"),
        ("ours", "mixed-4"),
    }


def test_a_key_of_a_project_fills_in_the_project(worlds: Worlds) -> None:
    here = worlds[0]
    request = client.IngestEventRequest(event=Event(event_id="filled-in"))
    path = "/chaukas.spec.client.v1.ChaukasClientService/IngestEvent"
    assert here.call("project", path, bytes(request))[0] == "OK"
    (row,) = [row for row in here.do(here.store.export(Stage.EVENTS, "", 10_000)).rows if row.event_id == "filled-in"]
    assert (row.tenant_id, row.project_id, row.data) == ("theirs", "public", bytes(Event(event_id="filled-in")))
