"""Whatever a value is or does, in whatever field: encoding ends with bytes that the official package reads."""

from __future__ import annotations

import collections
import copy
import dataclasses
import datetime as dt
import decimal
import math
import uuid
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaukas_spec_lite import ErrorInfo, Event, LLMInvocation, MessageContent, ToolResponse
from chaukas_spec_lite.errors import EncodeError
from chaukas_spec_lite.lenient import Limits, encode, encoding
from chaukas_spec_lite.message.message import Message
from chaukas_spec_lite.wire.fields import LIST, STRUCT, VALUE, FieldData, fields_of
from tests import realdata
from tests.codec.kinds_of_values import CLASSES, KINDS
from tests.codec.test_hostile_values import ERRORS, Grows, raising
from tests.codec.test_kinds_of_values import FIELDS, placed
from tests.extras import needed
from tests.oracle import canonical, reference
from tests.profiles import searched
from tests.strategies import messages


def check(message: Message, default: Callable[[Any], Any] | None = None, limits: Limits | None = None) -> bytes:
    """Encode leniently; the official package has to read it, and strictly it has to be the same if nothing was told."""
    try:
        with warnings.catch_warnings():  # of numpy and pandas, about what is compared with them
            warnings.simplefilter("ignore")
            strict: bytes | None = bytes(message)
    except EncodeError:
        strict = None
    encoded = encode(message, default, limits or Limits())
    official = reference(type(message)).FromString(encoded.data)
    again = type(message).parse(encoded.data)
    assert canonical(reference(type(message)).FromString(bytes(again))) == canonical(official)
    if strict is None:
        assert encoded.conversions
    elif not encoded.conversions:
        assert encoded.data == strict
    # Each value is made such that it can be encoded; leaving out what cannot be after all would hide a mistake.
    assert not any("as encoding it raised" in told.what for told in encoded.conversions if "derived" not in told.what)
    name = type(message).__name__
    assert all(told.path == name or told.path.startswith(f"{name}.") for told in encoded.conversions)
    assert all(text.isprintable() and len(text) <= 503 for told in encoded.conversions for text in told[:2])
    return encoded.data


@pytest.mark.parametrize(("holder", "field"), FIELDS, ids=[f"{holder}.{field.proto_name}" for holder, field in FIELDS])
def test_every_kind_of_value_in_every_kind_of_field(holder: str, field: FieldData) -> None:
    for make in KINDS.values():
        message = CLASSES[holder]()
        for value in (make, lambda make=make: placed(field, make())):
            try:
                setattr(message, field.name, value())
            except TypeError:
                continue  # it cannot be a key
            check(message)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_value_in_an_event(kind: str) -> None:
    event = Event(event_id="kept", metadata={"first": 1, "odd": KINDS[kind](), "last": [KINDS[kind]()]})
    read = Event.parse(check(event))
    assert read.event_id == "kept"
    assert list(read.metadata) == ["first", "odd", "last"]
    assert len(read.metadata["last"]) == 1


@pytest.mark.parametrize("error", ERRORS)
def test_whatever_a_value_raises(error: str) -> None:
    for holder, field in FIELDS:
        for make in raising(ERRORS[error]).values():
            try:
                value = placed(field, make())
            except Exception:  # it cannot be a key
                continue
            message = CLASSES[holder]()
            setattr(message, field.name, value)
            check(message)


@pytest.mark.parametrize("kind", raising(KeyError))
def test_a_hostile_value_costs_nothing_but_itself(kind: str) -> None:
    event = Event(event_id="kept", metadata={"first": 1, "odd": raising(KeyError)[kind](), "last": 2})
    read = Event.parse(check(event))
    assert (read.event_id, read.metadata["first"], read.metadata["last"]) == ("kept", 1, 2)


def test_what_values_hold_is_read_by_their_base_class_where_their_own_methods_fail() -> None:
    hostile = raising(KeyError)
    event = Event(metadata={name: hostile[name]() for name in ("dict", "list", "str", "int", "float")})
    read = Event.parse(check(event)).metadata
    assert read == {"dict": {"a": 1}, "list": [1], "str": "é", "int": 5, "float": 1.5}


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, MemoryError, GeneratorExit])
def test_what_ends_a_program_passes_through(error: type[BaseException]) -> None:
    for kind in ("asked", "dict", "list", "__class__"):
        with pytest.raises(error):
            encode(Event(metadata={"a": 1j, "b": raising(error)[kind]()}))


def _fail(*_: Any) -> Any:
    raise KeyError("x")


class Meta(type):
    __name__ = property(_fail)  # type: ignore[assignment]  # a liar
    __mro__ = property(_fail)  # type: ignore[assignment]  # the same
    __getattribute__ = __repr__ = __hash__ = __eq__ = __subclasscheck__ = _fail  # type: ignore[assignment]


class OfMeta(metaclass=Meta):
    pass


class Liar:
    def __init__(self, cls: Any) -> None:
        self.cls = cls

    @property
    def __class__(self) -> Any:  # type: ignore[override]  # a lie
        return self.cls


class Error(Exception):
    __str__ = __repr__ = _fail
    __traceback__ = __cause__ = property(_fail)  # type: ignore[assignment]  # a liar


class Key:
    __eq__ = __repr__ = __str__ = __lt__ = _fail

    def __hash__(self) -> int:
        return 1


class NoPairs(collections.UserDict[str, int]):
    def items(self) -> Any:
        return [1, 2]


class NoText:
    def __repr__(self) -> Any:
        return 5


def _named(name: str) -> Any:
    return type(name, (), {})()


def _caused_by_itself() -> BaseException:
    one, other = ValueError("a"), KeyError("b")
    one.__cause__, other.__cause__ = other, one
    return one


def _released() -> Any:
    view = memoryview(b"1")
    view.release()
    return view


class Same(list[Any]):
    def __iter__(self) -> Iterator[Any]:
        return iter([Same([1])])


LIARS: dict[str, Callable[[], Any]] = {
    "an object of a metaclass that fails": OfMeta,
    "a class of a metaclass that fails": lambda: OfMeta,
    **{f"says that it is {cls!r}": lambda cls=cls: Liar(cls) for cls in (str, dict, int, Event, 5)},  # type: ignore[misc]
    "exception": Error,
    "keys": lambda: {Key(): 1},
    "set": lambda: {Key()},
    "no pairs": NoPairs,
    "no text": NoText,
    "a long name": lambda: _named("a\u200b\n" * 1000),
    "exceptions in a circle": _caused_by_itself,
    "a released memoryview": _released,
    "a list of itself": lambda: Same([1]),
    "a generic alias": lambda: list[int],
}


@pytest.mark.parametrize("liar", LIARS)
def test_classes_that_lie(liar: str) -> None:
    for holder, field in [each for each in FIELDS if each[0] in ("Singular", "Repeated", "Maps", "WellKnown")]:
        for wrap in (lambda value: value, lambda value: [value], lambda value: {"k": value}, lambda value: {value: 1}):
            message = CLASSES[holder]()
            try:
                setattr(message, field.name, wrap(LIARS[liar]()))
            except (TypeError, KeyError, ValueError):
                continue  # it cannot be a key
            check(message)


class Endless:
    """Has a length, and items without end."""

    def __len__(self) -> int:
        return 1

    def __iter__(self) -> Iterator[int]:
        n = 0
        while True:
            yield n
            n += 1


class EndlessMapping(collections.UserDict[str, int]):
    def items(self) -> Any:
        return ((str(n), n) for n in Endless())


class Nests:
    """Holds another of its kind, without end."""

    def __iter__(self) -> Iterator[Any]:
        yield Nests()
        yield Nests()

    def __len__(self) -> int:
        return 2


@dataclasses.dataclass
class NestsAsAttribute:
    @property
    def inner(self) -> Any:
        return type(self)()


NestsAsAttribute.__dataclass_fields__ = {"inner": None}  # type: ignore[assignment,dict-item]  # a lie


class ListOfItself:
    shape = ()
    dtype = "any"

    def tolist(self) -> Any:
        return ListOfItself()


class Breaks:
    """Raises after two items."""

    def __iter__(self) -> Iterator[int]:
        yield 1
        yield 2
        raise KeyError("x")

    def __len__(self) -> int:
        raise KeyError("x")


@pytest.mark.parametrize("make", [Endless, EndlessMapping, Nests, NestsAsAttribute, ListOfItself, Grows])
def test_what_has_no_end_is_cut(make: type[Any]) -> None:
    limits = Limits(values=1000)
    read = Event.parse(check(Event(metadata={"odd": make(), "n": 1j}), limits=limits)).metadata
    assert read["n"] == "1j"
    assert len(repr(read)) < 100_000
    # Assigned, because constructors make lists of what they are given.
    event = Event(llm_invocation=LLMInvocation(prompt_tokens=make()))
    event.tags = make()
    check(event, limits=limits)


def test_what_can_be_read_of_an_iterable_that_breaks_is_kept() -> None:
    assert Event.parse(check(Event(metadata={"odd": Breaks()}))).metadata == {
        "odd": [1, 2, "[cannot be read further: KeyError]"]
    }


def test_values_that_share_their_parts_take_no_exponential_time() -> None:
    value: Any = {1: 1}
    for _ in range(14):
        value = {"a": value, "b": value}
    encoded = encode(Event(metadata=value), limits=Limits(values=5000, event_bytes=100_000))
    assert len(encoded.data) <= 100_000


def test_a_stack_that_is_nearly_full() -> None:
    event = Event(event_id="kept", metadata={"a": {"b": [uuid.UUID(int=0)]}}, message=MessageContent(text="t"))

    def down(left: int) -> bytes | None:
        if left:
            return down(left - 1)
        return encode(event).data

    encode(event)
    whole, seen = encode(event).data, set()
    for levels in range(700, 1000):
        try:
            data = down(levels)
        except RecursionError:
            continue
        assert data is not None
        seen.add(data == whole)
        assert reference(Event).FromString(data).event_id == "kept"
    assert True in seen


@dataclasses.dataclass
class Part:
    a: Any
    b: Any = None


NESTS: dict[str, Callable[[Any], Any]] = {
    "list": lambda inner: [inner],
    "dict": lambda inner: {"d": inner},
    "both": lambda inner: [{"d": inner}],
    "deque": lambda inner: collections.deque([inner]),
    "Mapping": lambda inner: collections.UserDict(d=inner),
    "dataclass": Part,
}


@pytest.mark.parametrize("nest", NESTS)
@pytest.mark.parametrize(("holder", "field"), FIELDS, ids=[f"{holder}.{field.proto_name}" for holder, field in FIELDS])
def test_of_what_is_nested_too_deep_only_the_innermost_is_lost(holder: str, field: FieldData, nest: str) -> None:
    """In a field that holds plain values, also where it is wrapped first; others have their own words for a list."""
    for levels in (*range(28, 52), 500):
        value: Any = NESTS[nest](uuid.UUID(int=0))
        for _ in range(levels):
            value = NESTS[nest](value)
        message = CLASSES[holder]()
        try:
            setattr(message, field.name, placed(field, value))
        except TypeError:
            continue  # it cannot be a key
        check(message)
        if field.kind in (STRUCT, LIST, VALUE):
            encoded = encode(message)
            assert not any("left out" in told.what for told in encoded.conversions), encoded.conversions
            kept = repr(CLASSES[holder].parse(encoded.data))
            assert ("[nested too deep: " in kept) != (str(uuid.UUID(int=0)) in kept)
            assert kept.count("[") + kept.count("{") > 26


class Raises:
    def __init__(self, error: type[Exception]) -> None:
        self.error = error

    def _raise(self, *_: Any) -> Any:
        raise self.error

    __repr__ = __len__ = __iter__ = __bool__ = __eq__ = __str__ = __index__ = __float__ = _raise  # type: ignore[assignment]
    __hash__ = object.__hash__


def _tied(values: list[Any]) -> list[Any]:
    """Put a list into itself."""
    values.append(values)
    return values


_leaves = st.one_of(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()) | st.binary(),
    st.uuids() | st.decimals() | st.datetimes() | st.dates() | st.timedeltas() | st.complex_numbers(),
    st.sampled_from([2**53, 2**53 + 1, 10**400, math.nan, math.inf, "a\ud800", ..., int, len, object()]),
    st.builds(Raises, st.sampled_from([KeyError, ValueError, RecursionError, RuntimeError, AttributeError])),
)
_keys = st.one_of(
    st.text(), st.integers(), st.none(), st.booleans(), st.binary(), st.uuids(), st.sampled_from(["1", 1])
)
ODD = st.recursive(
    _leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(_keys, inner, max_size=4),
        st.builds(Part, inner, inner),
        st.lists(inner, max_size=3).map(tuple),
        st.lists(inner, max_size=3).map(collections.deque),
        st.lists(inner, max_size=3).map(iter),
        st.dictionaries(_keys, inner, max_size=3).map(collections.UserDict),
        st.lists(inner, min_size=1, max_size=3).map(_tied),
    ),
    max_leaves=12,
)


@searched(1000)
@given(st.data(), st.sampled_from([Event, MessageContent, ErrorInfo, ToolResponse, LLMInvocation]))
def test_odd_values_anywhere(data: st.DataObject, cls: type[Message]) -> None:
    message = cls()
    for field in data.draw(st.lists(st.sampled_from(fields_of(cls)), max_size=5)):
        setattr(message, field.name, data.draw(ODD))
    check(message, data.draw(st.sampled_from([None, repr, lambda value: {"odd": value}, lambda value: 1 / 0])))


@searched(1000)
@given(st.data(), st.sampled_from(sorted(CLASSES)))
def test_what_is_not_odd_stays_as_it_is(data: st.DataObject, name: str) -> None:
    """Also what only the wire can bring: carriers of unknown fields, nanoseconds, values of no kind."""
    message = data.draw(messages(CLASSES[name]))
    check(message)
    # As if the strict encoder had failed elsewhere.
    encoded = encoding.encode(message, EncodeError("x"), None, Limits())
    if [told.what for told in encoded.conversions] == [
        "the event was encoded twice, as EncodeError was raised the first time"
    ]:
        assert encoded.data == bytes(message)
    else:
        assert all("JSON" in told.what or "2**53" in told.what for told in encoded.conversions)


def test_real_events_are_what_they_were() -> None:
    for data in realdata.events():
        event = Event.parse(data)
        assert encode(event) == (bytes(event), [])
        odd = copy.copy(event)
        odd.agent_name = dt.date(2026, 1, 2)  # type: ignore[assignment]  # wrong on purpose
        encoded = encode(odd)
        odd.agent_name = "2026-01-02"
        assert encoded.data == bytes(odd)
        assert len(encoded.conversions) == 1


@pytest.mark.parametrize("package", ["numpy", "pandas", "pydantic"])
def test_values_of_other_packages_take_part(package: str) -> None:
    needed(package)
    assert any(kind.startswith((package, f"no {package}")) for kind in KINDS)


def test_decimals_keep_their_digits() -> None:
    number = decimal.Decimal("0.1234567890123456789")
    assert Event.parse(check(Event(metadata={"n": number}))).metadata == {"n": str(number)}
