"""Header compression that remembers: the calls of a client, and the answers of a server, have the same headers.

What HPACK (RFC 7541) makes of headers depends on its table of those seen before. As long as none is added to the table
and its size is not set, the same headers become the same bytes, and the other way round.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import Any, Generic, TypeVar

from hpack import Decoder, Encoder, HeaderTuple, HPACKDecodingError
from hpack.table import HeaderTable

from chaukas_spec_lite.rpc.transport.log_redaction import SILENCE, install

V = TypeVar("V")

_MAX_KNOWN = 64
"""How many header blocks are remembered."""
_MAX_BLOCK = 512
"""The largest that is, in bytes."""


_NOTHING = object()
"""What is the newest entry of no table."""

_MAX_SIZES = 64
"""How many sizes of a table are told between two blocks: a peer may ask for one after the other."""


class _Memory(Generic[V]):
    """What was made while a table was in its present state."""

    def __init__(self, table: HeaderTable) -> None:
        self._table = table
        self._known: dict[Hashable, V] = {}
        self._newest: object = None

    def get(self, key: Hashable, make: Callable[[], V]) -> V:
        """Return what is known by a key, or make it."""
        found = self.peek(key)
        if found is None:
            found = make()
            if self._is_current():
                self.add(key, found)
        return found

    def peek(self, key: Hashable) -> V | None:
        """Return what is known by a key."""
        return self._known.get(key) if self._is_current() else None

    def add(self, key: Hashable, value: V) -> None:
        """Remember something about the present state of the table."""
        if len(self._known) >= _MAX_KNOWN:
            self._known.clear()
        self._known[key] = value

    def forget(self) -> None:
        """Forget everything: a table that got smaller, if only for a moment, has lost entries from its end."""
        self._known.clear()
        self._newest = _NOTHING

    def _is_current(self) -> bool:
        """Whether the table is what it was when this was asked last; each addition puts a new tuple in front.

        If it is not, all that was known is forgotten.
        """
        entries = self._table.dynamic_entries
        newest = entries[0] if entries else None
        if newest is self._newest:
            return True
        self._newest = newest
        self._known.clear()
        return False


class RememberingEncoder(Encoder):
    """hpack's encoder; it is quicker when headers come again."""

    def __init__(self) -> None:
        install()
        super().__init__()
        self._memory = _Memory[bytes](self.header_table)

    @property
    def header_table_size(self) -> int:
        """The size of the table, in bytes."""
        return self.header_table.maxsize

    @header_table_size.setter
    def header_table_size(self, value: int) -> None:
        if value != self.header_table.maxsize:
            if len(self.table_size_changes) >= _MAX_SIZES:  # The peer needs the smallest one (RFC 7541, section 4.2).
                self.table_size_changes = [min(self.table_size_changes)]
            self.table_size_changes.append(value)
        with SILENCE:
            self.header_table.maxsize = value
        # hpack would say nothing to the peer if the last of several sizes is the one before it once more.
        self.header_table.resized = bool(self.table_size_changes)
        self._memory.forget()

    def encode(self, headers: Iterable[Any], huffman: bool = True) -> bytes:
        """Encode a sequence of headers, which is the form that h2 hands over."""
        fields: list[Any] = list(headers)
        if self.table_size_changes:  # then the block begins with the new sizes
            block = self._encode(fields, huffman)
            self._memory.forget()
            return block
        return self._memory.get(_key(fields, huffman), lambda: self._encode(fields, huffman))

    def _encode(self, headers: list[Any], huffman: bool) -> bytes:
        with SILENCE:
            return super().encode(headers, huffman)

    def known(self, headers: list[Any]) -> bytes | None:
        """Return what ``encode`` would make of headers, text or bytes, if that is remembered."""
        if self.table_size_changes:
            return None
        key = _key(headers, "text")
        block = self._memory.peek(key)
        if block is None:
            block = self._memory.peek(_key(list(map(_as_bytes, headers)), True))
            if block is not None:
                self._memory.add(key, block)
        return block


class RememberingDecoder(Decoder):
    """hpack's decoder; it is quicker when headers come again."""

    def __init__(self) -> None:
        install()
        super().__init__()
        self._memory = _Memory[list[HeaderTuple]](self.header_table)

    @property
    def header_table_size(self) -> int:
        """The size of the table, in bytes; what a block says about it is set here, too."""
        return self.header_table.maxsize

    @header_table_size.setter
    def header_table_size(self, value: int) -> None:
        with SILENCE:
            self.header_table.maxsize = value
        self._memory.forget()

    def decode(self, data: bytes, raw: bool = False) -> list[HeaderTuple]:
        """Decode headers; raises what hpack raises."""
        if len(data) > _MAX_BLOCK or self._shrinks():
            return self._decode(data, raw)
        return list(self._memory.get((bytes(data), raw), lambda: self._decode(data, raw)))

    def _decode(self, data: bytes, raw: bool) -> list[HeaderTuple]:
        try:
            with SILENCE:
                return list(super().decode(data, raw))
        except HPACKDecodingError as error:
            if type(error) is not HPACKDecodingError:
                raise
            # Its text may hold the rest of the block, and is logged by grpclib.
            raise HPACKDecodingError("it is damaged") from None

    def known(self, data: bytes) -> list[HeaderTuple] | None:
        """Return the headers of a block as text, if they are remembered and HTTP/2 has nothing to look up in them.

        That is the length of the content, and whether a status is a provisional one.
        """
        if self._shrinks():
            return None
        key = data, "text"
        headers = self._memory.peek(key)
        if headers is None:
            raw = self._memory.peek((data, True))
            if raw is None or not all(map(_is_plain, raw)):
                return None
            headers = [type(header)(*(part.decode("latin-1") for part in header)) for header in raw]
            self._memory.add(key, headers)
        return list(headers)

    def _shrinks(self) -> bool:
        """Whether the next block has to say first that the table is smaller now."""
        return self.header_table.maxsize > self.max_allowed_table_size


def _key(headers: list[Any], kind: object) -> Hashable:
    # Tuples are equal whether or not they may be indexed.
    return kind, tuple(headers), tuple(map(type, headers))


def _as_bytes(header: Any) -> Any:
    """Do what h2 does to headers before it has them encoded."""
    name, value = (part.encode() if isinstance(part, str) else part for part in header[:2])
    return type(header)(name, value) if isinstance(header, HeaderTuple) else (name, value)


def _is_plain(header: Any) -> bool:
    name, value = header
    return name != b"content-length" and not (name == b":status" and value.startswith(b"1"))
