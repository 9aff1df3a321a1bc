"""Finding out why a message cannot be encoded: the path of the first value that is wrong, and what was expected there.

Encoders do not keep track of where they are, because that would cost time for every field. So this runs only after
encoding failed, goes through the message once more, and calls the functions that write values, one by one.
"""

# _unknown_fields is private to the package:
# pyright: reportPrivateUsage=false

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from chaukas_spec_lite.errors import EncodeError
from chaukas_spec_lite.message.record import Record
from chaukas_spec_lite.wellknown.writers import CONTENT
from chaukas_spec_lite.wire.fields import LIST, PLAIN, STRUCT, VALUE, FieldData, fields_of
from chaukas_spec_lite.wire.format import MAX_DEPTH, TOO_DEEP
from chaukas_spec_lite.wire.refusals import no_key, said_by
from chaukas_spec_lite.wire.scalars import (
    WRITERS,
    entries,
    enumeration,
    fields_in,
    instance,
    is_array,
    is_dict,
    items,
    string,
    values_in,
)


class _Found(Exception):
    """Ends the search: what is wrong, and where."""

    def __init__(self, message: str, path: str) -> None:
        self.message = message
        self.path = path


def find(message: Record) -> EncodeError | None:
    """Return the error of a message that cannot be encoded, or None if there is nothing wrong with it."""
    try:
        _message(message, 0, type(message).__name__)
    except _Found as found:
        return EncodeError(found.message, path=found.path)
    except RecursionError as error:  # of the program that calls, which has filled Python's stack
        return EncodeError(f"cannot be looked through: {error}", path=type(message).__name__)
    return None


def _try(check: Callable[..., Any], path: str, *args: Any) -> Any:
    try:
        return check(*args)
    except MemoryError:  # says nothing of a value
        raise
    except Exception as error:  # a value may raise anything as it is read
        if isinstance(error, RuntimeError) and "changed" in said_by(error):  # a dict that another thread changes
            raise _Found(f"changed while it was being encoded: {error}", path) from error
        raise _Found(said_by(error), path) from error


def _pairs(given: Iterable[Any]) -> list[tuple[Any, Any]]:
    """Take entries apart here, since a class of one's own may have items that are no pairs."""
    return [(key, item) for key, item in given]


def _step(path: str, key: Any) -> str:
    """The path of what stands under a key, whatever the key does when it is shown."""
    try:
        return f"{path}[{key!r}]"
    except Exception:  # of a class that somebody else wrote
        return f"{path}[{type(key).__name__}]"


def _message(message: Record, depth: int, path: str) -> None:
    if depth > MAX_DEPTH:
        raise _Found(TOO_DEEP, path)
    chosen: dict[str, str] = {}
    for field in fields_of(type(message)):
        if not hasattr(message, field.name):
            raise _Found("the attribute was deleted; set it to None instead", f"{path}.{field.proto_name}")
        value = getattr(message, field.name)
        if field.oneof is not None and value is not None:
            if field.oneof in chosen:
                raise _Found(
                    f"{chosen[field.oneof]} and {field.proto_name} are both set, but only one of "
                    f"oneof {field.oneof} can be; set the other to None",
                    path,
                )
            chosen[field.oneof] = field.proto_name
        _field(field, value, depth, f"{path}.{field.proto_name}")
    if not isinstance(getattr(message, "_unknown_fields", None), bytes):
        raise _Found("expected bytes", f"{path}._unknown_fields")


def _field(field: FieldData, value: Any, depth: int, path: str) -> None:
    if value is None:
        return
    if field.label == "repeated":
        for position, item in enumerate(_try(lambda: list(items(value)), path)):
            _one(field, item, depth, f"{path}[{position}]")
    elif field.label == "map":
        assert field.key is not None
        for key, item in _try(lambda: _pairs(entries(value)), path):
            _try(WRITERS[field.key], f"{path} (a key)", key)
            if depth + 1 > MAX_DEPTH:
                raise _Found(TOO_DEEP, path)
            _one(field, item, depth + 1, _step(path, key))
    else:
        _one(field, value, depth, path)
    _try(bool, path, value)  # encoders ask whether a value is zero or empty


def _one(field: FieldData, value: Any, depth: int, path: str) -> None:
    if field.kind in WRITERS:
        _try(WRITERS[field.kind], path, value)
    elif field.kind == "enum":
        _try(enumeration, path, value, field.cls)
    elif field.kind == "message":
        # Recursion ends at ``MAX_DEPTH``, also for a message that contains itself.
        _message(_try(instance, path, value, field.cls), depth + 1, path)
    elif field.kind in (STRUCT, LIST, VALUE):
        _json(value, depth + 1, path, field.kind, [])
    else:
        assert field.kind in PLAIN
        _try(CONTENT[field.kind], path, value, depth + 1)


def _json(value: Any, depth: int, path: str, kind: str, around: list[int]) -> None:
    """Check a Struct, a ListValue or a Value: its parts before the whole, so that the innermost path is found.

    Args:
        value: The plain value.
        depth: Its level on the wire.
        path: Where it is.
        kind: The full name of the well-known type that it is written as.
        around: The ids of the containers around it, from the outermost one, to find one that contains itself.
    """
    if id(value) in around:
        levels = len(around) - around.index(id(value))
        up = "one level" if levels == 1 else f"{levels} levels"
        raise _Found(f"contains itself, {up} up, and would never end; leave it out, or write something of it", path)
    inner = depth + 1 if kind == VALUE else depth  # the Struct or ListValue stands inside the Value
    if inner <= MAX_DEPTH:
        around.append(id(value))
        if kind == STRUCT or (kind == VALUE and _try(is_dict, path, value)):
            for key, item in _try(lambda: _pairs(fields_in(value).items()), path):
                _try(_key, path, key)
                _json(item, inner + 2, _step(path, key), VALUE, around)
        elif kind == LIST or _try(is_array, path, value):
            for position, item in enumerate(_try(lambda: list(values_in(value)), path)):
                _json(item, inner + 1, f"{path}[{position}]", VALUE, around)
        around.pop()
    _try(CONTENT[kind], path, value, depth)


def _key(key: Any) -> None:
    if not isinstance(key, str):
        raise TypeError(no_key(key, repr(key)))
    try:
        string(key)
    except ValueError as error:
        raise ValueError(f"a key is no text: {error}".replace("value", "key")) from None
