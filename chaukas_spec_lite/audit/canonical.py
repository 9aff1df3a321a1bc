"""The one form of an event that is hashed, whoever encoded it, and its hash.

The form is the protobuf encoding with known fields by number, defaults left out, the keys of Structs and maps sorted by
their UTF-8 bytes, and unknown fields as they came, behind the known ones. ``content_hash`` and ``worm_proof_id``, which
are made from it, are left out; ``hash_prev`` is in it. Where the reference implementation's deterministic encoding is
defined, it is the same. docs/reference/audit-format.md specifies it for other languages.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from functools import cache
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any, cast

from chaukas_spec_lite.audit.chain import hash_of
from chaukas_spec_lite.spec.common.v1 import _events_codec
from chaukas_spec_lite.wellknown import writers

if TYPE_CHECKING:
    from chaukas_spec_lite.spec.common.v1.events import Event
    from chaukas_spec_lite.wire.rope import Text


def canonical_bytes(event: Event) -> bytes:
    """Encode an event in its canonical form. The event is not changed.

    Args:
        event: The event.

    Raises:
        EncodeError: It cannot be encoded.
    """
    bare = copy(event)
    bare.content_hash = bare.worm_proof_id = ""
    return encode_in_order(bare)


def encode_in_order(event: Event) -> bytes:
    """Encode an event in its canonical form, but with all of its fields.

    Args:
        event: The event.

    Raises:
        EncodeError: It cannot be encoded.
    """
    try:
        return _encoder()(event, 0).encode("latin-1")
    except Exception:
        # Where the ordinary encoder fails, it says why.
        bytes(event)
        raise


def content_hash(event: Event) -> str:
    """Return the hash of an event, as its ``content_hash`` should have it.

    Args:
        event: The event; what its own ``content_hash`` says does not matter.

    Raises:
        EncodeError: It cannot be encoded.
    """
    return hash_of(canonical_bytes(event))


# Order


@cache
def _encoder() -> Callable[[Event, int], Text]:
    """The generated encoder of an event, but that it writes the entries of Structs by their keys.

    It is the same code with another ``_entries``: a second encoder would have to be kept equal to the first, and to
    sort the dicts of an event before it is encoded takes nearly as long as to encode it.
    """
    structs = _rebound(writers, _entries=_by_key)
    names = {name: structs[name] for name in ("encode_struct", "encode_list", "encode_value")}
    return cast("Callable[[Event, int], Text]", _rebound(_events_codec, **names)["_encode_Event"])


def _rebound(module: ModuleType, **names: Any) -> dict[str, Any]:
    """The names of a module, with some replaced, and all of its functions made again so that they see these."""
    scope = {**vars(module), **names}
    for name, value in vars(module).items():
        if isinstance(value, FunctionType) and value.__module__ == module.__name__ and name not in names:
            # The code is a copy, as Python keeps in it where it has found which name.
            again = FunctionType(value.__code__.replace(), scope, name, value.__defaults__, value.__closure__)
            again.__kwdefaults__ = value.__kwdefaults__
            scope[name] = again
    return scope


def _by_key(fields: dict[str, Any]) -> list[tuple[str, Any]]:
    # The order of code points is that of UTF-8 bytes. No two keys are equal, so values are never compared.
    found = [*fields.items()]
    found.sort()  # in place, which takes a tenth less time than ``sorted``
    return found
