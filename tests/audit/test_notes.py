"""Signed notes, checkpoints, keys, offline proofs and tiles: published vectors, round trips, forgeries."""

from __future__ import annotations

import stat
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaukas_spec_lite.audit.keys import COSIGNATURE, SigningKey, VerifierKey
from chaukas_spec_lite.audit.merkle import Frontier, ProofError, leaf_hash, prove_consistency, prove_inclusion
from chaukas_spec_lite.audit.notes import Checkpoint, NoteError, SignedNote
from chaukas_spec_lite.audit.proofs import InclusionProof
from chaukas_spec_lite.audit.tiles import WIDTH, Tile, hashes_of_tiles
from chaukas_spec_lite.errors import SettingError
from tests.audit.test_merkle import Tree, numbered

# The example of Go's package golang.org/x/mod/sumdb/note.
NEUMANN = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
NEUMANN_PRIVATE = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
NEUMANN_NOTE = """\
If you think cryptography is the answer to your problem,
then you don't know what your problem is.

\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=
"""
# The example of C2SP's tlog-cosignature.
COSIGNED = """\
example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

\u2014 example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
\u2014 witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==
"""  # noqa: E501

LOG, WITNESS = SigningKey("example.com/log", bytes(range(32))), SigningKey("witness.example/w", bytes(range(1, 33)))


def test_a_published_note_is_genuine_and_made_alike(tmp_path: Path) -> None:
    key = VerifierKey.parse(NEUMANN)
    note = SignedNote.parse(NEUMANN_NOTE)
    assert note.verify([key]) == [key]
    assert (str(note), str(key)) == (NEUMANN_NOTE, NEUMANN)
    file = tmp_path / "key"
    file.write_text(NEUMANN_PRIVATE + "\n")
    assert str(SignedNote(note.text).sign(SigningKey.read(file))) == NEUMANN_NOTE


def test_a_published_checkpoint_is_read() -> None:
    note = SignedNote.parse(COSIGNED)
    checkpoint = Checkpoint.of(note)
    assert (checkpoint.origin, checkpoint.size) == ("example.com/behind-the-sofa", 20852163)
    assert [each.name for each in note.signatures] == ["example.com/behind-the-sofa", "witness.example.com/w1"]
    assert checkpoint.note().text == note.text
    assert str(note) == COSIGNED


def test_a_checkpoint_is_signed_and_cosigned() -> None:
    note = Checkpoint("example.com/log", 3, b"r" * 32).note(LOG).cosign(WITNESS, 1_700_000_000)
    keys = [LOG.verifier(), WITNESS.verifier(COSIGNATURE)]
    again = SignedNote.parse(str(note))
    assert again.verify(keys) == keys
    assert again.verify(keys[1:]) == keys[1:]
    assert Checkpoint.of(again) == Checkpoint("example.com/log", 3, b"r" * 32)
    with pytest.raises(NoteError, match="not signed by whom it has to be: other"):
        again.verify([SigningKey("other", bytes(32)).verifier()])
    with pytest.raises(NoteError, match="witness"):
        again.verify([WITNESS.verifier()])  # as of a log


@given(st.data())
def test_no_character_of_a_checkpoint_can_be_changed(data: st.DataObject) -> None:
    text = str(Checkpoint("example.com/log", 3, b"r" * 32).note(LOG).cosign(WITNESS, 1_700_000_000))
    place = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.characters().filter(lambda character: character != text[place]))
    keys = {LOG.verifier(), WITNESS.verifier(COSIGNATURE)}
    try:
        note = SignedNote.parse(text[:place] + other + text[place + 1 :])
        assert set(note.verify(keys)) < keys  # The name of one was changed, so that it is unknown.
        assert note.text == text.partition("\n\n")[0] + "\n"
    except NoteError:
        pass


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a\n", "an empty line between"),
        ("a\n\n", "signature lines only"),
        ("a\n\nb\n", "signature lines only"),
        ("a\n\n\u2014 k AAAA\n", "cannot be read"),
        ("a\n\n\u2014 k+ AAAAAAAA\n", "cannot be read"),
        ("a\n\n\u2014 k %%%%\n", "cannot be read"),
        ("a\r\n\n\u2014 k AAAAAAAA\n", "control character"),
        ("a\n\n" + "\u2014 k AAAAAAAA\n" * 101, "at most 100 signatures"),
        ("a" * 1_000_001, "at most 1000000 characters"),
    ],
)
def test_what_is_no_note_says_why(text: str, why: str) -> None:
    with pytest.raises(NoteError, match=why):
        SignedNote.parse(text)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("o\n1\n", "at least three lines"),
        ("o\n01\nAAAA\n", "size"),
        ("o\n-1\nAAAA\n", "size"),
        ("o\n1\nAAAA\n", "root"),
        ("o\n1\n!\n", "root"),
        ("\n1\nAAAA\n", "no empty one"),
    ],
)
def test_what_is_no_checkpoint_says_why(text: str, why: str) -> None:
    with pytest.raises(NoteError, match=why):
        Checkpoint.of(SignedNote(text))


# Keys


def test_a_key_goes_into_a_file_of_its_owner_and_never_over_another(tmp_path: Path) -> None:
    key = SigningKey.generate("example.com/acme")
    path = tmp_path / "audit.key"
    key.write(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert SigningKey.read(path) == key
    assert VerifierKey.parse(str(key.verifier())) == key.verifier()
    assert key.seed.hex() not in repr(key)
    assert str(key.seed) not in repr(key)
    with pytest.raises(FileExistsError):
        key.write(path)


@pytest.mark.parametrize("text", ["", "name", "a+00000000+AAAA", NEUMANN_PRIVATE, "a b+c74f20a3+" + NEUMANN[22:]])
def test_what_is_no_key_says_so(text: str, tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r"name\+id\+base64"):
        VerifierKey.parse(text)
    path = tmp_path / "key"
    path.write_text(NEUMANN)
    with pytest.raises(SettingError, match="no private key"):
        SigningKey.read(path)


def test_a_name_that_a_terminal_would_obey_is_refused() -> None:
    hidden = VerifierKey("hidden\x1b[8m", LOG.verifier().public)
    with pytest.raises(SettingError, match="has a name with control characters"):
        VerifierKey.parse(str(hidden))


def test_a_damaged_key_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="damaged"):
        VerifierKey.parse(NEUMANN.replace("c74f20a3", "c74f20a4"))
    path = tmp_path / "key"
    path.write_text(NEUMANN_PRIVATE.replace("c74f20a3", "c74f20a4"))
    with pytest.raises(SettingError, match="damaged"):
        SigningKey.read(path)
    with pytest.raises(SettingError, match="without spaces"):
        SigningKey.generate("a b")


def test_without_cryptography_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.asymmetric", None)
    for use in (lambda: LOG.sign(b""), LOG.verifier, lambda: VerifierKey.parse(NEUMANN).has_signed(b"", b"")):
        with pytest.raises(ModuleNotFoundError, match=r"pip install 'chaukas-spec-lite\[audit\]'"):
            use()


# Proofs


def proof_of(tree: Tree, index: int) -> InclusionProof:
    size = len(tree.entries)
    note = Checkpoint("example.com/log", size, tree.roots[size]).note(LOG)
    return InclusionProof(index, tuple(prove_inclusion(tree.hashes, index, size)), note, b"extra" if index % 2 else b"")


def test_a_proof_file_holds_offline() -> None:
    tree = Tree(numbered(11))
    for index, entry in enumerate(tree.entries):
        proof = InclusionProof.parse(str(proof_of(tree, index)))
        assert proof == proof_of(tree, index)
        assert proof.verify(entry, "example.com/log", [LOG.verifier()]).size == 11
        with pytest.raises(ProofError, match="is not number"):
            proof.verify(entry + b"x", "example.com/log", [LOG.verifier()])
        with pytest.raises(ProofError, match=r"is of the log 'example\.com/log', not of 'example\.com/other'"):
            proof.verify(entry, "example.com/other", [LOG.verifier()])
        with pytest.raises(ProofError, match="not signed by whom"):
            proof.verify(entry, "example.com/log", [WITNESS.verifier()])


@given(st.data())
def test_no_character_of_a_proof_can_be_changed(data: st.DataObject) -> None:
    tree = Tree(numbered(5))
    text = str(proof_of(tree, 2))
    place = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.characters().filter(lambda character: character != text[place]))
    with pytest.raises(ProofError):
        InclusionProof.parse(text[:place] + other + text[place + 1 :]).verify(
            tree.entries[2], "example.com/log", [LOG.verifier()]
        )


# Tiles


def test_paths_of_tiles_are_those_of_the_specification() -> None:
    assert Tile(0, 1234067).path == "0/x001/x234/067"
    assert Tile(1, 0, 17).path == "1/000.p/17"
    for tile in (Tile(0, 1234067), Tile(1, 0, 17), Tile(63, 999, 255)):
        assert Tile.parse(tile.path) == tile
    for path in (
        "0/1",
        "0/x000/001",
        "64/000",
        "00/000",
        "0/000.p/0",
        "0/000.p/256",
        "0/000.p/017",
        "0/\u0660\u0660\u0660",
        "",
    ):
        with pytest.raises(ValueError, match="no path of a tile"):
            Tile.parse(path)


def test_a_tree_of_70000_has_the_tiles_of_the_specification() -> None:
    def widths(level: int) -> list[int]:
        return [
            width
            for index in range(300)
            for width in [min(WIDTH, max(0, (70_000 >> 8 * level) - index * WIDTH))]
            if width and Tile(level, index, width).exists(70_000)
        ]

    assert widths(0) == [256] * 273 + [112]
    assert widths(1) == [256, 17]
    assert widths(2) == [1]
    assert widths(3) == []
    assert not Tile(0, 273, 113).exists(70_000)


def test_all_proofs_can_be_made_of_tiles() -> None:
    size = 70_000
    frontier, made = Frontier(), dict[tuple[int, int], bytes]()
    for number in range(size):
        made.update({(level, place): hashed for level, place, hashed in frontier.append(leaf_hash(b"%d" % number))})
    asked: list[str] = []

    def read(tile: Tile) -> bytes:
        assert tile.exists(size)
        asked.append(tile.path)
        return tile.content(lambda level, place: made[level, place])

    hashes = hashes_of_tiles(read, size)
    for index in (0, 255, 256, 65_535, 65_536, 69_999):
        assert prove_inclusion(hashes, index, size) == prove_inclusion(lambda *at: made[at], index, size)
        assert prove_consistency(hashes, index, size) == prove_consistency(lambda *at: made[at], index, size)
    assert len(asked) == len(set(asked))
    with pytest.raises(ValueError, match="has 31 bytes"):
        hashes_of_tiles(lambda tile: b"x" * 31, 1)(0, 0)
