"""The tree as C2SP's tlog-tiles serves it: files of up to 256 hashes, of which any proof can be made."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from chaukas_spec_lite.audit.merkle import HASH_SIZE, Hashes, node_hash

HEIGHT = 8
WIDTH = 1 << HEIGHT
"""How many hashes a full tile has."""

_PATH = re.compile(r"(0|[1-9][0-9]?)/((?:x[0-9]{3}/)*[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Tile:
    """A piece of the tree: hashes side by side, each of a full subtree of 256 to the power of ``level`` entries."""

    level: int
    index: int
    width: int = WIDTH
    """How many hashes it has: fewer than 256 at the right edge of the tree."""

    @property
    def path(self) -> str:
        """Its path, behind ``tile/``: ``0/x001/x234/067`` or, if it is not full, ``0/000.p/17``."""
        groups = [f"{self.index % 1000:03}"]
        rest = self.index // 1000
        while rest:
            groups.append(f"x{rest % 1000:03}")
            rest //= 1000
        partial = f".p/{self.width}" if self.width < WIDTH else ""
        return f"{self.level}/{'/'.join(reversed(groups))}{partial}"

    @classmethod
    def parse(cls, path: str) -> Tile:
        """Read a path.

        Raises:
            ValueError: It is none of a tile.
        """
        found = _PATH.fullmatch(path)
        if found is not None:
            index = int(found[2].replace("x", "").replace("/", ""))
            tile = cls(int(found[1]), index, int(found[3] or WIDTH))
            if tile.level < 64 and tile.path == path:
                return tile
        raise ValueError(f"{path[:100]!r} is no path of a tile, such as 0/x001/x234/067")

    def exists(self, size: int) -> bool:
        """Whether a tree of a size has it."""
        return self.index * WIDTH + self.width <= size >> HEIGHT * self.level

    def content(self, hashes: Hashes) -> bytes:
        """Return what it holds."""
        first = self.index * WIDTH
        level = HEIGHT * self.level
        return b"".join(hashes(level, place) for place in range(first, first + self.width))


Tiles: TypeAlias = "Callable[[Tile], bytes]"
"""Returns the content of a tile."""


def hashes_of_tiles(read: Tiles, size: int) -> Hashes:
    """Return the hashes of a tree of a size that is served as tiles. Each tile is asked for once.

    Args:
        read: Returns the content of a tile; what it raises goes on.
        size: The size of the tree.
    """
    known: dict[tuple[int, int], bytes] = {}

    def hashes(level: int, place: int) -> bytes:
        tile_level, above = divmod(level, HEIGHT)
        first = place << above  # among the hashes of the tile's level
        index = first // WIDTH
        content = known.get((tile_level, index))
        if content is None:
            width = min(WIDTH, (size >> HEIGHT * tile_level) - index * WIDTH)
            content = known[tile_level, index] = read(Tile(tile_level, index, width))
            if len(content) != width * HASH_SIZE:
                raise ValueError(f"tile {Tile(tile_level, index, width).path} has {len(content)} bytes")
        begin = (first - index * WIDTH) * HASH_SIZE
        level_hashes = [content[at : at + HASH_SIZE] for at in range(begin, begin + (HASH_SIZE << above), HASH_SIZE)]
        while len(level_hashes) > 1:
            level_hashes = [
                node_hash(left, right) for left, right in zip(level_hashes[::2], level_hashes[1::2], strict=True)
            ]
        return level_hashes[0]

    return hashes
