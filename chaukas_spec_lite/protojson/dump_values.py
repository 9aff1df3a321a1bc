"""Writing values as JSON text: scalars, and the well-known types that have a JSON form of their own.

In a field most well-known types are plain Python values: ``DUMP`` has a writer for each kind of field. As the outermost
message, or the content of an ``Any``, they are messages: ``DUMP_MESSAGE`` has a writer for each.

All writers take ``(value, run)``, so that one loop calls them all. They raise ``TypeError``, ``ValueError`` or
``Problem`` for a value that has no JSON. Depths are counted on the wire, where a Struct holds entries, which hold
Values, which hold Structs: what is written here is what ``load_values`` reads.
"""

from __future__ import annotations

from binascii import b2a_base64
from datetime import datetime, timedelta
from json.encoder import encode_basestring_ascii as quoted
from typing import TYPE_CHECKING, Any

from chaukas_spec_lite.protojson.problem import Problem, shown, step_of, too_deep, within
from chaukas_spec_lite.wellknown.times import datetime_from_wire, timedelta_from_wire
from chaukas_spec_lite.wellknown.timetext import duration_to_json, timestamp_to_json
from chaukas_spec_lite.wellknown.values import NO_KIND, NULL, Carrier, plain_of
from chaukas_spec_lite.wire.fields import (
    DURATION,
    FIELD_MASK,
    LIST,
    SIGNED,
    STRUCT,
    TIMESTAMP,
    UNSIGNED,
    VALUE,
    WRAPPERS,
)
from chaukas_spec_lite.wire.format import MAX_DEPTH, pack_float, unpack_float
from chaukas_spec_lite.wire.refusals import no_json, no_key, refused
from chaukas_spec_lite.wire.scalars import (
    boolean,
    double,
    fields_in,
    integer,
    is_array,
    is_dict,
    items,
    raw,
    two_members,
    values_in,
)

if TYPE_CHECKING:
    from chaukas_spec_lite.protojson.run import Dump, DumpRun

_INFINITY = float("inf")

_EXACT = 10**15
"""Whole numbers up to here are exact as doubles, whose ``repr`` is then their digits and ``.0``."""

_CONSTANTS = {None: "null", False: "false", True: "true"}


def dump_text(value: str) -> str:
    """Write a string; half of a surrogate pair is refused, because it has no UTF-8."""
    if not str.isascii(value):  # which a subclass may override
        try:
            str.encode(value)
        except UnicodeEncodeError as error:
            instead = 'use value.encode(errors="replace").decode()'
            raise Problem(f"a lone surrogate at index {error.start} is no Unicode text; {instead}") from None
    return quoted(value)


def _dump_string(value: Any, _: Any) -> str:
    value = plain_of(value)
    if not isinstance(value, str):
        raise TypeError(refused(value, "str"))
    return dump_text(value)


def _dump_bytes(value: Any, _: Any) -> str:
    raw(value)  # checks the type
    return f'"{b2a_base64(value, newline=False).decode("ascii")}"'


def _dump_bool(value: Any, _: Any) -> str:
    return "false" if boolean(plain_of(value)) == "\0" else "true"


def _dump_32_bits(kind: str) -> Dump:
    return lambda value, _: f"{int(integer(value, kind))}"


def _dump_64_bits(kind: str) -> Dump:
    # In a string, because JavaScript reads every number as a double, which holds 53 bits.
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
        packed = pack_float(number)
    except OverflowError:  # too large for 32 bits: the wire has an infinity then, and so has JSON
        return _not_finite(number * _INFINITY)
    (single,) = unpack_float(packed)
    # A number of six digits comes back from a float as it was, and nine digits tell any two floats apart (FLT_DIG and
    # FLT_DECIMAL_DIG in C). So the shortest form has 6 to 9, or fewer, as "g" leaves zeros at the end out.
    for digits in range(6, 9):
        short = f"{single:.{digits}g}"
        if pack_float(float(short)) == packed:
            break
    else:
        short = f"{single:.9g}"  # nine digits always tell two floats apart
    return repr(float(short))


_SCALARS: dict[str, Dump] = {
    "string": _dump_string,
    "bytes": _dump_bytes,
    "bool": _dump_bool,
    "double": _dump_double,
    "float": _dump_float,
    **{kind: _dump_32_bits(kind) for kind, bits in (SIGNED | UNSIGNED).items() if bits == 32},
    **{kind: _dump_64_bits(kind) for kind, bits in (SIGNED | UNSIGNED).items() if bits == 64},
}


def dump_key(kind: str) -> Dump:
    """Make the writer of a map's keys, which are strings in JSON."""
    write = _SCALARS[kind]
    if kind == "string" or (SIGNED | UNSIGNED).get(kind) == 64:  # written in quotes already
        return write
    return lambda key, run: f'"{write(key, run)}"'


def _dump_value(value: Any, depth: int) -> str:
    """Write a Value that stands ``depth`` levels deep: numbers are doubles; NaN and infinities have no form."""
    if depth > MAX_DEPTH:
        raise too_deep()
    if isinstance(value, Carrier):
        value = plain_of(value)
    if value is None or value is NULL:
        return "null"
    if value is NO_KIND:
        raise Problem("a google.protobuf.Value of no kind has no JSON")
    # Before numbers, because a bool is an int.
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return dump_text(value)
    if isinstance(value, (int, float)):
        return _dump_number(value)
    if is_dict(value):
        return _dump_struct(value, depth + 1)
    if is_array(value):
        return _dump_list(value, depth + 1)
    raise Problem(no_json(value))


def _dump_struct(value: Any, depth: int) -> str:
    """Write a Struct that stands ``depth`` levels deep; its values stand two levels deeper, in entries."""
    value = fields_in(value)
    if depth > MAX_DEPTH - 2 and (value or depth > MAX_DEPTH):
        raise too_deep()
    members: list[str] = []
    key: Any = ""
    try:
        for key, item in value.items():
            name = quoted(key) if key.__class__ is str and key.isascii() else _dump_name(key)
            kind = item.__class__
            if kind is str:
                members.append(f"{name}: {quoted(item) if item.isascii() else dump_text(item)}")
            elif kind is float and -_INFINITY < item < _INFINITY:
                members.append(f"{name}: {item!r}")
            elif kind is int and -_EXACT <= item <= _EXACT:
                members.append(f"{name}: {item}.0")
            elif kind is bool or item is None:
                members.append(f"{name}: {_CONSTANTS[item]}")
            else:
                members.append(f"{name}: {_dump_value(item, depth + 2)}")
    except Exception as error:  # a value may raise anything as it is read
        raise within(error, step_of(key)) from None
    return f"{{{', '.join(members)}}}"


def _dump_list(value: Any, depth: int) -> str:
    """Write a ListValue that stands ``depth`` levels deep; its values stand one level deeper."""
    value = values_in(value)
    if depth > MAX_DEPTH - 1 and (value or depth > MAX_DEPTH):
        raise too_deep()
    elements: list[str] = []
    try:
        for item in value:
            kind = item.__class__
            if kind is str:
                elements.append(quoted(item) if item.isascii() else dump_text(item))
            elif kind is float and -_INFINITY < item < _INFINITY:
                elements.append(repr(item))
            elif kind is int and -_EXACT <= item <= _EXACT:
                elements.append(f"{item}.0")
            elif kind is bool or item is None:
                elements.append(_CONSTANTS[item])
            else:
                elements.append(_dump_value(item, depth + 1))
    except Exception as error:  # a value may raise anything as it is read
        raise within(error, len(elements)) from None
    return f"[{', '.join(elements)}]"


def _dump_name(key: Any) -> str:
    if not isinstance(key, str):
        raise Problem(no_key(key, shown(key)))
    return dump_text(key)


def _dump_number(value: float) -> str:
    try:
        number = float(value)
    except OverflowError:
        raise Problem(f"{shown(value)} is too large for a double; use str(value)") from None
    if not -_INFINITY < number < _INFINITY:
        raise Problem(f"{number} in a google.protobuf.Value has no JSON")
    return repr(number)


def _dump_timestamp(value: Any, run: DumpRun) -> str:
    run.check()
    if isinstance(value, datetime):
        return f'"{timestamp_to_json(value)}"'
    raise Problem(refused(value, "datetime"))


def _dump_duration(value: Any, run: DumpRun) -> str:
    run.check()
    if isinstance(value, timedelta):
        return f'"{duration_to_json(value)}"'
    raise Problem(refused(value, "timedelta"))


def _dump_wrapped(kind: str) -> Dump:
    """Make the writer of a wrapper, which JSON shows as the scalar that it wraps."""
    write = _SCALARS[kind]

    def wrapped(value: Any, run: DumpRun) -> str:
        run.check()  # on the wire a wrapper is a message, and counts as a level
        return write(value, run)

    return wrapped


DUMP: dict[str, Dump] = {
    **_SCALARS,
    **{name: _dump_wrapped(kind) for name, kind in WRAPPERS.items()},
    STRUCT: lambda value, run: _dump_struct(value, run.depth),
    LIST: lambda value, run: _dump_list(value, run.depth),
    VALUE: lambda value, run: _dump_value(value, run.depth),
    TIMESTAMP: _dump_timestamp,
    DURATION: _dump_duration,
}
"""The writer of each kind of field but messages and enums."""


def _dump_value_message(message: Any, run: DumpRun) -> str:
    members = ("null_value", "number_value", "string_value", "bool_value", "struct_value", "list_value")
    chosen = [name for name in members if getattr(message, name) is not None]
    if len(chosen) > 1:
        raise two_members("kind", *chosen[:2])
    if not chosen:
        raise Problem("a google.protobuf.Value of no kind has no JSON")
    return "null" if chosen == ["null_value"] else DUMP[VALUE](getattr(message, chosen[0]), run)


def _dump_timestamp_message(message: Any, run: DumpRun) -> str:
    return DUMP[TIMESTAMP](datetime_from_wire(message.seconds, message.nanos), run)


def _dump_duration_message(message: Any, run: DumpRun) -> str:
    return DUMP[DURATION](timedelta_from_wire(message.seconds, message.nanos), run)


def _dump_mask(message: Any, run: DumpRun) -> str:
    run.check()
    return dump_text(",".join(map(_mask_path, items(message.paths))))


def _mask_path(path: Any) -> str:
    """Write a path of a FieldMask in lowerCamelCase: ``user.display_name`` is ``user.displayName``.

    A path that reading the result would not give back has no JSON
    (https://protobuf.dev/reference/protobuf/google.protobuf/#json-encoding-field-masks).
    """
    if not isinstance(path, str):
        raise TypeError(refused(path, "str"))
    head, *rest = path.split("_")
    if "," in path or any(map(str.isupper, path)) or not all(part[:1].islower() for part in rest):
        raise ValueError(
            f"the path {path!r} has no JSON: it may have no capitals and no comma, and each underscore needs a "
            "lower-case letter behind it"
        )
    return head + "".join(part[0].upper() + part[1:] for part in rest)


def _dump_wrapper(kind: str) -> Dump:
    write = DUMP[kind]
    return lambda message, run: write(message.value, run)


DUMP_MESSAGE: dict[str, Dump] = {
    STRUCT: lambda message, run: DUMP[STRUCT](message.fields, run),
    LIST: lambda message, run: DUMP[LIST](message.values, run),
    VALUE: _dump_value_message,
    TIMESTAMP: _dump_timestamp_message,
    DURATION: _dump_duration_message,
    FIELD_MASK: _dump_mask,
    **{name: _dump_wrapper(kind) for name, kind in WRAPPERS.items()},
}
"""The writers of messages that have a JSON form of their own, by full name; but for ``Any``."""
