"""Which cosignatures of witnesses are kept with a checkpoint. Nothing here waits for anything."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from chaukas_spec_lite.audit.keys import VerifierKey
from chaukas_spec_lite.audit.notes import NoteSignature, SignedNote

_TIME_BYTES = 8
"""A cosignature begins with its time, in seconds since 1970, so that later ones have greater bytes."""


def cosignatures(given: SignedNote, witnesses: Iterable[VerifierKey]) -> list[NoteSignature]:
    """Return the cosignatures of a note that are of known witnesses; any others do not matter.

    Raises:
        NoteError: There is none, or one that says it is of a known witness is not.
    """
    known = {(key.name, key.key_id) for key in given.verify(witnesses)}
    return [each for each in given.signatures if (each.name, each.key_id) in known]


def merged(note: SignedNote, given: Sequence[NoteSignature]) -> SignedNote:
    """Return a note with more cosignatures behind the signatures that it has; of each witness the newest is kept.

    Args:
        note: The note.
        given: Cosignatures of its text, which were verified.
    """
    kept = {(each.name, each.key_id): each for each in note.signatures}
    for each in given:
        place = each.name, each.key_id
        before = kept.get(place)
        if before is None or before.signature[:_TIME_BYTES] < each.signature[:_TIME_BYTES]:
            kept[place] = each
    return replace(note, signatures=tuple(kept.values()))
