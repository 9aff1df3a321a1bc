"""Which cosignatures are kept with a checkpoint."""

from __future__ import annotations

import pytest

from chaukas_spec_lite.audit.notes import SignedNote
from chaukas_spec_lite.collector.cosigning import cosignatures, merged
from chaukas_spec_lite.errors import NoteError
from tests.collector.log_keys import OTHER, SIGNER, WITNESS, WITNESSES

NOTE = SIGNER.sign("acme", 3, b"r" * 32)


def names(note: SignedNote) -> list[str]:
    return [each.name for each in note.signatures]


def test_cosignatures_of_known_witnesses_are_taken_out_of_a_note() -> None:
    given = NOTE.cosign(WITNESS, 10).cosign(OTHER, 11)
    assert [each.name for each in cosignatures(given, WITNESSES)] == [WITNESS.name, OTHER.name]
    assert [each.name for each in cosignatures(given, WITNESSES[1:])] == [OTHER.name]


def test_without_a_cosignature_or_with_a_wrong_one_there_is_an_error() -> None:
    with pytest.raises(NoteError, match=r"not signed by whom it has to be: other\.example/w"):
        cosignatures(NOTE.cosign(WITNESS, 10), WITNESSES[1:])
    with pytest.raises(NoteError, match="not signed by whom it has to be: nobody"):
        cosignatures(NOTE.cosign(WITNESS, 10), ())
    forged = SignedNote(NOTE.text.replace("3", "4"), NOTE.cosign(WITNESS, 10).signatures)
    with pytest.raises(NoteError, match="is not one of this text"):
        cosignatures(forged, WITNESSES)


def test_they_stand_behind_those_that_were_there_and_the_newest_of_a_witness_is_kept() -> None:
    first = merged(NOTE, cosignatures(NOTE.cosign(WITNESS, 10), WITNESSES))
    both = merged(first, cosignatures(NOTE.cosign(OTHER, 11), WITNESSES))
    assert names(both) == [SIGNER.name, WITNESS.name, OTHER.name]
    later = cosignatures(NOTE.cosign(WITNESS, 1 << 40), WITNESSES)
    newer = merged(both, later)
    assert names(newer) == names(both)
    assert newer == NOTE.cosign(WITNESS, 1 << 40).cosign(OTHER, 11)
    assert merged(newer, cosignatures(NOTE.cosign(WITNESS, 10), WITNESSES)) == newer
    assert newer.verify(WITNESSES) == [*WITNESSES]
