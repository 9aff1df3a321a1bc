"""Subclasses of messages, messages that contain themselves, and attributes that were deleted or hold odd objects."""

from __future__ import annotations

import copy
import dataclasses
import functools
import io
import pickle
from collections.abc import Callable
from typing import Any, Protocol

import pytest

from chaukas_spec_lite import EncodeError, Event, JSONError, MessageContent

UNKNOWN = b"\xc0\x3e\x01"


@dataclasses.dataclass
class WithField(Event):
    extra: float = 0.0
    more: list[int] = dataclasses.field(default_factory=list)


@dataclasses.dataclass(slots=True)
class WithSlots(Event):
    extra: float = 0.0
    more: list[int] = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class WithPostInit(Event):
    extra: float = 0.0
    more: list[int] = dataclasses.field(default_factory=list, kw_only=True)

    def __post_init__(self) -> None:
        self.more.append(1)


DATACLASSES = [WithField, WithSlots, WithPostInit]


class OwnConstructor(Event):
    def __init__(self, extra: str) -> None:
        super().__init__(event_id="e1")
        self.extra = extra


@pytest.mark.parametrize("cls", DATACLASSES)
def test_a_dataclass_derived_from_a_message(cls: Any) -> None:
    made = cls(event_id="e1", extra=1.5)
    assert bytes(made) == bytes(Event(event_id="e1"))
    assert made == cls(event_id="e1", extra=1.5)
    assert made != cls(event_id="e1", extra=2.5)
    assert cls(extra=float("nan")) == cls(extra=float("nan"))
    assert repr(made).startswith(f"{cls.__name__}(event_id='e1', extra=1.5, more=[")
    read = cls.parse(bytes(made) + UNKNOWN)
    assert (type(read), read.event_id, read._unknown_fields) == (cls, "e1", UNKNOWN)
    assert dataclasses.replace(read, extra=2.5).extra == 2.5
    assert dataclasses.replace(read, extra=2.5)._unknown_fields == UNKNOWN


@pytest.mark.parametrize("cls", DATACLASSES)
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_copies_of_a_derived_dataclass_have_its_fields(cls: Any, protocol: int) -> None:
    made = cls.parse(bytes(Event(event_id="e1")) + UNKNOWN)
    made.extra, made.more = 1.5, [1, 2]
    deep, shallow, again = copy.deepcopy(made), copy.copy(made), pickle.loads(pickle.dumps(made, protocol))
    for copied in (deep, shallow, again):
        assert type(copied) is cls
        assert copied == made
        assert (copied.extra, copied.more, copied._unknown_fields) == (1.5, [1, 2], UNKNOWN)
    assert shallow.more is made.more
    assert deep.more is not made.more


def test_a_deep_copy_notes_only_what_lives_on() -> None:
    # The id of an object that is gone is soon another's, which would then get the copy of the first.
    made = SetsFields()
    made.__dict__["more"] = [1]
    memo: dict[int, Any] = {}
    copied = copy.deepcopy(made, memo)
    assert copied.__dict__ == made.__dict__
    lists = (made.tags, made.pii_categories, made.extensions, made.__dict__["more"])
    assert memo.keys() - {id(memo)} == {id(made), *map(id, lists)}  # under its own id it keeps what was copied alive


def test_copies_of_a_class_with_its_own_constructor() -> None:
    made = OwnConstructor("x")
    for copied in (copy.copy(made), copy.deepcopy(made), pickle.loads(pickle.dumps(made))):
        assert type(copied) is OwnConstructor
        assert (copied.event_id, copied.extra) == ("e1", "x")
        assert copied == made


class SetsFields(Event):
    def __init__(self) -> None:
        super().__init__(event_id="e1", tags=["own"])
        self.extra = 1


@pytest.mark.parametrize("cls", [*DATACLASSES, SetsFields])
def test_decoding_a_derived_class_gives_what_was_encoded(cls: Any) -> None:
    # Whatever its constructor sets of the fields, which decoding again and again would otherwise pile up.
    data = bytes(Event(tags=["a"])) + UNKNOWN
    for read in (cls.parse(data), cls.from_dict({"tags": ["a"]})):
        assert type(read) is cls
        assert (read.event_id, read.tags) == ("", ["a"])
        assert hasattr(read, "extra")
    assert bytes(cls.parse(data)) == data
    assert cls.parse(bytes(cls.parse(data))) == cls.parse(data)


@pytest.mark.parametrize("cls", DATACLASSES)
def test_loading_leaves_the_fields_that_are_a_users_own(cls: Any) -> None:
    made = cls(event_id="e1", extra=1.5)
    made.load(io.BytesIO(bytes(Event(agent_id="a1")) + UNKNOWN))
    assert (made.event_id, made.agent_id, made.extra, made._unknown_fields) == ("e1", "a1", 1.5, UNKNOWN)


class NeedsArguments(Event):
    def __init__(self, extra: str, **fields: Any) -> None:
        super().__init__(**fields)
        self.extra = extra


def test_a_constructor_with_required_arguments() -> None:
    data = bytes(Event(event_id="e1"))
    for decode in (lambda: NeedsArguments.parse(data), lambda: NeedsArguments.from_json('{"eventId": "e1"}')):
        with pytest.raises(TypeError, match=r"NeedsArguments\(\), but .*'extra'; give .*, or decode with Event$"):
            decode()
    made = NeedsArguments("x").load(io.BytesIO(data))
    assert (type(made), made.event_id, made.extra) == (NeedsArguments, "e1", "x")


@pytest.mark.parametrize("cls", [WithField, WithSlots])
def test_a_users_field_that_was_deleted(cls: Any) -> None:
    def deleted() -> Any:
        made = cls(event_id="e1", extra=1.5)
        del made.extra
        return made

    assert deleted() == deleted()
    assert deleted() != cls(event_id="e1", extra=1.5)
    assert repr(deleted()).startswith(f"{cls.__name__}(event_id='e1', ")
    assert ("event_id", "e1") in deleted().__rich_repr__()
    for copied in (copy.copy(deleted()), copy.deepcopy(deleted()), pickle.loads(pickle.dumps(deleted()))):
        assert copied == deleted()


class HasTenant(Protocol):
    tenant_id: str


class OfTenant(Event, HasTenant):
    pass


def test_a_subclass_may_say_that_it_follows_a_protocol() -> None:
    made = OfTenant(tenant_id="t1")
    assert OfTenant.parse(bytes(made)) == made
    assert isinstance(made, Event)
    assert not isinstance(Event(), OfTenant)
    assert "HasField" not in dir(OfTenant)


def decorated(function: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(function)
    def wrapper(*args: Any) -> None:
        function(*args)

    return wrapper


class Counted:
    count = 0

    def __post_init__(self) -> None:
        self.count += 1


@dataclasses.dataclass
class WithBase(Counted, Event):
    extra: int = 0


@dataclasses.dataclass
class WithInitVar(Event):
    extra: dataclasses.InitVar[int] = 0
    number = 0

    @decorated
    def __post_init__(self, extra: int) -> None:
        super().__post_init__()
        self.number = extra


@dataclasses.dataclass
class WithMore(WithInitVar):
    def __post_init__(self, extra: int) -> None:
        super().__post_init__(extra + 1)


def test_what_stands_before_and_behind_a_users_post_init() -> None:
    assert WithBase(extra=3).count == 1
    read = WithBase.parse(UNKNOWN)
    assert dataclasses.replace(read, extra=3)._unknown_fields == UNKNOWN
    assert WithInitVar(extra=3).number == 3
    assert WithMore(extra=3).number == 4
    for cls in (WithInitVar, WithMore):
        assert cls(extra=3)._unknown_fields == b""
        assert dataclasses.replace(cls.parse(UNKNOWN), extra=3)._unknown_fields == UNKNOWN


def cyclic() -> Event:
    made = Event(event_id="e1", metadata={})
    assert made.metadata is not None
    made.metadata["event"] = made
    return made


def test_a_message_that_contains_itself() -> None:
    made = cyclic()
    assert repr(made) == "Event(event_id='e1', metadata={'event': ...})"
    assert made
    assert made == copy.copy(made)
    with pytest.raises(EncodeError):
        bytes(made)
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        again = pickle.loads(pickle.dumps(made, protocol))
        assert again.metadata["event"] is again
    with pytest.raises(RecursionError):  # as of two lists that contain themselves
        assert made == cyclic()


def test_a_struct_that_contains_itself() -> None:
    inner: dict[str, Any] = {}
    inner["self"] = inner
    made = Event(metadata=inner)
    assert repr(made) == "Event(metadata={'self': {...}})"
    with pytest.raises(EncodeError, match="contains itself"):
        bytes(made)
    copied = copy.deepcopy(made).metadata
    assert copied is not None
    assert copied["self"] is copied


def test_a_deep_copy_shares_what_the_message_shares() -> None:
    shared: dict[str, Any] = {"k": [1]}
    copied = copy.deepcopy(Event(metadata={"a": shared, "b": [shared]})).metadata
    assert copied is not None
    assert copied["a"] is copied["b"][0]
    assert copied["a"] is not shared


@pytest.mark.parametrize("name", ["event_id", "tags", "message", "metadata", "_unknown_fields"])
def test_what_was_deleted_is_not_set(name: str) -> None:
    def deleted() -> Event:
        made = Event(event_id="e1", tags=["a"], message=MessageContent(), metadata={})
        delattr(made, name)
        return made

    # Encoding is strict, so it says what is wrong.
    with pytest.raises(EncodeError, match=rf"^Event\.{name}: "):
        bytes(deleted())
    if name != "_unknown_fields":
        for write in (deleted().to_json, deleted().to_dict):
            with pytest.raises(JSONError, match=rf"^\$\.{name}: the attribute was deleted"):
                write()
    assert name not in repr(deleted())
    made = deleted()
    assert made == deleted()
    assert (repr(made), copy.copy(made), bool(made)) == (repr(deleted()), deleted(), True)
    with pytest.raises(EncodeError):  # still: who looks at a message does not mend it
        bytes(made)
    assert bool(deleted())
    expected = copy.copy(deleted())
    for copied in (copy.deepcopy(deleted()), pickle.loads(pickle.dumps(deleted()))):
        assert copied == expected
    if name != "_unknown_fields":
        assert not deleted().is_set(name)
        assert not expected.is_set(name)


class Awkward:
    def __eq__(self, other: object) -> bool:
        raise ZeroDivisionError

    def __bool__(self) -> bool:
        raise ZeroDivisionError

    __hash__ = None  # type: ignore[assignment]  # as of any class with __eq__


@pytest.mark.parametrize("name", ["event_id", "tags", "type"])
def test_odd_objects_are_shown_and_counted_as_set(name: str) -> None:
    made = Event()
    setattr(made, name, Awkward())
    assert name in repr(made)
    assert made.is_set(name)
    assert made
    with pytest.raises(EncodeError):
        bytes(made)


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ({"a": True, "b": 1}, {"b": True, "a": 1}, False),
        ({"a": {"b": [True]}}, {"a": {"b": [1]}}, False),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, True),
        ({"a": [0.0]}, {"a": [-0.0]}, True),
        ({"a": [float("nan"), 1]}, {"a": [float("nan"), 1.0]}, True),
        ({"a": Event(event_id="x")}, {"a": Event(event_id="x")}, True),
    ],
)
def test_equality_of_structs(first: Any, second: Any, same: bool) -> None:
    assert (Event(metadata=first) == Event(metadata=second)) is same
