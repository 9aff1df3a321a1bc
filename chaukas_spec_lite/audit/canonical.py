"""The one form of an event that is hashed, whoever encoded it, and its hash.

The form is the protobuf encoding with known fields by number, defaults left out, the keys of Structs and maps sorted by
their UTF-8 bytes, and unknown fields as they came, behind the known ones. ``content_hash`` and ``worm_proof_id``, which
are made from it, are left out; ``hash_prev`` is in it. Where the reference implementation's deterministic encoding is
defined, it is the same. docs/reference/audit-format.md specifies it for other languages.
"""

from __future__ import annotations

import hashlib
from copy import copy
from functools import cache
from typing import TYPE_CHECKING, Any

from chaukas_spec_lite.message.message import Message
from chaukas_spec_lite.wellknown.values import UnknownDict, UnknownList
from chaukas_spec_lite.wire.fields import LIST, STRUCT, VALUE, fields_of
from chaukas_spec_lite.wire.format import MAX_DEPTH

if TYPE_CHECKING:
    from chaukas_spec_lite.spec.common.v1.events import Event

DOMAIN = b"chaukas-event-v1\n"
"""What is hashed before an event, so that its hash is none of anything else."""

ALGORITHM = "sha256:"
"""What stands before the hexadecimal digits of a ``content_hash``."""


def canonical_bytes(event: Event) -> bytes:
    """Encode an event in its canonical form. The event is not changed.

    Args:
        event: The event.

    Raises:
        EncodeError: It cannot be encoded.
    """
    ordered = copy(_ordered(event, 0))
    ordered.content_hash = ordered.worm_proof_id = ""
    return bytes(ordered)


def content_hash(event: Event) -> str:
    """Return the hash of an event, as its ``content_hash`` should have it.

    Args:
        event: The event; what its own ``content_hash`` says does not matter.

    Raises:
        EncodeError: It cannot be encoded.
    """
    return hash_of(canonical_bytes(event))


def hash_of(canonical: bytes) -> str:
    """Return the hash of an event in its canonical form: ``sha256:`` and 64 hexadecimal digits."""
    return ALGORITHM + hashlib.sha256(DOMAIN + canonical).hexdigest()


# Order


def _ordered(message: Any, depth: int) -> Any:
    """The message, or if keys in it are not in order, a copy in which they are. It shares the rest."""
    out = message
    # An event that nests deeper cannot be encoded, which its encoder says.
    if depth > MAX_DEPTH:
        return message
    cls: type[Message] = message.__class__
    for name, label in _with_keys(cls):
        value = getattr(message, name)
        if not value:
            continue
        ordered = _ordered_field(value, label, depth + 1)
        if ordered is not value:
            if out is message:
                out = copy(message)
            object.__setattr__(out, name, ordered)
    return out


def _ordered_field(value: Any, label: str, depth: int) -> Any:
    if label == "singular":
        return _ordered_value(value, depth)
    if label == "repeated":
        return _ordered_list(value, depth)
    return _ordered_dict(value, depth)


def _ordered_value(value: Any, depth: int) -> Any:
    if isinstance(value, dict):
        return _ordered_dict(value, depth)  # pyright: ignore[reportUnknownArgumentType]  # of anything
    if isinstance(value, list):
        return _ordered_list(value, depth)  # pyright: ignore[reportUnknownArgumentType]  # of anything
    return _ordered(value, depth) if isinstance(value, Message) else value


def _ordered_dict(value: dict[Any, Any], depth: int) -> dict[Any, Any]:
    if depth > MAX_DEPTH:
        return value
    keys = list(value)
    # The order of code points is that of UTF-8 bytes. Only keys of maps may be no texts; False comes before True.
    in_order = sorted(keys)
    changed = in_order != keys
    items: dict[Any, Any] = {}
    for key in in_order:
        old = value[key]
        new = items[key] = _ordered_value(old, depth + 1)
        changed = changed or new is not old
    if changed and isinstance(value, UnknownDict):
        # The unknown fields that it came with stay with it.
        made = copy(value)
        made.clear()
        made.update(items)
        return made
    return items if changed else value


def _ordered_list(value: list[Any], depth: int) -> list[Any]:
    if depth > MAX_DEPTH:
        return value
    items = [_ordered_value(each, depth + 1) for each in value]
    if all(new is old for new, old in zip(items, value, strict=True)):
        return value
    if isinstance(value, UnknownList):
        made = copy(value)
        made[:] = items
        return made
    return items


@cache
def _with_keys(cls: type[Message]) -> tuple[tuple[str, str], ...]:
    """The fields of a message class in which keys can be, and whether they are singular, repeated or a map."""
    found: list[tuple[str, str]] = []
    for field in fields_of(cls):
        label = field.label if field.label in ("repeated", "map") else "singular"
        if label == "map" or field.kind in (STRUCT, LIST, VALUE) or (field.kind == "message" and _may_hold(field.cls)):
            found.append((field.name, label))
    return tuple(found)


def _may_hold(cls: type[Message], above: frozenset[type[Message]] = frozenset()) -> bool:
    """Whether keys can be anywhere in a message; one that holds itself needs a look at its other fields only."""
    if cls in above:
        return False
    within = above | {cls}
    return any(
        field.label == "map"
        or field.kind in (STRUCT, LIST, VALUE)
        or (field.kind == "message" and _may_hold(field.cls, within))
        for field in fields_of(cls)
    )
