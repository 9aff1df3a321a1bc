"""Making a copy of a message that can be encoded: what its fields do not take is converted, or left out and told."""

# _unknown_fields and _full_name are private to the package:
# pyright: reportPrivateUsage=false

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sized
from datetime import datetime
from typing import Any, TypeVar

from chaukas_spec_lite.lenient.notes import CONVERSIONS_MAX, Notes, class_of, name_of, shown
from chaukas_spec_lite.lenient.scalars import MAKERS, TAKEN
from chaukas_spec_lite.lenient.table import frames_of, in_order, row_of
from chaukas_spec_lite.lenient.texts import SHORT, TextWriter, is_binary
from chaukas_spec_lite.lenient.values import Values
from chaukas_spec_lite.message.anys import AnyMessage
from chaukas_spec_lite.message.message import Message
from chaukas_spec_lite.message.record import generated_class
from chaukas_spec_lite.wellknown.values import NULL, Carrier
from chaukas_spec_lite.wellknown.writers import CONTENT
from chaukas_spec_lite.wire.fields import (
    LIST,
    SIGNED,
    STRUCT,
    TIMESTAMP,
    UNSIGNED,
    VALUE,
    WRAPPERS,
    FieldData,
    fields_of,
)
from chaukas_spec_lite.wire.format import MAX_DEPTH, TOO_DEEP
from chaukas_spec_lite.wire.refusals import said_by
from chaukas_spec_lite.wire.scalars import WRITERS, enumeration, is_dict, is_mapping

M = TypeVar("M", bound=Message)

_TEXT_FIELDS = ("text", "error_message")
"""Where text goes that is given in place of a message, such as a reply for a ``MessageContent``."""


KEPT_IN = ("chaukas", "odd_values")
"""The keys of an event's metadata under which stands what its fields do not take, by the path of the field."""

_KEPT_DEPTH = 3 * (1 + len(KEPT_IN))
"""The level at which it stands there."""


class _LeftOutError(Exception):
    """Nothing can be made of a value; it says why."""


class Messages:
    """One way through a message and those in it."""

    def __init__(self, notes: Notes, texts: TextWriter, values: Values) -> None:
        self._notes = notes
        self._texts = texts
        self._values = values
        self._around: list[int] = []
        self._has_metadata = False
        self._kept: dict[str, Any] = {}

    def whole(self, message: M) -> M:
        """Copy the outermost message. What its fields do not take stands in its metadata, if it has any."""
        fields = fields_of(generated_class(type(message)))
        self._has_metadata = any(each.name == "metadata" and each.kind == STRUCT for each in fields)
        made: Any = self.copy(message, 0)
        if self._kept:
            inner: dict[str, Any] = {} if made.metadata is None else made.metadata
            made.metadata = inner
            for key in KEPT_IN:
                while not is_dict(inner.setdefault(key, {})):
                    key += "_"  # what somebody else has put there stays
                inner = inner[key]
            inner.update(self._kept)
        return made  # type: ignore[no-any-return]  # a copy of it

    def copy(self, message: M, depth: int) -> M:
        """Copy a message that stands some levels below the outermost one, so that it can be encoded."""
        cls = generated_class(type(message))
        values: dict[str, Any] = {}
        for field in fields_of(cls):
            try:
                values[field.name] = getattr(message, field.name)
            except MemoryError:
                raise
            except Exception as error:  # of a class that somebody derived, or of a deleted attribute
                self._notes.enter(f".{field.proto_name}")
                self._notes.lose(f"the field was left out, as reading it raised {type(error).__name__}")
                self._notes.leave()
        clean = self._filled(cls, values, depth)
        unknown = getattr(message, "_unknown_fields", None)
        if issubclass(class_of(unknown), bytes):
            clean._unknown_fields = unknown
        else:
            self._notes.lose(f"_unknown_fields: {name_of(unknown)} was left out: expected bytes")
        return clean  # type: ignore[no-any-return]  # of the class, or the one it is derived from

    def _filled(self, cls: type[Any], values: Mapping[str, Any], depth: int) -> Any:
        clean = cls()
        chosen: dict[str, FieldData] = {}
        for field in fields_of(cls):
            given = values.get(field.name)
            if given is None:
                continue
            plain = field.kind == "string" and type(given) is str and field.label in ("singular", "optional")
            if plain and len(given) <= SHORT and given.isascii():
                made: Any = given  # without a call, so that ids are kept when Python's stack is nearly full
            else:
                self._notes.enter(f".{field.proto_name}")
                made = self._attempt(self._field, field, given, depth)
                self._notes.leave()
            if made is None:
                continue
            if field.oneof is not None:
                if field.oneof in chosen:  # a reader of both would keep the later one, too
                    self._leave_out(clean, chosen[field.oneof], field)
                chosen[field.oneof] = field
            setattr(clean, field.name, made)
        return clean

    def _leave_out(self, clean: Any, earlier: FieldData, later: FieldData) -> None:
        name = name_of(getattr(clean, earlier.name))
        setattr(clean, earlier.name, None)
        self._notes.enter(f".{earlier.proto_name}")
        self._notes.lose(
            f"{name} was left out: {later.proto_name} is set too, and only one of oneof {later.oneof} can be"
        )
        self._notes.leave()

    def _attempt(self, make: Callable[..., Any], field: FieldData, given: Any, depth: int) -> Any:
        """Make a value, or return None and tell why it is left out."""
        steps, around = len(self._notes.steps), len(self._around)
        try:
            return make(field, given, depth)
        except MemoryError:
            raise
        except Exception as error:  # a value may raise anything as it is read
            del self._notes.steps[steps:], self._around[around:]
            why = str(error) if isinstance(error, _LeftOutError) else said_by(error)
            self._give_up(given, why)
            return None

    def _give_up(self, given: Any, why: str) -> None:
        """Tell that no field takes a value, and keep it elsewhere, if there is a place."""
        if self._keep(given):
            self._notes.tell(f"{name_of(given)} went to the metadata: {why}")
        else:
            self._notes.lose(f"{name_of(given)} was left out: {why}")

    def _keep(self, given: Any) -> bool:
        """Keep a value for the metadata; say whether that can be done. A message would lead on and on."""
        if not self._has_metadata or given is None or _is_message(given) or len(self._kept) == CONVERSIONS_MAX:
            return False
        told = len(self._notes.conversions)
        try:
            made = self._values.value(given, _KEPT_DEPTH)
        except MemoryError:
            raise
        except Exception:  # a stack that is full
            return False
        self._notes.forget(told)
        if made is None:  # as of pandas' NaT
            return False
        self._kept["".join(self._notes.steps[1:]).lstrip(".")] = made
        return True

    # Fields

    def _field(self, field: FieldData, given: Any, depth: int) -> Any:
        if field.label == "repeated":
            return self._repeated(field, given, depth)
        if field.label == "map":
            return self._map(field, given, depth)
        return self._one(field, given, depth)

    def _repeated(self, field: FieldData, given: Any, depth: int) -> list[Any]:
        made: list[Any] = []
        for position, item in enumerate(self._listed(given)):
            self._notes.enter(f"[{position}]")
            one = self._attempt(self._item, field, item, depth)
            if one is not None:
                made.append(one)
            self._notes.leave()
        return made

    def _listed(self, given: Any) -> list[Any]:
        kind = class_of(given)
        if not issubclass(kind, (list, tuple)):
            series = issubclass(kind, Iterable) and issubclass(kind, Sized) and not issubclass(kind, Iterator)
            if not series or issubclass(kind, (str, bytes, bytearray, memoryview, Mapping, Message)):
                self._notes.tell(f"{name_of(given)} became a list with nothing else in it, as the field holds a list")
                return [given]
            self._notes.tell(f"{name_of(given)} became a list")
            if issubclass(kind, (set, frozenset)):
                given = in_order(given)
        return self._values.items(given)[0]

    def _map(self, field: FieldData, given: Any, depth: int) -> dict[Any, Any]:
        assert field.key is not None
        if depth + 1 > MAX_DEPTH:
            raise ValueError(TOO_DEEP)
        if not is_mapping(given):
            self._notes.tell(f"{name_of(given)} became a dict")
            given = dict(given)
        made: dict[Any, Any] = {}
        key_field = field._replace(label="singular", kind=field.key, key=None)
        for key, item in self._values.pairs(given)[0]:
            self._notes.enter(f"[{shown(key)}]")
            name = self._attempt(self._scalar, key_field, key, depth)
            one = self._attempt(self._item, field, item, depth + 1)
            if name is not None and one is not None:
                if name in made:
                    self._notes.lose(f"an entry before this one, whose key is {shown(name)} too, was left out")
                made[name] = one
            self._notes.leave()
        return made

    def _item(self, field: FieldData, given: Any, depth: int) -> Any:
        if given is None and field.kind != VALUE:  # where it is null
            raise _LeftOutError("a list or a map cannot hold it")
        return self._one(field, given, depth)

    def _one(self, field: FieldData, given: Any, depth: int) -> Any:
        if field.kind == "message":
            return self._message(field.cls, given, depth + 1)
        if field.kind == STRUCT:
            return self._values.struct(given, depth + 1, field.proto_name)
        if field.kind == LIST:
            return self._values.array(given, depth + 1)
        if field.kind == VALUE:
            if depth + 1 > MAX_DEPTH:
                raise ValueError(TOO_DEEP)
            made = self._values.value(given, depth + 1)
            return NULL if made is None else made  # None would not be set
        return self._scalar(field, given, depth)

    # Scalars, and what is one in Python

    def _scalar(self, field: FieldData, given: Any, depth: int) -> Any:
        kind = WRAPPERS.get(field.kind, field.kind)
        try:
            _check(field, given, depth)
        except MemoryError:
            raise
        except Exception as error:  # a value may raise anything as it is read
            given = self._made(field._replace(kind=kind), given, error)
            if given is None:
                return None
            _check(field, given, depth)
        if isinstance(given, Carrier):
            return given
        if isinstance(given, str) and kind == "string":
            return self._texts.made(str.__str__(given))
        return self._texts.data(given) if isinstance(given, bytes) else given

    def _made(self, field: FieldData, given: Any, refused: Exception) -> Any:
        told = len(self._notes.conversions)
        plain: Any = given
        try:
            if field.kind == "string" and is_binary(given):
                plain = self._texts.of_bytes(given)
            elif not isinstance(given, (int, float, *TAKEN.get(field.kind, ()))):
                plain = self._values.value(given, 0)
            if plain is None and given is not None:
                return None  # not set, as pandas' NaT
            made = MAKERS[field.kind](plain, field)
        except MemoryError:
            raise
        except Exception:  # of the value, or of the conversion: what the strict encoder says explains most
            made = given
        if made is not given and made is plain and len(self._notes.conversions) > told:
            return made
        self._notes.forget(told)
        if made is given:
            raise _LeftOutError(said_by(refused))
        self._notes.tell(f"{name_of(given)} {_change(given, plain, made, field)}")
        return made

    # Messages

    def _message(self, cls: type[Any], given: Any, depth: int) -> Any:
        if depth > MAX_DEPTH:
            raise _LeftOutError(TOO_DEEP)
        if id(given) in self._around:
            raise _LeftOutError("it contains itself")
        if not self._values.take():
            raise _LeftOutError("the event holds too many values before it")
        self._around.append(id(given))
        made = self.copy(given, depth) if isinstance(given, cls) else self._other(cls, given, depth)
        self._around.pop()
        if isinstance(made, AnyMessage) and made.type_url and not made.value and getattr(given, "value", None):
            raise _LeftOutError("without its value it would be another message")
        return made

    def _other(self, cls: type[Any], given: Any, depth: int) -> Any:
        """Make a message of what is given in its place."""
        kind = class_of(given)
        if issubclass(cls, AnyMessage) and isinstance(given, Message):
            self._notes.tell(f"{kind.__name__} became an Any that holds it")
            return cls().pack(self.copy(given, 0))
        if hasattr(kind, "DESCRIPTOR") and getattr(kind.DESCRIPTOR, "full_name", "") == cls._full_name:
            self._notes.tell(f"{kind.__name__} of the official package became one of this package")
            return self.copy(cls.parse(given.SerializeToString()), depth)
        fields = {name: field for field in fields_of(cls) for name in (field.json_name, field.name, field.proto_name)}
        parts = self._parts(cls, given, fields)
        self._notes.tell(f"{name_of(given)} became {cls.__name__}")
        values = {fields[key].name: value for key, value in parts.items() if key in fields}
        others = {key: value for key, value in parts.items() if key not in fields}
        if others and "metadata" not in values and "metadata" in fields and fields["metadata"].kind == STRUCT:
            values["metadata"], others = others, {}
        for key, value in others.items():
            self._notes.enter(f"[{shown(key)}]")
            self._give_up(value, f"{cls.__name__} has no such field")
            self._notes.leave()
        return self._filled(cls, values, depth)

    def _parts(self, cls: type[Any], given: Any, fields: Mapping[str, FieldData]) -> dict[Any, Any]:
        """Return what is given in place of a message as a dict of its fields, or raise that there is no way to."""
        text = next((name for name in _TEXT_FIELDS if name in fields), None)
        if isinstance(given, BaseException):
            found = {"error_message": str(given), "error_code": type(given).__name__, "stack_trace": frames_of(given)}
            return {name: part for name, part in found.items() if name in fields}
        row = None if is_mapping(given) else row_of(class_of(given))
        made = given if row is None else row.make(given)
        if is_mapping(made):
            found = dict(self._values.pairs(made)[0])
            if not fields.keys().isdisjoint(found) or (made is given and not found):
                return found
        if text is not None:
            return {text: given}
        raise _LeftOutError(f"it has none of the fields of {cls.__name__}")


def _is_message(given: Any) -> bool:
    try:
        return isinstance(given, Message)
    except Exception:  # of a class that somebody else wrote
        return False


def _change(given: Any, plain: Any, made: Any, field: FieldData) -> str:
    """Say what became of a value in a field that holds one thing."""
    if field.kind == TIMESTAMP and isinstance(given, datetime):
        return "without a time zone became one in UTC"
    if isinstance(made, str):
        return "became text"
    rounded = isinstance(plain, float) and field.kind in (*SIGNED, *UNSIGNED) and not plain.is_integer()
    return f"became {type(made).__name__}{', rounded' if rounded else ''}"


def _check(field: FieldData, given: Any, depth: int) -> None:
    """Raise what the strict encoder raises for a value."""
    if field.kind in WRITERS:
        WRITERS[field.kind](given)
    elif field.kind == "enum":
        enumeration(given, field.cls)
    else:
        CONTENT[field.kind](given, depth + 1)
    bool(given)  # encoders ask whether a value is zero or empty
