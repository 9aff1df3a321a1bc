"""Values whose methods raise or lie: whatever they do, encoding and JSON end with the library's error and a path."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, tzinfo
from typing import Any

import pytest

from chaukas_spec_lite.errors import EncodeError, JSONError
from chaukas_spec_lite.wire.fields import LIST, STRUCT, TIMESTAMP, VALUE, fields_of
from tests.codec.test_kinds_of_values import CLASSES, FIELDS, placed


class OddError(Exception):
    def __str__(self) -> str:
        raise OddError

    __repr__ = __str__


def raising(error: Callable[[], BaseException]) -> dict[str, Callable[[], Any]]:
    """Values that raise an error in each of the methods by which encoders read values."""

    def fail(*_: Any) -> Any:
        raise error()

    class Asked:
        __index__ = __float__ = __str__ = __repr__ = __len__ = __iter__ = __bool__ = __eq__ = __hash__ = fail  # type: ignore[assignment]
        keys = items = __getitem__ = fail

        def __getattr__(self, name: str) -> Any:
            raise error()

    class Class:
        __class__ = property(fail)  # type: ignore[assignment]
        __repr__ = fail

    class Dict(dict[Any, Any]):
        __iter__ = items = keys = __len__ = __repr__ = __bool__ = fail

    class List(list[Any]):
        __iter__ = __len__ = __getitem__ = __repr__ = __bool__ = fail  # type: ignore[assignment]

    class Text(str):
        encode = isascii = __len__ = __repr__ = __str__ = __format__ = __bool__ = fail  # type: ignore[assignment]
        __hash__ = str.__hash__
        __eq__ = str.__eq__

    class Bytes(bytes):
        decode = __len__ = __repr__ = __bool__ = fail  # type: ignore[assignment]

    class Int(int):
        __index__ = __float__ = __bool__ = __repr__ = __and__ = __le__ = __lt__ = fail  # type: ignore[assignment]

    class Float(float):
        __float__ = __bool__ = __repr__ = __lt__ = __gt__ = fail  # type: ignore[assignment]

    class Zone(tzinfo):
        utcoffset = fail

    class Delta(timedelta):
        days = property(fail)  # type: ignore[assignment]

    return {
        "asked": Asked,
        "__class__": Class,
        "dict": lambda: Dict(a=1),
        "list": lambda: List([1]),
        "str": lambda: Text("é"),
        "bytes": lambda: Bytes(b"1"),
        "int": lambda: Int(5),
        "float": lambda: Float(1.5),
        "time zone": lambda: datetime(2026, 1, 1, tzinfo=Zone()),
        "timedelta": lambda: Delta(1),
        "dict in a dict": lambda: {"a": {"b": Dict(a=1)}},
        "key": lambda: {Text("é"): 1},
    }


ERRORS: dict[str, Callable[[], Exception]] = {
    "KeyError": lambda: KeyError("x"),
    "ZeroDivisionError": lambda: ZeroDivisionError("x"),
    "RuntimeError": lambda: RuntimeError("x"),
    "OddError": OddError,
    "StopIteration": lambda: StopIteration("x"),
    "OSError": lambda: OSError(5, "x"),
}


@pytest.mark.parametrize("error", ERRORS)
def test_whatever_a_value_raises_the_error_says_where(error: str) -> None:
    for holder, field in FIELDS:
        for kind, make in raising(ERRORS[error]).items():
            try:
                given = placed(field, make())
            except (OddError, KeyError, ZeroDivisionError, RuntimeError, StopIteration, OSError, TypeError):
                continue  # it cannot be a key
            message = CLASSES[holder]()
            setattr(message, field.name, given)
            where = f"{kind} in {holder}.{field.name}"
            try:
                bytes(message)
            except EncodeError as refused:
                assert field.proto_name in refused.path, where  # noqa: PT017  # one of thousands of cases in a loop
            try:
                message.to_json()
            except JSONError as refused:
                assert error == "RuntimeError" or field.json_name in refused.path, where  # noqa: PT017  # the same


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, MemoryError, GeneratorExit])
def test_what_ends_a_program_passes_through(error: type[BaseException]) -> None:
    message = CLASSES["WellKnown"](struct={"a": raising(error)["dict"]()})
    with pytest.raises(error):
        bytes(message)
    with pytest.raises(error):
        message.to_json()


class Grows(dict[str, Any]):
    """Changes as it is read."""

    def __iter__(self) -> Iterator[str]:
        for key in super().__iter__():
            self[f"{key}+"] = 1
            yield key

    def items(self) -> Any:
        return ((key, self[key]) for key in self)


def test_a_dict_that_changes_as_it_is_read() -> None:
    message = CLASSES["WellKnown"](struct=Grows(a=1))
    with pytest.raises(EncodeError, match=r"WellKnown.struct: changed while it was being encoded"):
        bytes(message)
    with pytest.raises(JSONError, match="changed while it was being written"):
        message.to_json()


def test_a_subclass_is_written_as_what_it_is() -> None:
    """What a subclass overrides has no say in what is written."""

    class Text(str):
        def encode(self, *_: Any) -> bytes:
            return b"other"

        def isascii(self) -> bool:
            return True

        def __len__(self) -> int:
            return 1

    class Bytes(bytes):
        def decode(self, *_: Any) -> str:
            return "other"

        def __len__(self) -> int:
            return 1

    for text in ("abc", "é"):
        for fields in ({"string_value": text}, {"struct": {text: [text]}}):
            odd = {"string_value": Text(text)} if "string_value" in fields else {"struct": {Text(text): [Text(text)]}}
            assert bytes(CLASSES["WellKnown"](**odd)) == bytes(CLASSES["WellKnown"](**fields))
            assert CLASSES["WellKnown"](**odd).to_json() == CLASSES["WellKnown"](**fields).to_json()
    for holder in ("Singular", "Optional", "Repeated", "WellKnown"):
        cls = CLASSES[holder]
        field = next(field for field in fields_of(cls) if field.name == "bytes_value")
        odd_bytes, plain = placed(field, Bytes(b"abc")), placed(field, b"abc")
        assert bytes(cls(bytes_value=odd_bytes)) == bytes(cls(bytes_value=plain))


def test_the_well_known_types_are_among_the_fields() -> None:
    assert {STRUCT, LIST, VALUE, TIMESTAMP} <= {field.kind for _, field in FIELDS}


class NoPairs(dict[str, Any]):
    """Has items that are none."""

    def items(self) -> Any:
        return [1, 2]


@pytest.mark.parametrize(
    ("holder", "name"), [("Maps", "string_value"), ("WellKnown", "struct"), ("WellKnownMaps", "struct")]
)
def test_items_that_are_no_pairs(holder: str, name: str) -> None:
    message = CLASSES[holder]()
    setattr(message, name, NoPairs(a=1))
    with pytest.raises(EncodeError, match=rf"^{holder}\.{name}: cannot unpack non-iterable int object"):
        bytes(message)
