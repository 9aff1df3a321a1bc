"""Header compression that remembers: the calls of a client have the same headers, and so have a server's responses.

What HPACK (RFC 7541) makes of headers depends on its table of those seen before. As long as none is added to the table
and its size is not set, the same headers become the same bytes, and the other way round.

``RedactedEncoder`` and ``RedactedDecoder`` are hpack's own and only keep headers out of the log. The remembering ones
rely on how hpack keeps its table; ``verification`` tries that out before they are used.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from hpack import Decoder, Encoder, HeaderTuple, HPACKDecodingError, NeverIndexedHeaderTuple

from chaukas_spec_lite.rpc.transport.log_redaction import REDACTION, install

if TYPE_CHECKING:
    from hpack.table import HeaderTable

V = TypeVar("V")

Header = HeaderTuple
"""The name and the value of a header, and whether compression may put it into its table."""

_MAX_KNOWN = 64
"""How many header blocks are remembered."""
_MAX_BLOCK = 512
"""The size in bytes up to which a received block is remembered."""

_NOTHING = object()
"""What is the newest entry of no table."""

_MAX_SIZES = 64
"""How many sizes of a table are announced between two blocks: a peer may ask for one after the other."""


def secret(name: str | bytes, value: str | bytes) -> Header:
    """Make a header that is kept out of the tables of compression, on every machine on its way."""
    return NeverIndexedHeaderTuple(name, value)


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
        """Whether the table is what it was when this was asked last. If it is not, forget all that was known.

        hpack puts each addition in front as a new tuple, so comparing the identity of one entry is enough.
        """
        entries = self._table.dynamic_entries
        newest = entries[0] if entries else None
        if newest is self._newest:
            return True
        self._newest = newest
        self._known.clear()
        return False


class RedactedEncoder(Encoder):
    """hpack's encoder; what it encodes is not logged."""

    def __init__(self) -> None:
        install()
        super().__init__()

    @property
    def header_table_size(self) -> int:
        """The size of the table, in bytes."""
        return self.header_table.maxsize

    @header_table_size.setter
    def header_table_size(self, value: int) -> None:
        with REDACTION:  # Entries that a smaller table drops are logged.
            vars(Encoder)["header_table_size"].__set__(self, value)  # A property is not set through super().

    def encode(self, headers: Iterable[Any], huffman: bool = True) -> bytes:
        """Encode a sequence of headers, which is the form that h2 hands over."""
        with REDACTION:
            return super().encode(headers, huffman)

    def known(self, headers: list[Any]) -> bytes | None:
        """Return what ``encode`` would make of headers, text or bytes, if that is remembered; here nothing is."""
        return None


class RememberingEncoder(RedactedEncoder):
    """An encoder that is quicker when headers come again."""

    def __init__(self) -> None:
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
        with REDACTION:
            self.header_table.maxsize = value
        # hpack would say nothing to the peer if the last of several sizes is the one before it once more.
        self.header_table.resized = bool(self.table_size_changes)
        self._memory.forget()

    def encode(self, headers: Iterable[Any], huffman: bool = True) -> bytes:
        """Encode a sequence of headers, which is the form that h2 hands over."""
        fields: list[Any] = list(headers)
        if self.table_size_changes:  # Then the block begins with the new sizes, which none of the next ones does.
            block = super().encode(fields, huffman)
            self._memory.forget()
            return block
        encode = super().encode
        return self._memory.get(_key(fields, huffman), lambda: encode(fields, huffman))

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


class RedactedDecoder(Decoder):
    """hpack's decoder; what it decodes is not logged, and does not stand in errors."""

    def __init__(self) -> None:
        install()
        super().__init__()

    @property
    def header_table_size(self) -> int:
        """The size of the table, in bytes; what a block says about it is set here, too."""
        return self.header_table.maxsize

    @header_table_size.setter
    def header_table_size(self, value: int) -> None:
        with REDACTION:
            self.header_table.maxsize = value

    def decode(self, data: bytes, raw: bool = False) -> list[HeaderTuple]:
        """Decode headers; raises what hpack raises."""
        try:
            with REDACTION:
                return list(super().decode(data, raw))
        except HPACKDecodingError as error:
            if type(error) is not HPACKDecodingError:
                raise
            # Its text may hold the rest of the block, and it is logged with the traceback.
            raise HPACKDecodingError("it is damaged") from None

    def known(self, data: bytes) -> list[HeaderTuple] | None:
        """Return the headers of a block as text, if they are remembered; here nothing is."""
        return None


class RememberingDecoder(RedactedDecoder):
    """A decoder that is quicker when headers come again."""

    def __init__(self) -> None:
        super().__init__()
        self._memory = _Memory[list[HeaderTuple]](self.header_table)

    @property
    def header_table_size(self) -> int:
        """The size of the table, in bytes; what a block says about it is set here, too."""
        return self.header_table.maxsize

    @header_table_size.setter
    def header_table_size(self, value: int) -> None:
        with REDACTION:
            self.header_table.maxsize = value
        self._memory.forget()

    def decode(self, data: bytes, raw: bool = False) -> list[HeaderTuple]:
        """Decode headers; raises what hpack raises."""
        decode = super().decode
        if len(data) > _MAX_BLOCK or self._shrinks():
            return decode(data, raw)
        return list(self._memory.get((bytes(data), raw), lambda: decode(data, raw)))

    def known(self, data: bytes) -> list[HeaderTuple] | None:
        """Return the headers of a block as text, if they are remembered and HTTP/2 has nothing to look up in them.

        What it would look up is the length of the content, and whether a status is a provisional one.
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
        """Whether the next block has to announce first that the table is smaller now."""
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
