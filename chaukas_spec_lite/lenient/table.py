"""What plain value stands for a value that JSON has not: the table, and how a row is found.

Nothing is imported to recognise a value: the full names of its classes, or what they have, say what it is. A row makes
one step: what it returns is converted in turn. Whatever a value raises on the way is for the caller to catch.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sized
from itertools import islice
from operator import attrgetter, methodcaller
from typing import Any, NamedTuple

from chaukas_spec_lite.lenient.notes import name_of
from chaukas_spec_lite.wire.refusals import full_name

FRAMES_MAX = 50
"""How many lines of a traceback are written: the innermost ones."""
NUMBERS_MAX = 100_000
"""How many numbers of an array are written."""
VALUES_MAX = 1_000_000
"""How many values of a set are put in order."""


class Kind(NamedTuple):
    """One kind of value."""

    title: str
    """What it is called in the documents."""
    fits: Callable[[type[Any], frozenset[str]], bool]
    """Whether a class, which has or inherits from classes of these full names, is of this kind."""
    becomes: str
    """What is written, in words."""
    make: Callable[[Any], Any]
    """Makes it, or what is a step nearer to it. The value itself stands for its entries or items."""
    says_which: bool = False
    """Whether ``becomes`` names several things, of which one was made."""

    def said(self, made: Any) -> str:
        """Say what became of a value, of which this was made."""
        if isinstance(made, Summary):
            return f"the text {made}, as it is too large"
        return kind_of(made) if self.says_which else self.becomes


class Summary(str):
    """Text that stands for a value which is too large to be written."""

    __slots__ = ()


_KINDS: dict[type[Any], str] = {
    **dict.fromkeys((int, float), "a number"),
    bool: "a bool",
    str: "text",
    list: "a list",
    dict: "a dict",
    type(None): "null",
}


def kind_of(value: object) -> str:
    """Name the kind of a value as JSON has it; that of others by their type, which is converted in turn."""
    return _KINDS.get(type(value)) or name_of(value)


def row_of(cls: type[Any]) -> Kind | None:
    """Return the first row that fits a class."""
    names = frozenset(full_name(base) for base in cls.__mro__)
    return next((row for row in TABLE if row.fits(cls, names)), None)


def text_of_bytes(value: Any) -> str:
    """Write bytes, or anything that has some, as base64."""
    # A memoryview may have gaps, which only ``bytes`` leaves out.
    return base64.b64encode(value if isinstance(value, bytes) else bytes(value)).decode()


def parts_of_error(error: BaseException) -> dict[str, Any]:
    """Return what there is to know of an exception: its type, message and traceback, and the same of its cause."""
    cls = type(error)
    parts = {"type": cls.__qualname__ if cls.__module__ == "builtins" else f"{cls.__module__}.{cls.__qualname__}"}
    found: dict[str, Any] = {**parts, "message": str(error)}
    if error.__traceback__ is not None:
        found["stack_trace"] = frames_of(error)
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause is not None:
        found["cause"] = cause
    exceptions = getattr(error, "exceptions", None)
    if exceptions is not None:  # of a group
        found["exceptions"] = exceptions
    return found


def frames_of(error: BaseException) -> str:
    """Write the traceback of an exception, without the lines of source, which would have to be read from files."""
    lines: list[str] = []
    frames = error.__traceback__
    while frames is not None and len(lines) < 10_000:
        code = frames.tb_frame.f_code
        lines.append(f'  File "{code.co_filename}", line {frames.tb_lineno}, in {code.co_name}')
        frames = frames.tb_next
    return "\n".join(["Traceback (most recent call last):", *lines[-FRAMES_MAX:]]) if lines else ""


def _is(*names: str) -> Callable[[type[Any], frozenset[str]], bool]:
    wanted = frozenset(names)
    return lambda _, known: not wanted.isdisjoint(known)


def _has(*attributes: str) -> Callable[[type[Any], frozenset[str]], bool]:
    return lambda cls, _: all(hasattr(cls, name) for name in attributes)


def _derives(*bases: type[Any]) -> Callable[[type[Any], frozenset[str]], bool]:
    return lambda cls, _: all(issubclass(cls, base) for base in bases)


def _attributes(names: Callable[[Any], Iterable[str]]) -> Callable[[Any], dict[str, Any]]:
    """Read attributes into a dict; one that was never set, or was deleted, is left out."""
    return lambda value: {name: getattr(value, name) for name in names(type(value)) if hasattr(value, name)}


def _pydantic(model: Any) -> Any:
    # Its own way: it knows secrets, excluded fields and serializers.
    if not hasattr(model, "model_dump"):  # of version 1
        return model.dict()
    try:
        return model.model_dump(mode="json", warnings=False)
    except Exception:  # whatever a field of no JSON type, or a serializer, raises
        return model.model_dump(warnings=False)


def _official(message: Any) -> Any:
    """Read a message of the official package, one level; its Struct and ListValue are Mapping and list already."""
    name: str = message.DESCRIPTOR.full_name
    if name == "google.protobuf.Value":
        kind = message.WhichOneof("kind")
        return None if kind in (None, "null_value") else getattr(message, kind)
    if name == "google.protobuf.Timestamp":
        return message.ToJsonString()
    if name == "google.protobuf.Duration":
        return message.ToTimedelta()
    if name in ("google.protobuf.Struct", "google.protobuf.ListValue"):
        return dict(message.items()) if name.endswith("Struct") else list(message)
    return {field.name: value for field, value in message.ListFields()}


def in_order(values: Iterable[Any]) -> list[Any]:
    """Put a set in order, which differs from process to process for text, and would make hashes differ."""
    listed = list(islice(values, VALUES_MAX))
    try:
        return sorted(listed)
    except Exception:  # most values cannot be compared
        return listed


def _array(value: Any) -> Any:
    shape = tuple(value.shape)
    # An image or a matrix of weights would take seconds, and be cut afterwards.
    if math.prod(shape) > NUMBERS_MAX:
        return Summary(f"[an array of {value.dtype}, shape {shape}]")
    plain = value.tolist()
    return float(plain) if type(plain) is type(value) else plain  # a longdouble's is a longdouble again


def _frame(value: Any) -> Any:
    shape = tuple(value.shape)
    return value.to_dict("records") if math.prod(shape) <= NUMBERS_MAX else Summary(f"[a DataFrame of shape {shape}]")


def _itself(value: Any) -> Any:
    return value


def _nothing(_: Any) -> None:
    return None


def _timedelta(value: Any) -> Any:
    return value.astype("timedelta64[us]").item()


def _set_fields(message: Any) -> dict[str, Any]:
    return dict(message._set())


def _qualified(value: Any) -> str:
    return f"{value.__module__}.{value.__qualname__}"


def _is_list(cls: type[Any], _: frozenset[str]) -> bool:
    # What can be read only once is left to whoever it was made for, and what has no length may have no end.
    return issubclass(cls, Iterable) and issubclass(cls, Sized) and not issubclass(cls, Iterator)


_AS_TEXT = (
    *("uuid.UUID", "pathlib.PurePath", "decimal.Decimal", "fractions.Fraction", "complex", "numpy.complexfloating"),
    *("collections.UserString", "datetime.tzinfo", "numpy.datetime64"),
    *(f"ipaddress.IPv{version}{kind}" for version in (4, 6) for kind in ("Address", "Network")),
)

TABLE = (
    Kind("`UUID`, `Path`, `Decimal`, `Fraction`, complex number, time zone, IP address", _is(*_AS_TEXT), "text", str),
    Kind("pandas' `NaT` and `NA`", _is("pandas.NaTType", "pandas.NAType"), "null", _nothing),
    Kind(
        "`datetime`, `date`, `time`",
        _is("datetime.date", "datetime.time"),
        "text as in ISO 8601",
        methodcaller("isoformat"),
    ),
    Kind("`timedelta`", _is("datetime.timedelta"), "its seconds", methodcaller("total_seconds")),
    Kind(
        "NumPy `timedelta64`",
        _is("numpy.timedelta64"),
        "its seconds",
        _timedelta,
    ),
    Kind("`Enum`", _is("enum.Enum"), "its value", attrgetter("value")),
    Kind("`bytes`, `bytearray`, `memoryview`", _is("bytes", "bytearray", "memoryview"), "base64", text_of_bytes),
    Kind("exception", _is("BaseException"), "its type, message, traceback and cause", parts_of_error),
    Kind(
        "scalar or array of NumPy, pandas, PyTorch and the like",
        _has("tolist", "shape", "dtype"),
        "number or list; above 100,000 numbers only its shape",
        _array,
        says_which=True,
    ),
    Kind(
        "pandas `DataFrame`",
        _is("pandas.DataFrame"),
        "a list of its rows; above 100,000 values only its shape",
        _frame,
        says_which=True,
    ),
    Kind("pydantic model", _is("pydantic.BaseModel"), "what `model_dump` makes of it", _pydantic),
    Kind("class", _derives(type), "its name", _qualified),
    Kind(
        "message of this package",
        _has("to_dict", "FromString", "is_set"),
        "a dict of what is set",
        _set_fields,
    ),
    Kind("message of the official package", _has("DESCRIPTOR", "ListFields"), "a dict of what is set", _official),
    Kind(
        "dataclass",
        _has("__dataclass_fields__"),
        "a dict",
        _attributes(lambda cls: cls.__dataclass_fields__),
    ),
    Kind(
        "attrs class",
        _has("__attrs_attrs__"),
        "a dict",
        _attributes(lambda cls: [each.name for each in cls.__attrs_attrs__]),
    ),
    Kind("msgspec `Struct`", _has("__struct_fields__"), "a dict", _attributes(lambda cls: cls.__struct_fields__)),
    Kind("`SimpleNamespace`", _is("types.SimpleNamespace"), "a dict", vars),
    Kind("`Mapping`", _derives(Mapping), "a dict", _itself),
    Kind(
        "`set`, `frozenset`", _is("set", "frozenset"), "a list, in order where there is one", in_order, says_which=True
    ),
    Kind(
        "`deque`, `range`, and whatever else has items and a length, and can be read again", _is_list, "a list", _itself
    ),
    Kind(
        "function, method",
        _is("function", "builtin_function_or_method", "method"),
        "its name",
        _qualified,
    ),
)
"""Every kind of value that something is known about; the first row that fits counts."""
