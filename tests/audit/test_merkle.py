"""The tree and its proofs: against the definitions of RFC 6962, its published vectors, and another implementation."""

from __future__ import annotations

import hashlib
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaukas_spec_lite.audit.merkle import (
    EMPTY_ROOT,
    Frontier,
    leaf_hash,
    node_hash,
    prove_consistency,
    prove_inclusion,
    root_of,
    tree_root,
    verify_consistency,
    verify_inclusion,
)
from chaukas_spec_lite.errors import ProofError

# The entries and roots that implementations of Certificate Transparency are tested with.
ENTRIES = [
    bytes.fromhex(text)
    for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


class Tree:
    """Keeps all hashes of a tree."""

    def __init__(self, entries: list[bytes]) -> None:
        self.entries = entries
        self.frontier = Frontier()
        self.made: dict[tuple[int, int], bytes] = {}
        self.roots = [self.frontier.root()]
        for entry in entries:
            for level, place, hashed in self.frontier.append(leaf_hash(entry)):
                assert (level, place) not in self.made
                self.made[level, place] = hashed
            self.roots.append(self.frontier.root())

    def hashes(self, level: int, place: int) -> bytes:
        return self.made[level, place]


def defined_root(entries: list[bytes]) -> bytes:
    """RFC 6962, section 2.1, word for word."""
    if not entries:
        return hashlib.sha256(b"").digest()
    if len(entries) == 1:
        return hashlib.sha256(b"\0" + entries[0]).digest()
    half = 1
    while half * 2 < len(entries):
        half *= 2
    return hashlib.sha256(b"\x01" + defined_root(entries[:half]) + defined_root(entries[half:])).digest()


def numbered(size: int) -> list[bytes]:
    return [str(number).encode() for number in range(size)]


def test_published_roots() -> None:
    assert [root.hex() for root in Tree(ENTRIES).roots[1:]] == ROOTS


def test_roots_are_as_defined() -> None:
    tree = Tree(numbered(70))
    for size in range(71):
        expected = defined_root(tree.entries[:size])
        assert tree.roots[size] == tree_root(tree.hashes, size) == expected
        assert root_of(map(leaf_hash, tree.entries[:size])) == expected
    assert tree.roots[0] == EMPTY_ROOT


def test_every_proof_of_a_small_tree_holds() -> None:
    tree = Tree(numbered(33))
    for size in range(1, 34):
        for index in range(size):
            proof = prove_inclusion(tree.hashes, index, size)
            verify_inclusion(leaf_hash(tree.entries[index]), index, size, proof, tree.roots[size])
        for old in range(size + 1):
            proof = prove_consistency(tree.hashes, old, size)
            verify_consistency(old, size, tree.roots[old], tree.roots[size], proof)


@given(st.lists(st.integers(0, 40), max_size=8))
def test_entries_that_are_added_at_once_make_the_same_tree(parts: list[int]) -> None:
    tree, frontier = Tree(numbered(sum(parts))), Frontier()
    made: dict[tuple[int, int], bytes] = {}
    for part in parts:
        entries = tree.entries[frontier.size : frontier.size + part]
        for level, first, hashes in frontier.extend([leaf_hash(entry) for entry in entries]):
            for place, hashed in enumerate(hashes, first):
                assert (level, place) not in made
                made[level, place] = hashed
    assert made == tree.made
    assert frontier == tree.frontier


@pytest.mark.skipif(sys.version_info < (3, 11), reason="pymerkle 7 needs Python 3.11")
def test_another_implementation_agrees() -> None:
    import pymerkle

    entries = numbered(40)
    tree = Tree(entries)
    other = pymerkle.InmemoryTree(algorithm="sha256")
    for entry in entries:
        other.append_entry(entry)
    for size in range(1, 41):
        assert other.get_root(size) == tree.roots[size]
        for index in range(size):
            theirs = other.prove_inclusion(index + 1, size)
            pymerkle.verify_inclusion(other.get_leaf(index + 1), tree.roots[size], theirs)
            ours = prove_inclusion(tree.hashes, index, size)
            assert set(ours) <= {bytes.fromhex(each) for each in theirs.serialize()["path"]}


sizes = st.integers(1, 200)


@given(st.data())
def test_nothing_else_is_proven(data: st.DataObject) -> None:
    size = data.draw(sizes)
    tree = Tree(numbered(size))
    index = data.draw(st.integers(0, size - 1))
    proof = prove_inclusion(tree.hashes, index, size)
    arguments = [leaf_hash(tree.entries[index]), index, size, proof, tree.roots[size]]
    verify_inclusion(*arguments)
    place = data.draw(st.sampled_from([0, 1, 3, 4]))  # A size is bound to its root by who signs both.
    arguments[place] = data.draw(_other(arguments[place]))
    with pytest.raises(ProofError):
        verify_inclusion(*arguments)


@given(st.data())
def test_no_other_history_is_consistent(data: st.DataObject) -> None:
    size = data.draw(sizes)
    tree = Tree(numbered(size))
    old = data.draw(st.integers(1, size))
    arguments = [old, size, tree.roots[old], tree.roots[size], prove_consistency(tree.hashes, old, size)]
    verify_consistency(*arguments)
    place = data.draw(st.integers(2, 4))
    arguments[place] = data.draw(_other(arguments[place]))
    with pytest.raises(ProofError):
        verify_consistency(*arguments)
    forged = list(tree.entries)
    forged[data.draw(st.integers(0, old - 1))] += b"x"
    rewritten = Tree(forged)
    with pytest.raises(ProofError):
        verify_consistency(
            old, size, tree.roots[old], rewritten.roots[size], prove_consistency(rewritten.hashes, old, size)
        )


def _other(value: object) -> st.SearchStrategy[object]:
    if isinstance(value, bytes):
        return st.binary(min_size=32, max_size=32).filter(lambda other: other != value)
    if isinstance(value, int):
        return st.integers(-3, 300).filter(lambda other: other != value)
    assert isinstance(value, list)
    path = list(value)
    extra = [*path, leaf_hash(b"x")]
    changed = [[*path[:place], leaf_hash(b"x"), *path[place + 1 :]] for place in range(len(path))]
    return st.sampled_from([extra, *([path[:-1]] if path else []), *changed])


def test_what_there_is_not_cannot_be_proven() -> None:
    tree = Tree(numbered(3))
    with pytest.raises(ValueError, match="has none with the number 3"):
        prove_inclusion(tree.hashes, 3, 3)
    with pytest.raises(ValueError, match="never had 4"):
        prove_consistency(tree.hashes, 4, 3)
    assert node_hash(b"a", b"b") == hashlib.sha256(b"\x01ab").digest()
