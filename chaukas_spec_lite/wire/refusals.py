"""What to say of a value that a field does not take: what was expected, what came, and what to write instead.

Nothing is imported to recognise a value: the full names of its classes say what it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

JSON = "JSON"
"""What is expected of a value in a Struct or a ListValue, or of a Value."""

_BUILT_IN = ("bool", "int", "float", "str", "bytes", "list", "dict", "datetime", "timedelta")

_NUMBERS = ("int", "float", "bool")
_WAYS: dict[str, dict[str, str]] = {
    "bool": {"str": "str(value)", "int": "int(value)"},
    "int": {
        "str": "str(value)",
        "datetime": "datetime.fromtimestamp(value, timezone.utc)",
        "timedelta": "timedelta(seconds=value)",
        "list": "[value]",
    },
    "float": {
        "str": "str(value)",
        "int": "int(value)",
        "bool": "bool(value)",
        "datetime": "datetime.fromtimestamp(value, timezone.utc)",
        "timedelta": "timedelta(seconds=value)",
        "list": "[value]",
    },
    "str": {
        "int": "int(value)",
        "float": "float(value)",
        "bool": 'value == "true"',
        "bytes": "value.encode()",
        "datetime": "datetime.fromisoformat(value)",
        "dict": "json.loads(value)",
        "list": "[value]",
    },
    "bytes": {"str": "value.decode()", JSON: "value.decode() for text, base64.b64encode(value).decode() for data"},
    "bytearray": {"str": "value.decode()", "bytes": "bytes(value)", JSON: "base64.b64encode(value).decode()"},
    "memoryview": {"bytes": "bytes(value)", JSON: "base64.b64encode(value).decode()"},
    "array.array": {"bytes": "value.tobytes()", JSON: "value.tolist()", "list": "value.tolist()"},
    "complex": {"float": "value.real", "str": "str(value)", JSON: "str(value)"},
    "collections.UserString": {"str": "str(value)", JSON: "str(value)"},
    "tuple": {"dict": "dict(value), if it holds pairs"},
    "list": {"dict": "dict(value), if it holds pairs"},
    "decimal.Decimal": {
        "int": "int(value)",
        "str": "str(value)",
        JSON: "float(value), or str(value) to keep all digits",
    },
    "fractions.Fraction": {"int": "int(value)", "str": "str(value)", JSON: "float(value)"},
    "uuid.UUID": {"str": "str(value)", JSON: "str(value)", "bytes": "value.bytes"},
    "pathlib.PurePath": {"str": "str(value)", JSON: "str(value)", "bytes": "os.fsencode(value)"},
    "datetime.datetime": {
        "str": "value.isoformat()",
        JSON: "value.isoformat()",
        "float": "value.timestamp()",
        "int": "int(value.timestamp())",
    },
    "datetime.date": {
        "str": "value.isoformat()",
        JSON: "value.isoformat()",
        "datetime": "datetime.combine(value, time(), timezone.utc)",
    },
    "datetime.time": {"str": "value.isoformat()", JSON: "value.isoformat()"},
    "datetime.timedelta": {
        "str": "str(value)",
        JSON: "value.total_seconds()",
        "float": "value.total_seconds()",
        "int": "int(value.total_seconds())",
    },
    "BaseException": {"str": "str(value)", JSON: "repr(value)"},
    "type": {"str": "value.__name__", JSON: "value.__name__"},
    "enum.Enum": dict.fromkeys((*_NUMBERS, "str", "bytes", JSON), "value.value"),
    "set": {"list": "list(value)", JSON: "list(value), or sorted(value)"},
    "frozenset": {"list": "list(value)", JSON: "list(value), or sorted(value)"},
    "types.SimpleNamespace": {"dict": "vars(value)", JSON: "vars(value)"},
    "numpy.datetime64": {
        "datetime": "value.astype('datetime64[us]').item().replace(tzinfo=timezone.utc)",
        "str": "str(value)",
        JSON: "str(value)",
    },
    "numpy.timedelta64": {"timedelta": "value.astype('timedelta64[us]').item()", JSON: "str(value)"},
    "numpy.ndarray": {**dict.fromkeys(_NUMBERS, "value.item()"), **dict.fromkeys(("list", JSON), "value.tolist()")},
    "numpy.longdouble": dict.fromkeys((*_NUMBERS, JSON), "float(value)"),  # whose item() is a longdouble again
    "numpy.complexfloating": {JSON: "str(value)"},
    "numpy.generic": dict.fromkeys((*_NUMBERS, JSON), "value.item()"),
    "pandas.NaTType": {"*": "None"},
    "pandas.NAType": {"*": "None"},
    "pandas.Series": dict.fromkeys(("list", JSON), "value.tolist()"),
    "pandas.DataFrame": dict.fromkeys(("list", JSON), 'value.to_dict("records")'),
    "pydantic.BaseModel": {"dict": 'value.model_dump(mode="json")', JSON: 'value.model_dump(mode="json")'},
    "google.protobuf.timestamp_pb2.Timestamp": {"datetime": "value.ToDatetime(timezone.utc)"},
    "google.protobuf.duration_pb2.Duration": {"timedelta": "value.ToTimedelta()"},
}
"""What makes the expected type (``JSON`` for any JSON value, ``*`` for any other) out of a value of a class."""


def named(value: object, expected: str = "") -> str:
    """Name the type of a value; with its module where the bare name would be mistaken for another type's."""
    if value is None:
        return "None"
    if isinstance(value, type):  # the name of its type says nothing
        return f"the class {value.__name__}"
    cls = type(value)
    if cls.__module__ != "builtins" and (cls.__name__ == expected or cls.__name__.rstrip("_") in _BUILT_IN):
        # datetime.datetime is what a reader takes "datetime" for.
        return cls.__name__ if cls.__module__ == "datetime" else f"{cls.__module__}.{cls.__qualname__}"
    return cls.__name__


def refused(value: object, expected: str, detail: str = "") -> str:
    """Say that a value is none of the expected type, and what to write instead if that is known.

    Args:
        value: The value.
        expected: The Python type: ``str``, ``list``, the name of a message or enum class.
        detail: What follows the type, such as `` for int32``.
    """
    way = way_to(value, expected)
    return f"expected {expected}{detail}, got {named(value, expected)}" + (f"; use {way}" if way else "")


def no_json(value: object) -> str:
    """Say that a value is nothing that a Struct can hold, and what to write instead."""
    way = way_to(value, JSON) or "None, bool, int, float, str, list or dict"
    return f"{named(value, JSON)} is no JSON value; use {way}"


def no_key(key: object, shown: str) -> str:
    """Say that a key of a Struct is no text, and what to write instead.

    Args:
        key: The key.
        shown: What the error shows of it.
    """
    way = way_to(key, "str")
    return f"a key is {shown}, not a str" + (f"; use {way.replace('value', 'key', 1)}" if way else "")


def said_by(error: Exception) -> str:
    """Say what was wrong with a value that raised an error, or of which a check raised one."""
    try:
        # Errors of this package, and of Python's own operations, are sentences; others need their name.
        return str(error) if isinstance(error, (TypeError, ValueError)) else f"cannot be read: {error!r}"
    except Exception:  # of an error class that somebody else wrote
        return f"cannot be read: {type(error).__name__}"


def way_to(value: object, expected: str) -> str | None:
    """Return the Python that makes the expected type out of a value, or None if there is no obvious one."""
    cls = type(value)
    if isinstance(value, type) and value.__name__ == expected:
        return f"{expected}(...)"
    for base in cls.__mro__:
        ways = _WAYS.get(full_name(base))
        if ways is not None:
            way = ways.get(expected) or ways.get("*")
            if way is not None:
                return way
    if expected in ("dict", JSON):
        return _dict_way(cls) or (_list_way(cls) if expected == JSON else None)
    if expected == "list":
        return _list_way(cls)
    return _message_way(cls, expected)


def full_name(cls: type[Any]) -> str:
    """Where a class is known from: its module may lie deeper, and in another place in each version."""
    package = str(cls.__module__).partition(".")[0]  # None for some classes that are made at run time
    if package == "builtins":
        return cls.__name__
    if package in ("numpy", "pandas", "pydantic", "pathlib"):
        return f"{package}.{cls.__name__}"
    return f"{cls.__module__}.{cls.__name__}"


def _dict_way(cls: type[Any]) -> str | None:
    if hasattr(cls, "to_dict") and hasattr(cls, "FromString"):  # a message of this package
        return "value.to_dict()"
    if hasattr(cls, "DESCRIPTOR"):
        return "google.protobuf.json_format.MessageToDict(value)"
    if hasattr(cls, "__dataclass_fields__"):
        return "dataclasses.asdict(value)"
    if hasattr(cls, "__attrs_attrs__"):
        return "attrs.asdict(value)"
    return "dict(value)" if issubclass(cls, Mapping) else None


def _list_way(cls: type[Any]) -> str | None:
    return "list(value)" if issubclass(cls, Iterable) else None


def _message_way(cls: type[Any], expected: str) -> str | None:
    if expected[:1].islower():  # a scalar type
        return None
    if hasattr(cls, "DESCRIPTOR") and cls.__name__ == expected:
        return f"{expected}.parse(value.SerializeToString())"
    if expected == "Any" and hasattr(cls, "to_dict") and hasattr(cls, "FromString"):  # a message of this package
        return "Any().pack(value)"
    return f"{expected}(**value)" if issubclass(cls, dict) else None


def short(given: object) -> str:
    """Show a value, or its beginning where that would be long."""
    text = repr(given)
    return text if len(text) <= 40 else f"{text[:36]}..."
