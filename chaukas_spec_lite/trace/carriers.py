"""Finds the three headers in whatever people keep headers in, and puts them there.

Names of headers are looked for whatever their case, in dicts, in lists of pairs (of bytes, too, as ASGI and Kafka have
them), in the header classes of httpx, requests, aiohttp, Starlette, Werkzeug and the standard library, in the environ
of WSGI, and in ``os.environ``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar, cast

NAMES = ("traceparent", "tracestate", "baggage")

_Headers = TypeVar("_Headers")

_OF_WSGI = frozenset({"wsgi.version", "REQUEST_METHOD", "HTTP_TRACEPARENT"})
"""Any of these keys tells the environ of a request from other mappings."""


def read(headers: object) -> dict[str, list[str]]:
    """Find the values of the three headers.

    Args:
        headers: A mapping, an iterable of pairs, or None. Names and values are text or bytes; a value may also be a
            list of them.

    Returns:
        For each of ``NAMES`` the values, in their order; an empty list for what is not there.
    """
    found: dict[str, list[str]] = {name: [] for name in NAMES}
    # WSGI servers copy the variables of their process into the environ: `TRACEPARENT` there is not the request's.
    prefix = "http_" if any(_text(key) in _OF_WSGI for key, _ in _pairs(headers)) else ""
    for key, value in _pairs(headers):
        name = _text(key).lower()
        if name.startswith(prefix) and (values := found.get(name[len(prefix) :])) is not None:
            values += map(_text, _several(value) or [value])
    return found


def write(headers: _Headers, values: Mapping[str, str]) -> _Headers:
    """Put headers where the three stood before.

    Args:
        headers: As for ``read``. What can be changed is changed: any mapping that can be assigned to, and lists.
        values: Text by name, in lower case; nothing, for a header that shall not be there.

    Returns:
        ``headers``, or in place of what cannot be changed a dict or a tuple with its entries and the new ones. A dict
        for None.
    """
    there: Any = headers
    pairs = [(key, value) for key, value in _pairs(headers) if _text(key).lower() not in values]
    in_bytes = isinstance(next((key for key, _ in _pairs(headers)), ""), bytes)
    convert: Callable[[str], Any] = str.encode if in_bytes else str
    new = [(convert(name), convert(value)) for name, value in values.items() if value]
    if isinstance(headers, list):
        there[:] = [*pairs, *new]
    elif isinstance(headers, tuple):
        there = (*pairs, *new)
    elif hasattr(headers, "__setitem__"):
        # Deleted first: in some of these classes an assignment adds a header, in others case makes a difference.
        for key in {key for key, _ in _pairs(headers) if _text(key).lower() in values}:
            # One name may stand there in two ways of writing, which are one key to classes that know headers.
            if key in there:
                del there[key]
        for name, value in new:
            there[name] = value
    else:
        there = dict([*pairs, *new])
    return there  # type: ignore[no-any-return]  # the same kind of thing, as far as it can be changed


def _pairs(headers: object) -> Iterator[tuple[object, object]]:
    """All names with their values, one name as often as it stands there."""
    # httpx has all values in `multi_items` and joins those of one name in `items`.
    items = getattr(headers, "multi_items", None) or getattr(headers, "items", None)
    pairs: object = items() if callable(items) else headers
    for pair in cast("Iterable[object]", pairs) if isinstance(pairs, Iterable) else ():
        if len(both := _several(pair)) == 2:
            yield both[0], both[1]


def _several(value: object) -> Sequence[object]:
    """A list or tuple; empty for anything else."""
    return value if isinstance(value, list | tuple) else ()  # pyright: ignore[reportUnknownVariableType]  # of anything


def _text(value: object) -> str:
    """Text or bytes as text; nothing for what is neither."""
    if isinstance(value, bytes | bytearray):
        return value.decode("latin-1")  # as HTTP has it; what is not ASCII is malformed in all three
    return value if isinstance(value, str) else ""
