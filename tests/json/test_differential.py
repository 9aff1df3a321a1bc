"""Both directions against ``google.protobuf.json_format``, for every message of everything.proto and of the schema."""

from __future__ import annotations

import json
from typing import Any

import pytest
from google.protobuf import json_format
from google.protobuf.message import DecodeError as ReferenceDecodeError
from hypothesis import example, given, settings
from hypothesis import strategies as st

from chaukas_spec_lite import Event, JSONError
from chaukas_spec_lite.message.message import Message
from chaukas_spec_lite.spec.google.protobuf.any import Any as AnyOfOurs
from tests.generated import everything, schema
from tests.json.documents import documents
from tests.json.excuses import (
    only_ours_refuse,
    only_ours_refuse_to_write,
    only_theirs_refuse,
    parsed,
    read_otherwise,
)
from tests.oracle import CHAUKAS, canonical, reference
from tests.profiles import searched
from tests.reference import reference_pool
from tests.strategies import messages, reference_message

EVERYTHING = tuple(everything().values())
CLASSES = (*EVERYTHING, *CHAUKAS)
POOL = reference_pool(schema())
REFUSED = (json_format.Error, TypeError, ValueError, ReferenceDecodeError)

any_message = st.sampled_from(CLASSES).flatmap(messages)


def their_dict(message: Any, **options: bool) -> Any:
    """The reference's JSON, or the exception if there is none."""
    try:
        return json_format.MessageToDict(message, descriptor_pool=POOL, **options)
    except REFUSED as error:
        return error


def our_json(message: Message, **options: Any) -> str | JSONError:
    """Our JSON, or the error if there is none."""
    try:
        return message.to_json(registry=EVERYTHING, **options)
    except JSONError as error:
        return error


def same(a: Any, b: Any) -> bool:
    """Equal, with 1 apart from 1.0 and zero from minus zero."""
    return json.dumps(a, sort_keys=True) == json.dumps(b, sort_keys=True)


def without_nulls(document: Any) -> Any:
    """Leave out NullValues: with a number that has no name they are written as null too, which is read as zero."""
    if isinstance(document, list):
        return [without_nulls(each) for each in document]
    if not isinstance(document, dict):
        return document
    kept = {name: value for name, value in document.items() if value is not None or not name.endswith("ullValue")}
    return {name: without_nulls(value) for name, value in kept.items()}


@searched(2000)
@given(any_message, st.booleans(), st.booleans())
def test_what_we_write_is_what_the_reference_writes(message: Message, snake: bool, defaults: bool) -> None:
    from betterproto2 import Casing

    theirs = their_dict(
        reference_message(message, reference(type(message))()),
        preserving_proto_field_name=snake,
        always_print_fields_with_no_presence=defaults,
    )
    casing = Casing.SNAKE if snake else Casing.CAMEL
    text = our_json(message, casing=casing, include_default_values=defaults)
    if isinstance(text, JSONError):
        assert isinstance(theirs, Exception) or only_ours_refuse_to_write(text.message), text
        return
    assert not isinstance(theirs, Exception), theirs
    assert same(json.loads(text), theirs)
    assert same(message.to_dict(casing=casing, include_default_values=defaults, registry=EVERYTHING), theirs)


@searched(2000)
@given(any_message)
def test_what_we_write_is_read_by_both(message: Message) -> None:
    cls = type(message)
    text = our_json(message)
    if isinstance(text, JSONError):
        return
    back = cls.from_json(text, registry=EVERYTHING)
    assert same(without_nulls(back.to_dict(registry=EVERYTHING)), without_nulls(json.loads(text)))
    assert back == cls.from_dict(json.loads(text), registry=EVERYTHING)
    if not only_theirs_refuse(cls, json.loads(text), ignoring=False):
        theirs = json_format.Parse(text, reference(cls)(), descriptor_pool=POOL)
        assert canonical(reference(cls).FromString(bytes(back)), POOL) == canonical(theirs, POOL)


@searched(2000)
@given(st.sampled_from(EVERYTHING).flatmap(messages))
def test_an_any_may_hold_any_registered_message(content: Message) -> None:
    cls = everything()["WellKnown"]
    message = cls(any=AnyOfOurs().pack(content))
    theirs = their_dict(reference(cls).FromString(bytes(message)))
    text = our_json(message)
    if isinstance(text, JSONError):
        assert isinstance(theirs, Exception) or only_ours_refuse_to_write(text.message), text
        return
    assert not isinstance(theirs, Exception), theirs
    assert same(json.loads(text), theirs)
    back = cls.from_json(text, registry=EVERYTHING)
    returned = back.any.unpack(type(content)).to_dict(registry=EVERYTHING)
    assert same(without_nulls(returned), without_nulls(content.to_dict(registry=EVERYTHING)))


def compare_reading(cls: type[Message], document: Any, ignoring: bool) -> None:
    text = json.dumps(document)
    try:
        theirs = json_format.Parse(text, reference(cls)(), ignore_unknown_fields=ignoring, descriptor_pool=POOL)
    except json_format.ParseError:
        theirs = None
    try:
        ours: Any = cls.from_json(text, ignore_unknown_fields=ignoring, registry=EVERYTHING)
    except JSONError as error:
        ours = error
    if isinstance(ours, JSONError):
        assert ours.line == 1
        assert ours.path.startswith("$")
        assert theirs is None or only_ours_refuse(parsed(text), ours.path, ours.message), (text, ours)
        return
    encoded = bytes(ours)
    if theirs is None:
        assert only_theirs_refuse(cls, parsed(text), ignoring=ignoring), text
    elif not read_otherwise(cls, parsed(text), ignoring=ignoring):
        assert canonical(reference(cls).FromString(encoded), POOL) == canonical(theirs, POOL), text


@searched(3000)
@given(st.sampled_from(EVERYTHING).flatmap(lambda cls: st.tuples(st.just(cls), documents(cls))), st.booleans())
@example((next(each for each in EVERYTHING if each.__name__ == "Repeated"), {"floatValue": [10**40]}), False)
def test_what_we_read_is_what_the_reference_reads(case: tuple[type[Message], Any], ignoring: bool) -> None:
    compare_reading(*case, ignoring)


@searched(2000)
@given(documents(Event), st.booleans())
def test_an_event_is_what_the_reference_reads(document: Any, ignoring: bool) -> None:
    compare_reading(Event, document, ignoring)


@searched(2000)
@given(st.sampled_from(CHAUKAS).flatmap(lambda cls: st.tuples(st.just(cls), documents(cls))), st.booleans())
def test_the_schemas_other_messages_are_what_the_reference_reads(
    case: tuple[type[Message], Any], ignoring: bool
) -> None:
    compare_reading(*case, ignoring)


@pytest.mark.parametrize("cls", [everything()["WellKnown"], everything()["Singular"], Event])
def test_the_documents_are_of_both_kinds(cls: type[Message]) -> None:
    """The strategy above is of use only if it makes much that is read and much that is refused."""
    verdicts = {True: 0, False: 0}

    @settings(max_examples=300, database=None)
    @given(documents(cls))
    def count(document: Any) -> None:
        try:
            cls.from_dict(document, registry=EVERYTHING)
            verdicts[bool(document)] += 1
        except JSONError:
            verdicts[False] += 1

    count()
    assert verdicts[True] > 40
    assert verdicts[False] > 40
