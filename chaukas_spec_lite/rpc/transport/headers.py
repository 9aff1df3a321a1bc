"""Header compression that remembers its results, because the headers of a client's calls are mostly the same.

HPACK (RFC 7541) keeps a table of headers seen before, and refers to its entries. As long as no entry is added and the
table's size is not set, the same headers become the same bytes, and the same bytes the same headers.

``RedactedEncoder`` and ``RedactedDecoder`` are hpack's classes and only keep headers out of the log. They are used with
every hpack, so they need nothing that it keeps to itself, not even its table. The remembering ones rely on how hpack
keeps its table; ``verification`` tries that out before they are used.
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
"""Stands for a newest entry that no table has, so that the next comparison finds a difference."""

_MAX_SIZES = 64
"""How many sizes of a table are kept to be announced with the next block. A peer may ask for any number of them before
that, and each would take memory."""


def secret(name: str | bytes, value: str | bytes) -> Header:
    """Make a header that is kept out of the tables of compression, on every machine on its way.

    From compressed sizes, an attacker who can add headers could otherwise guess it (RFC 7541, section 7.1.3).
    """
    return NeverIndexedHeaderTuple(name, value)


class _Memory(Generic[V]):
    """Results that hold as long as a table is in the state in which they were made."""

    def __init__(self, table: HeaderTable) -> None:
        self._table = table
        self._known: dict[Hashable, V] = {}
        self._newest: object = None

    def get(self, key: Hashable, make: Callable[[], V]) -> V:
        """Return the result that is remembered under a key, or make it."""
        found = self.peek(key)
        if found is None:
            found = make()
            # Making it may add an entry to the table. The same headers would then become other bytes the next time, so
            # nothing is remembered.
            if self._is_current():
                self.add(key, found)
        return found

    def peek(self, key: Hashable) -> V | None:
        """Return the result that is remembered under a key, or None."""
        return self._known.get(key) if self._is_current() else None

    def add(self, key: Hashable, value: V) -> None:
        """Remember a result for the present state of the table."""
        if len(self._known) >= _MAX_KNOWN:  # Clearing is simple, and what is in use comes back at once.
            self._known.clear()
        self._known[key] = value

    def forget(self) -> None:
        """Forget everything. Needed when a table's size is set, because it may have lost entries from its end.

        Neither the newest entry nor the size tells that afterwards, if it grew again.
        """
        self._known.clear()
        self._newest = _NOTHING

    def _is_current(self) -> bool:
        """Whether the table is unchanged since this was asked last. If it is not, forget everything.

        hpack puts each addition in front as a new tuple, so comparing the identity of one entry is enough.
        """
        # An entry that is dropped at the end is noticed, too: only an addition makes a table of the same size drop one.
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
        if value != self.header_table.maxsize:  # As in hpack, the same size once more is not announced.
            if len(self.table_size_changes) >= _MAX_SIZES:  # The peer needs the smallest one (RFC 7541, section 4.2).
                self.table_size_changes = [min(self.table_size_changes)]
            self.table_size_changes.append(value)
        self.header_table.maxsize = value
        # hpack's own setter overwrites this flag each time, so that setting the same size twice would cancel the
        # announcement, and both ends would have tables of different sizes.
        self.header_table.resized = bool(self.table_size_changes)
        self._memory.forget()

    def encode(self, headers: Iterable[Any], huffman: bool = True) -> bytes:
        """Encode a sequence of headers, which is the form that h2 hands over."""
        fields: list[Any] = list(headers)
        if self.table_size_changes:
            # Sizes are announced at the beginning of the next block only (RFC 7541, section 4.2), so the bytes of this
            # one are not to be repeated.
            block = super().encode(fields, huffman)
            self._memory.forget()
            return block
        encode = super().encode
        return self._memory.get(_key(fields, huffman), lambda: encode(fields, huffman))

    def known(self, headers: list[Any]) -> bytes | None:
        """Return what ``encode`` would make of headers, text or bytes, if that is remembered."""
        if self.table_size_changes:
            return None
        # h2 encodes headers to bytes before `encode` sees them, and remembering happens there. A second key, for the
        # text, saves that work the next time.
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

    def decode(self, data: bytes, raw: bool = False) -> list[HeaderTuple]:
        """Decode headers; raises what hpack raises."""
        try:
            with REDACTION:
                return list(super().decode(data, raw))
        except HPACKDecodingError as error:
            # h2 distinguishes the subclasses, and their texts hold no headers.
            if type(error) is not HPACKDecodingError:
                raise
            # The text of the class itself may hold the rest of the block, and it is logged with the traceback.
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
        self.header_table.maxsize = value
        self._memory.forget()

    def decode(self, data: bytes, raw: bool = False) -> list[HeaderTuple]:
        """Decode headers; raises what hpack raises."""
        decode = super().decode
        # While a smaller size waits to be announced, a block without the announcement is an error, which hpack finds.
        if len(data) > _MAX_BLOCK or self._shrinks():
            return decode(data, raw)
        # A list of its own for each caller, as hpack gives, because a caller may change it.
        return list(self._memory.get((bytes(data), raw), lambda: decode(data, raw)))

    def known(self, data: bytes) -> list[HeaderTuple] | None:
        """Return the headers of a block as text, if they are remembered and h2 needs nothing from them.

        HTTP/2 would need the content's length, and whether a status is a provisional one.
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
    # The types are part of the key: a header that must never be indexed equals one that may, but has other bytes.
    return kind, tuple(headers), tuple(map(type, headers))


def _as_bytes(header: Any) -> Any:
    """Do what h2 does to headers before it has them encoded."""
    name, value = (part.encode() if isinstance(part, str) else part for part in header[:2])
    return type(header)(name, value) if isinstance(header, HeaderTuple) else (name, value)


def _is_plain(header: Any) -> bool:
    # h2 compares the content's length with the data that follows, and treats statuses from 100 to 199 as provisional.
    name, value = header
    return name != b"content-length" and not (name == b":status" and value.startswith(b"1"))
