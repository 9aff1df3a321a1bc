"""JSON text into plain values, as strict as the specification: no NaN, no name twice, UTF-8 only, bounded depth."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from typing import Any, NoReturn

from chaukas_spec_lite.errors import JSONError
from chaukas_spec_lite.protojson.locate import deeper_than, first_repeated, line_and_column, or_string, outside_strings
from chaukas_spec_lite.protojson.problem import out_of_stack, path
from chaukas_spec_lite.wire.format import MAX_DEPTH
from chaukas_spec_lite.wire.refusals import named

_NUMBER = or_string(r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_WORD = or_string("-?Infinity|NaN")
_MINUS_ZERO = re.compile(r"-0(?=[\s,\]}]|\Z)")


_MAX_BRACKETS = 2 * MAX_DEPTH + 2
"""How deep brackets may nest: two for each level, where all fields are repeated, and for the outermost message."""


class _RepeatedName(Exception):
    pass


class _Constant(Exception):
    pass


def decode(value: str | bytes) -> str:
    """Return the text, which is UTF-8 where it comes as bytes."""
    if isinstance(value, str):
        return value
    if not isinstance(value, (bytes, bytearray, memoryview)):
        hint = "; use from_dict for what json.loads returned" if isinstance(value, dict) else ""
        hint = "; use value.read()" if hasattr(value, "read") else hint
        raise TypeError(f"JSON is expected as str or bytes, got {named(value)}{hint}")
    data = bytes(value)
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        before = data[: error.start].decode()
        line, column = line_and_column(before, len(before))
        raise JSONError(f"not UTF-8: {error.reason}", path="$", line=line, column=column) from None


def parse(text: str) -> Any:
    """Read JSON text; raises ``JSONError`` with the line and column of what is no JSON."""
    # An int has no minus zero, and a double field has: text that may hold one is read with a slower parse_int.
    parse_int: Callable[[str], float] | None = _integer if _MINUS_ZERO.search(text) else None
    try:
        return json.loads(text, object_pairs_hook=_object, parse_constant=_constant, parse_int=parse_int)
    except json.JSONDecodeError as error:
        raise _error(error.msg, text, error.pos) from None
    except _RepeatedName:
        raise _repeated_name(text) from None
    except _Constant as error:
        found = next(outside_strings(text, _WORD))
        raise _error(f'{error} is no JSON; use the string "{error}"', text, found.start()) from None
    except RecursionError:
        offset = deeper_than(text, _MAX_BRACKETS)
        if offset is None:
            raise _error(out_of_stack().message, text, 0) from None
        raise _error(f"nested deeper than {MAX_DEPTH} levels", text, offset) from None
    # All other ValueErrors have been caught above, so it is ``int`` that refuses the number of digits.
    except ValueError:
        raise _long_integer(text) from None


def _error(message: str, text: str, offset: int) -> JSONError:
    line, column = line_and_column(text, offset)
    return JSONError(message, path="$", line=line, column=column)


def _long_integer(text: str) -> JSONError:
    """Find the first integer that ``int`` does not read for its length; fractions and exponents are no integers."""
    for found in outside_strings(text, _NUMBER):
        digits = found[1].removeprefix("-")
        if len(digits) > sys.get_int_max_str_digits() and digits.isdigit():
            return _error(f"an integer of {len(digits)} digits is out of range for every type", text, found.start())
    raise AssertionError("no integer is too long")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    # RFC 8259, section 4, leaves it open what a repeated name means; ProtoJSON refuses it.
    if len(members) != len(pairs):
        raise _RepeatedName
    return members


def _constant(name: str) -> NoReturn:
    raise _Constant(name)


def _integer(digits: str) -> float:
    return -0.0 if digits == "-0" else int(digits)


def _repeated_name(text: str) -> JSONError:
    found = first_repeated(text)
    assert found is not None, "an object had a name twice"
    steps, offset = found
    line, column = line_and_column(text, offset)
    return JSONError("this name is given twice", path=path(steps), line=line, column=column)
