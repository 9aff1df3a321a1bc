"""The Merkle tree of the collector's log: its root, and proofs that an entry is in it and that it has only grown.

Hashing and proofs are those of Certificate Transparency: RFC 6962 section 2.1, whose verification RFC 9162 spells out
in sections 2.1.3.2 and 2.1.4.2. Nothing here knows what an entry is, or where hashes are kept.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from chaukas_spec_lite.errors import ProofError

HASH_SIZE = 32
"""The bytes of a hash: SHA-256."""

EMPTY_ROOT = hashlib.sha256(b"").digest()
"""The root of the tree without entries."""

Hashes: TypeAlias = "Callable[[int, int], bytes]"
"""Returns the root of a full subtree, by its level and its place among those of that level: the one at ``(level, i)``
is over the entries from ``i << level`` to ``(i + 1) << level``. Level 0 has the hashes of the entries."""


def leaf_hash(entry: bytes) -> bytes:
    """Hash an entry."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash what stands below a node."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def pair(hashes: Sequence[bytes]) -> list[bytes]:
    """Hash nodes two by two: the level above them. An odd one at the end has nothing above it yet."""
    sha256 = hashlib.sha256
    return [sha256(b"\x01" + left + right).digest() for left, right in zip(hashes[::2], hashes[1::2], strict=False)]


@dataclass(slots=True)
class Frontier:
    """A tree as far as it has to be known to let it grow: the roots of its largest full subtrees.

    Args:
        size: How many entries it has.
        roots: The roots of the full subtrees that it consists of, the largest first: one for each 1 in the binary
            digits of ``size``.
    """

    size: int = 0
    roots: list[bytes] = field(default_factory=list[bytes])

    def append(self, leaf: bytes) -> list[tuple[int, int, bytes]]:
        """Add an entry.

        Args:
            leaf: Its hash.

        Returns:
            The hashes that there are now: level, place, hash, the one of the entry first. Each full subtree of the tree
            is returned once, when its last entry comes.
        """
        place, level, hashed = self.size, 0, leaf
        made = [(0, place, leaf)]
        while place & 1:
            hashed = node_hash(self.roots.pop(), hashed)
            place >>= 1
            level += 1
            made.append((level, place, hashed))
        self.roots.append(hashed)
        self.size += 1
        return made

    def extend(self, leaves: Sequence[bytes]) -> list[tuple[int, int, list[bytes]]]:
        """Add entries, all at once, which takes less time than one by one.

        Args:
            leaves: Their hashes.

        Returns:
            The hashes that there are now, level by level from 0: level, place of the first one, and all of them.
        """
        made: list[tuple[int, int, list[bytes]]] = []
        smallest: list[bytes] = []
        level, place, hashes = 0, self.size, list(leaves)
        while hashes:
            made.append((level, place, hashes))
            if place & 1:
                hashes = [self.roots.pop(), *hashes]
            if len(hashes) & 1:
                smallest.append(hashes[-1])
            hashes = pair(hashes)
            place >>= 1
            level += 1
        self.roots += reversed(smallest)
        self.size += len(leaves)
        return made

    def root(self) -> bytes:
        """Return the root of the whole tree."""
        if not self.roots:
            return EMPTY_ROOT
        *rest, root = self.roots
        for left in reversed(rest):
            root = node_hash(left, root)
        return root


def root_of(leaves: Iterable[bytes]) -> bytes:
    """Return the root of the tree over hashes of entries."""
    frontier = Frontier()
    for leaf in leaves:
        frontier.append(leaf)
    return frontier.root()


# Proofs


def tree_root(hashes: Hashes, size: int) -> bytes:
    """Return the root of the tree of the first ``size`` entries."""
    return _range_root(hashes, 0, size) if size else EMPTY_ROOT


def prove_inclusion(hashes: Hashes, index: int, size: int) -> list[bytes]:
    """Prove that an entry is in a tree.

    Args:
        hashes: The tree's.
        index: Which entry, counted from 0.
        size: The size of the tree.

    Raises:
        ValueError: There is no such entry.
    """
    if not 0 <= index < size:
        raise ValueError(f"a tree of {size} entries has none with the number {index}")
    path: list[bytes] = []
    begin, end = 0, size
    while end - begin > 1:
        middle = begin + _left_size(end - begin)
        if index < middle:
            path.append(_range_root(hashes, middle, end))
            end = middle
        else:
            path.append(_range_root(hashes, begin, middle))
            begin = middle
    return path[::-1]


def prove_consistency(hashes: Hashes, old_size: int, size: int) -> list[bytes]:
    """Prove that a tree has grown out of a smaller one, whose entries are its first ones.

    Args:
        hashes: The tree's.
        old_size: The size of the smaller one.
        size: The size of the tree.

    Raises:
        ValueError: It is not smaller.
    """
    if not 0 <= old_size <= size:
        raise ValueError(f"a tree of {size} entries never had {old_size}")
    if old_size == 0:
        return []  # Every tree has grown out of the empty one.
    path: list[bytes] = []
    begin, end = 0, size
    while end != old_size:
        middle = begin + _left_size(end - begin)
        if old_size <= middle:
            path.append(_range_root(hashes, middle, end))
            end = middle
        else:
            path.append(_range_root(hashes, begin, middle))
            begin = middle
    if begin:  # Else it is the smaller tree's root, which whoever verifies has.
        path.append(_range_root(hashes, begin, end))
    return path[::-1]


def _left_size(size: int) -> int:
    """How many of so many entries stand on the left: the largest power of two that is smaller."""
    return 1 << (size - 1).bit_length() - 1


def _range_root(hashes: Hashes, begin: int, end: int) -> bytes:
    """The root over a range that begins at a multiple of the power of two that is not smaller than it."""
    full: list[bytes] = []
    while begin < end:
        level = (end - begin).bit_length() - 1
        full.append(hashes(level, begin >> level))
        begin += 1 << level
    root = full.pop()
    while full:
        root = node_hash(full.pop(), root)
    return root


# Verification


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Check a proof that an entry is in a tree.

    Args:
        leaf: The entry's hash.
        index: Its number in the tree, counted from 0.
        size: The tree's size.
        proof: The proof.
        root: The tree's root.

    Raises:
        ProofError: It proves no such thing.
    """
    if not 0 <= index < size:
        raise ProofError(f"a tree of {size} entries has none with the number {index}")
    number, last, computed = index, size - 1, leaf
    for other in proof:
        if last == 0:
            raise ProofError("the proof of inclusion is too long")
        if number & 1 or number == last:
            computed = node_hash(other, computed)
            while not number & 1 and number:
                number, last = number >> 1, last >> 1
        else:
            computed = node_hash(computed, other)
        number, last = number >> 1, last >> 1
    if last:
        raise ProofError("the proof of inclusion is too short")
    if computed != root:
        raise ProofError(f"the entry is not number {index} of the tree of {size} entries with this root")


def verify_consistency(old_size: int, size: int, old_root: bytes, root: bytes, proof: Sequence[bytes]) -> None:
    """Check a proof that a tree has grown out of a smaller one.

    Args:
        old_size: The size of the smaller one.
        size: The size of the tree.
        old_root: The root of the smaller one.
        root: The root of the tree.
        proof: The proof.

    Raises:
        ProofError: It proves no such thing.
    """
    if not 0 <= old_size <= size:
        raise ProofError(f"a tree of {size} entries never had {old_size}")
    if old_size in (0, size):
        if proof:
            raise ProofError("the proof of consistency is too long")
        if old_root != (root if old_size else EMPTY_ROOT):
            raise ProofError(f"two trees of {old_size} entries have different roots")
        return
    if not proof:
        raise ProofError("the proof of consistency is empty")
    path = list(proof)
    if old_size & old_size - 1 == 0:
        path.insert(0, old_root)  # It is a subtree of the larger one, and so not in the proof.
    number, last = old_size - 1, size - 1
    while number & 1:
        number, last = number >> 1, last >> 1
    old_computed = computed = path[0]
    for other in path[1:]:
        if last == 0:
            raise ProofError("the proof of consistency is too long")
        if number & 1 or number == last:
            old_computed, computed = node_hash(other, old_computed), node_hash(other, computed)
            while not number & 1 and number:
                number, last = number >> 1, last >> 1
        else:
            computed = node_hash(computed, other)
        number, last = number >> 1, last >> 1
    if last:
        raise ProofError("the proof of consistency is too short")
    if old_computed != old_root:
        raise ProofError(f"the tree has not grown out of that of {old_size} entries with this root")
    if computed != root:
        raise ProofError(f"the proof is of another tree of {size} entries")
