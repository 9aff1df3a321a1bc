"""Writing scalar values as JSON text. What is wrong raises ``TypeError`` or ``ValueError``, or a ``Problem``.

Writers take ``(value, run)`` like those of messages, so that one loop calls them all; scalars need no run.
"""

from __future__ import annotations

from binascii import b2a_base64
from operator import index
from typing import Any

from chaukas_spec_lite.protojson.dump_values import dump_text
from chaukas_spec_lite.protojson.run import Dump
from chaukas_spec_lite.wellknown.values import plain_of
from chaukas_spec_lite.wire.fields import SIGNED, UNSIGNED
from chaukas_spec_lite.wire.format import pack_float, unpack_float
from chaukas_spec_lite.wire.scalars import double, integer, named, raw

_INFINITY = float("inf")


def _dump_text(value: Any, _: Any) -> str:
    value = plain_of(value)
    if not isinstance(value, str):
        raise TypeError(f"expected str, got {named(value)}")
    return dump_text(value)


def _dump_bytes(value: Any, _: Any) -> str:
    raw(value)  # checks the type
    return f'"{b2a_base64(value, newline=False).decode("ascii")}"'


def _dump_bool(value: Any, _: Any) -> str:
    try:
        return "true" if index(plain_of(value)) else "false"
    except TypeError:
        raise TypeError(f"expected bool, got {named(value)}") from None


def _dump_small(kind: str) -> Dump:
    return lambda value, _: f"{int(integer(value, kind))}"


def _dump_large(kind: str) -> Dump:
    return lambda value, _: f'"{int(integer(value, kind))}"'


def _dump_double(value: Any, _: Any) -> str:
    if value.__class__ is not float:
        value = plain_of(value)
        double(value)  # checks that it is a number and fits; float() would read strings, too
        value = float(value)
    return repr(value) if -_INFINITY < value < _INFINITY else _not_finite(value)


def _not_finite(number: float) -> str:
    return '"NaN"' if number != number else '"Infinity"' if number > 0 else '"-Infinity"'


def _dump_float(value: Any, _: Any) -> str:
    """Write the shortest number that is the same float: 0.1, not 0.10000000149011612."""
    value = plain_of(value)
    double(value)
    number = float(value)
    if not -_INFINITY < number < _INFINITY:
        return _not_finite(number)
    try:
        exact = pack_float(number)
    except OverflowError:  # which the wire makes an infinity of
        return _not_finite(number * _INFINITY)
    (single,) = unpack_float(exact)
    for digits in range(6, 9):
        short = f"{single:.{digits}g}"
        if pack_float(float(short)) == exact:
            break
    else:
        short = f"{single:.9g}"
    return repr(float(short))


DUMP: dict[str, Dump] = {
    "string": _dump_text,
    "bytes": _dump_bytes,
    "bool": _dump_bool,
    "double": _dump_double,
    "float": _dump_float,
    **{kind: _dump_small(kind) for kind, bits in (SIGNED | UNSIGNED).items() if bits == 32},
    **{kind: _dump_large(kind) for kind, bits in (SIGNED | UNSIGNED).items() if bits == 64},
}
"""The writer of each scalar type."""


def dump_key(kind: str) -> Dump:
    """Make the writer of a map's keys, which are strings in JSON."""
    write = DUMP[kind]
    if kind == "string" or (kind in SIGNED | UNSIGNED and (SIGNED | UNSIGNED)[kind] == 64):
        return write
    return lambda key, run: f'"{write(key, run)}"'
