"""The document that the HTTP door serves, and that the door does what it says.

The requests are made from the document by schemathesis, for which ``-m openapi`` has to be said.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chaukas_spec_lite import Event
from chaukas_spec_lite.audit.keys import SigningKey
from chaukas_spec_lite.collector.audit_log import LogSigning
from chaukas_spec_lite.collector.callers import ANYONE
from chaukas_spec_lite.collector.doors import openapi
from chaukas_spec_lite.collector.doors.http_app import Door
from chaukas_spec_lite.collector.doors.http_turns import Turns
from chaukas_spec_lite.collector.doors.platform_json import KINDS
from chaukas_spec_lite.collector.log_signer import LogSigner
from chaukas_spec_lite.collector.page.routes import VIEWS
from chaukas_spec_lite.spec.client.v1.client import IngestEventBatchRequest, IngestEventRequest, QueryEventsRequest
from chaukas_spec_lite.wire.fields import fields_of
from tests.collector.doors.http_serving import served_in_a_thread
from tests.patience import HANG
from tests.profiles import examples
from tests.strategies import messages

DOCUMENT = openapi.document()


def test_the_document_has_every_route_and_no_other() -> None:
    from starlette.routing import Route

    application = Door(None, None, None, False, None, None, Turns()).application()  # type: ignore[arg-type]  # it makes no request
    routes = {
        (route.path.replace(":path}", "}"), method.lower())
        for route in application.routes
        # The page is for browsers: its files and addresses are no calls.
        if isinstance(route, Route) and route.path not in VIEWS and not route.path.startswith("/page/")
        for method in route.methods or ()
        if method != "HEAD"
    }
    assert routes == {(path, method) for path, calls in DOCUMENT["paths"].items() for method in calls}


def test_the_document_is_json_and_its_references_lead_somewhere() -> None:
    text = json.dumps(DOCUMENT, allow_nan=False)
    names = set(DOCUMENT["components"]["schemas"])
    referred = {part.partition('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert referred | {"EventBatch", "QueryRequest"} == names
    operations = [call["operationId"] for calls in DOCUMENT["paths"].values() for call in calls.values()]
    assert len(operations) == len(set(operations))


def test_the_schema_of_events_has_all_of_their_fields() -> None:
    properties = DOCUMENT["components"]["schemas"]["Event"]["properties"]
    assert {*properties} == {field.proto_name for field in fields_of(Event) if not field.oneof} | {"content"}
    content, nothing = properties["content"]["anyOf"]
    assert nothing == {"type": "null"}
    kinds = [each["properties"]["kind"]["const"] for each in content["oneOf"]]
    assert kinds == [*KINDS]


# What needs schemathesis


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A door in a thread of its own: schemathesis waits for each answer."""

    # With somebody who says who calls, as where there are keys: requests come under any name of the host, too.
    async def authenticate(*_: object) -> object:
        return ANYONE

    signing = LogSigning(LogSigner((SigningKey("log", bytes(32)),)))
    with served_in_a_thread(authenticate=authenticate, signing=signing) as address:
        yield address


@pytest.mark.openapi
@pytest.mark.parametrize("path", DOCUMENT["paths"])
def test_the_door_does_what_the_document_says(path: str, url: str) -> None:
    import schemathesis
    from schemathesis.checks import load_all_checks
    from schemathesis.specs.openapi import checks

    load_all_checks()
    # Any bytes at all, and messages that are whole.
    encoded = st.binary() | st.one_of(
        messages(cls).map(bytes) for cls in (IngestEventBatchRequest, IngestEventRequest, QueryEventsRequest)
    )
    schemathesis.openapi.media_type("application/x-protobuf", encoded)
    schema = schemathesis.openapi.from_dict(DOCUMENT)
    (method,) = DOCUMENT["paths"][path]

    # A call without a body has no wrong form.
    modes = schemathesis.GenerationMode if method == "post" else [schemathesis.GenerationMode.POSITIVE]

    for mode in modes:

        @settings(max_examples=examples(1000))
        @given(schema[path][method.upper()].as_strategy(generation_mode=mode))
        def check(case: schemathesis.Case) -> None:
            excluded = {checks.positive_data_acceptance, checks.negative_data_rejection}
            # Which messages are whole the document says of the platform's JSON alone.
            if case.media_type in (None, "application/json"):
                excluded = set()
            # No schema says which tokens there have been.
            given = {**(case.body if isinstance(case.body, dict) else {}), **(case.query or {})}
            if given.get("page_token") or given.get("cursor"):
                excluded.add(checks.positive_data_acceptance)
            # Nor that one number is to be no more than another.
            if path == "/audit/consistency":
                excluded.add(checks.positive_data_acceptance)
            # A batch is taken whatever its events are.
            if path.endswith("/batch"):
                excluded.add(checks.negative_data_rejection)
            case.call_and_validate(base_url=url, excluded_checks=[*excluded], timeout=HANG)

        check()
