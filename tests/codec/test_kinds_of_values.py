"""Every kind of value in every kind of field: refused or accepted as by the reference, and written as by it.

What differs is deliberate, and stands in ``DIFFERENCES`` and, for users, in docs/guides/messages.md.
"""

from __future__ import annotations

import base64
import dataclasses
import datetime as dt
import json
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import google.protobuf.json_format
import pytest

from chaukas_spec_lite.errors import EncodeError
from chaukas_spec_lite.wire.fields import DURATION, LIST, STRUCT, TIMESTAMP, VALUE, WRAPPERS, FieldData, fields_of
from tests.codec.kinds_of_values import CLASSES, KINDS
from tests.extras import needed
from tests.oracle import canonical, reference

HOLDERS = (
    *["Singular", "Optional", "OneOf", "Repeated", "Maps", "Keys"],
    *["WellKnown", "WellKnownRepeated", "WellKnownMaps", "WellKnownOneOf"],
)
FIELDS = [(holder, field) for holder in HOLDERS for field in fields_of(CLASSES[holder])]
OWN = {"WireDatetime", "WireTimedelta", "our message"}
"""Kinds that the reference cannot know; other tests hold what they mean."""


class Difference(NamedTuple):
    """What is refused or accepted only here."""

    what: str
    """The row of the guide, or what is accepted only here, which needs no row."""
    fields: tuple[str, ...]
    """The kinds of fields: scalar types, full names of well-known types, ``message``, ``part``, ``key string``."""
    kinds: tuple[str, ...]
    refused: bool = True


MESSAGES = ("message", "part", TIMESTAMP, DURATION)
BYTES = ("bytes", "no bytes", "a subclass of bytes", "numpy.bytes_")
DIFFERENCES = (
    Difference("a `datetime` without a time zone", (TIMESTAMP,), ("naive datetime", "naive pandas.Timestamp")),
    Difference("`bytes` for a string, or for a key", ("string", "key string"), BYTES),
    Difference("`bytes` for a string, or for a key", (STRUCT, VALUE), ("dict with bytes keys",)),
    Difference("a `dict` for a message", MESSAGES, ("no dict",)),
    Difference("a message of the official package", ("part",), ("official part",)),
    Difference("a message of the official package", (VALUE,), ("official Struct", "official ListValue")),
    Difference(
        "text, `bytes` or a mapping for a `ListValue`",
        (LIST,),
        (
            *["str", "no text", "str of a number", "str not ASCII", "a name of the enum", "no name of the enum"],
            *["a subclass of str", "a str enum", "numpy.str_"],
            *[*BYTES, "bytes that are no UTF-8", "bytearray", "memoryview"],
            *[
                "dict",
                "no dict",
                "dict in a dict",
                "dict with int keys",
                "dict with a None key",
                "dict with a bool key",
            ],
            *["dict with a subclass of str as key", "a subclass of dict", "OrderedDict", "defaultdict", "Counter"],
            *["MappingProxyType", "UserDict", "ChainMap", "own Mapping", "official Struct"],
        ),
    ),
    Difference("a member of another enum, as an `IntEnum`, for an enum", ("enum",), ("IntEnum", "IntFlag")),
    Difference(
        "an iterator for a `ListValue`, such as a generator",
        (LIST,),
        ("generator", "iterator", "map object", "zip object"),
    ),
    Difference(
        "a numpy array without dimensions for a number",
        ("double", "float", "bool"),
        ("numpy array of no dimension",),
        refused=False,
    ),
)


def sort_of(field: FieldData) -> str:
    """What a difference calls the field's kind."""
    return field.proto_name if field.proto_name == "part" else WRAPPERS.get(field.kind, field.kind)


def theirs(holder: str, field: FieldData, value: Any) -> bytes:
    """What the reference writes: the value stands alone, in a list, or under a key of a map."""
    message = reference(CLASSES[holder])()
    # None is "not set", or wrong in a list; but in a Value it is null.
    if field.kind in (STRUCT, LIST, TIMESTAMP, DURATION, *WRAPPERS, VALUE) and (
        value is not None or field.kind == VALUE
    ):
        # Only a field that is no part of a list or a map takes plain values of these types, and not of all.
        made = well_known(field, value)
        if field.label == "repeated":
            getattr(message, field.proto_name).add().CopyFrom(made)
        elif field.label == "map":
            getattr(message, field.proto_name)["k" if field.key == "string" else 1].CopyFrom(made)
        else:
            getattr(message, field.proto_name).CopyFrom(made)
        return canonical(message)
    return canonical(reference(CLASSES[holder])(**{field.proto_name: placed(field, value)}))


def well_known(field: FieldData, value: Any) -> Any:
    """The reference's message of a well-known type that holds a value."""
    name = field.proto_name.removeprefix("optional_")
    message = reference(CLASSES["WellKnown"])()
    if field.kind == VALUE:
        message.list.extend([value])
        return message.list.values[0]
    if field.kind == LIST:
        message.list.extend(value)
        message.list.SetInParent()
    elif field.kind in WRAPPERS:
        getattr(message, name).value = value
    else:
        message = reference(CLASSES["WellKnown"])(**{name: value})
    return getattr(message, name)


def ours(holder: str, field: FieldData, value: Any) -> bytes:
    """What we write, in the reference's order."""
    data = bytes(CLASSES[holder](**{field.name: placed(field, value)}))
    return canonical(reference(CLASSES[holder]).FromString(data))


def placed(field: FieldData, value: Any) -> Any:
    if field.label == "map":
        if field.proto_name.endswith("_key"):
            return {value: True if field.kind == "bool" else "v" if field.kind == "string" else 1}
        return {"k" if field.key == "string" else 1: value}
    return [value] if field.label == "repeated" else value


def found(holder: str, field: FieldData) -> Iterator[tuple[str, str]]:
    """The kinds of values at which we differ, and how."""
    for kind, make in KINDS.items():
        if kind in OWN or not usable(field, kind, make()):
            continue
        # Any error of theirs is a refusal; numpy and pandas add a few of their own.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                expected: bytes | None = theirs(holder, field, make())
            except Exception:
                expected = None
            try:
                got: bytes | None = ours(holder, field, make())
            except EncodeError as error:
                assert field.proto_name in error.path  # noqa: PT017  # one of thousands of cases in a loop
                got = None
        if expected != got:
            yield kind, "refused" if got is None else "accepted" if expected is None else "written otherwise"


def usable(field: FieldData, kind: str, value: Any) -> bool:
    """Whether a comparison makes sense."""
    if field.label == "map" and field.proto_name.endswith("_key"):
        try:
            hash(value)
        except TypeError:
            return False
    # Here the reference ends the process with a segmentation fault.
    if sort_of(field) == "bool" or field.key == "bool":
        return not kind.startswith("official")
    return value is not None or field.label in ("repeated", "map") or field.kind not in (VALUE, *WRAPPERS)


def expected(field: FieldData, differences: Iterable[Difference]) -> dict[str, str]:
    sort = f"key {field.key}" if field.proto_name.endswith("_key") else sort_of(field)
    return {
        kind: "refused" if one.refused else "accepted"
        for one in differences
        if sort in one.fields
        for kind in one.kinds
        if kind in KINDS
    }


@pytest.mark.parametrize(("holder", "field"), FIELDS, ids=[f"{holder}.{field.proto_name}" for holder, field in FIELDS])
def test_the_table_holds_all_differences(holder: str, field: FieldData) -> None:
    assert dict(found(holder, field)) == expected(field, DIFFERENCES)


NAMES = {
    "base64": base64,
    "dataclasses": dataclasses,
    "google": google,
    "timezone": dt.timezone,
    "datetime": dt.datetime,
}
NAMES |= {"json": json, "time": dt.time, "timedelta": dt.timedelta}


def test_what_errors_say_to_write_is_right() -> None:
    """In a Struct; elsewhere it need not be right for every value: ``fromisoformat`` refuses most text."""
    wrong: dict[str, str] = {}
    for kind, make in KINDS.items():
        value = make()
        try:
            bytes(CLASSES["WellKnown"](struct={"k": value}))
        except EncodeError as error:
            way = error.message.partition("; use ")[2].partition(" for text")[0].partition(", ")[0].partition(" or ")[0]
            if not way or way == "None":
                continue
            if "numpy" not in kind and ("dict" in kind or kind.startswith("official")):
                continue  # what it holds is refused in turn
            try:
                made = eval(way, dict(NAMES), {"value": make()})
                bytes(CLASSES["WellKnown"](struct={"k": made}))
            except Exception as again:
                wrong[kind] = f"{way}: {again!r}"
    assert wrong.keys() <= NOT_ALWAYS, wrong


NOT_ALWAYS = {"Decimal sNaN", "a huge Fraction", "bytes that are no UTF-8"}
"""Values that hold nothing of what their type is usually good for."""


def test_the_guide_says_what_is_refused_only_here() -> None:
    guide = Path(__file__).parents[2].joinpath("docs/guides/messages.md").read_text()
    rows = [line.partition(" | ")[0] for line in guide.splitlines() if line.startswith("| ")]
    assert {one.what for one in DIFFERENCES if one.refused} <= {row.removeprefix("| ") for row in rows}


@pytest.mark.parametrize("package", ["numpy", "pandas", "pydantic"])
def test_values_of_other_packages_take_part(package: str) -> None:
    needed(package)
    assert any(kind.startswith((package, f"no {package}")) for kind in KINDS)


@pytest.mark.parametrize("holder", ["Repeated", "Maps", "Keys"])
def test_whole_lists_and_maps(holder: str) -> None:
    """What stands for the list or the map itself; text for a list is held by the tests of constructors."""
    for field in fields_of(CLASSES[holder]):
        differing: set[str] = set()
        for kind, make in KINDS.items():
            if "bool" in field.proto_name and kind.startswith(("official", "pandas.DataFrame")):
                continue  # here the reference ends the process with a segmentation fault
            if field.label == "repeated" and isinstance(make(), (str, bytes, bytearray, memoryview)):
                continue
            try:
                expected: bytes | None = canonical(reference(CLASSES[holder])(**{field.proto_name: make()}))
            except Exception:  # any error of theirs is a refusal
                expected = None
            try:
                got: bytes | None = bytes(CLASSES[holder](**{field.name: make()}))
                got = canonical(reference(CLASSES[holder]).FromString(got))
            except (
                EncodeError,
                TypeError,
                ValueError,
                LookupError,
            ):  # the constructor's list() and dict() raise theirs
                got = None
            if got != expected:
                differing.add(kind)
        # Pairs in a tuple are pairs as well; bytes are no text; a flag holds members of another enum.
        assert differing <= {"tuple of pairs", "dict with bytes keys", "IntFlag"}, (field.proto_name, differing)
