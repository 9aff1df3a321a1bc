"""What verification looks at in an encoded event: its seal, and whether the seal is that of its bytes."""

from __future__ import annotations

import hashlib
from typing import NamedTuple

from chaukas_spec_lite.audit.canonical import canonical_bytes
from chaukas_spec_lite.audit.chain import ALGORITHM, DOMAIN, hash_of
from chaukas_spec_lite.errors import CodecError
from chaukas_spec_lite.spec.common.v1.events import Event, EventType
from chaukas_spec_lite.wire.format import LEN, VARINT
from chaukas_spec_lite.wire.reading import fields, read_text, read_varint

_ID, _TENANT, _PROJECT, _SESSION, _HASH_PREV, _CONTENT_HASH, _PROOF = (n << 3 | LEN for n in (1, 2, 3, 4, 18, 19, 20))
_TYPE = 7 << 3 | VARINT
_TEXTS = frozenset({_ID, _TENANT, _PROJECT, _SESSION, _HASH_PREV, _CONTENT_HASH})


class Sealed(NamedTuple):
    """The seal of an event, and what is needed to find its place."""

    event_id: str
    owner: tuple[str, str]
    """Tenant and project, within which the id is unique."""
    session_id: str
    hash_prev: str
    content_hash: str
    """Empty if it was never sealed."""
    closes: bool
    """Whether it is a SESSION_END."""
    is_genuine: bool
    """Whether ``content_hash`` is the hash of the event as it is."""


def read_sealed(data: bytes) -> Sealed:
    """Read the seal of an encoded event, and check it against the bytes.

    An event that holds its hash in the encoding that it has is not decoded. Any other one is brought into canonical
    form first, as it may have been encoded again on its way.

    Raises:
        DecodeError: The bytes are no event.
    """
    texts: dict[int, str] = {}
    kind, kept, start = 0, list[bytes](), 0
    for begin, tag, value, stop in fields(data, 0, len(data), 0):
        if tag in _TEXTS:
            texts[tag] = read_text(data, value, stop)
        elif tag == _TYPE:
            kind = read_varint(data, value, stop)[0]
        if tag in (_CONTENT_HASH, _PROOF):
            kept.append(data[start:begin])
            start = stop
    kept.append(data[start:])
    claimed = texts.get(_CONTENT_HASH, "")
    owner = texts.get(_TENANT, ""), texts.get(_PROJECT, "")
    seal = (texts.get(_ID, ""), owner, texts.get(_SESSION, ""), texts.get(_HASH_PREV, ""), claimed)
    digest = hashlib.sha256(DOMAIN)
    for piece in kept:
        digest.update(piece)
    is_genuine = claimed == ALGORITHM + digest.hexdigest()
    if not is_genuine:
        is_genuine = hash_of(canonical_bytes(Event.parse(data))) == claimed
    return Sealed(*seal, kind == EventType.SESSION_END, is_genuine)


def fits_behind(data: bytes, hash_prev: str) -> bool:
    """Say whether an event's ``content_hash`` is right if this was its ``hash_prev``: then only its place is wrong."""
    try:
        event = Event.parse(data)
        event.hash_prev = hash_prev
        return hash_of(canonical_bytes(event)) == event.content_hash
    except CodecError:
        return False
