"""Kinds of values that programs hand to a field, each made anew for every use: some can be read only once."""

from __future__ import annotations

import dataclasses
import datetime as dt
import decimal
import enum
import fractions
import importlib
import pathlib
import types
import uuid
from array import array
from collections import ChainMap, Counter, OrderedDict, UserDict, UserList, UserString, defaultdict, deque, namedtuple
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from google.protobuf import duration_pb2, struct_pb2, timestamp_pb2, wrappers_pb2

from chaukas_spec_lite.wellknown.times import WireDatetime, WireTimedelta
from tests.generated import everything
from tests.oracle import reference

CLASSES = everything()


class Index:
    def __index__(self) -> int:
        return 5


class Int:
    def __int__(self) -> int:
        return 5


class Float:
    def __float__(self) -> float:
        return 5.5


class Shown:
    def __str__(self) -> str:
        return "shown"


class SomeInt(int):
    pass


class SomeFloat(float):
    pass


class SomeText(str):
    pass


class SomeBytes(bytes):
    pass


class SomeDict(dict[str, Any]):
    pass


class SomeList(list[Any]):
    pass


class Number(enum.IntEnum):
    ONE = 1


class Flags(enum.IntFlag):
    ONE = 1


class Word(str, enum.Enum):
    RED = "COLOR_RED"


class Plain(enum.Enum):
    ONE = 1


class OwnMapping(Mapping[str, Any]):
    def __getitem__(self, key: str) -> Any:
        return {"a": 1}[key]

    def __iter__(self) -> Iterator[str]:
        return iter(["a"])

    def __len__(self) -> int:
        return 1


class OwnSequence(Sequence[Any]):
    def __getitem__(self, index: Any) -> Any:
        return [1, 2][index]

    def __len__(self) -> int:
        return 2


class KeysAndItems:
    """What ``dict()`` takes, without being a Mapping."""

    def keys(self) -> list[str]:
        return ["a"]

    def __getitem__(self, key: str) -> int:
        return {"a": 1}[key]


class OnlyIterable:
    def __iter__(self) -> Iterator[int]:
        return iter([1])


@dataclasses.dataclass
class Data:
    a: int = 1


class Named(NamedTuple):
    a: int = 1


Old = namedtuple("Old", "a")


def function() -> None:
    """Be a value."""


KINDS: dict[str, Callable[[], Any]] = {
    "None": lambda: None,
    "True": lambda: True,
    "False": lambda: False,
    **{
        f"int {n}": lambda n=n: n  # type: ignore[misc]
        for bits in (31, 32, 53, 63, 64)
        for n in ((1 << bits) - 1, 1 << bits, -(1 << bits), -(1 << bits) - 1)
    },
    **{f"int {n}": lambda n=n: n for n in (0, 1, -1, 127, 128, 16384)},  # type: ignore[misc]
    "a huge int": lambda: 10**400,
    "a subclass of int": lambda: SomeInt(5),
    "IntEnum": lambda: Number.ONE,
    "IntFlag": lambda: Flags.ONE,
    **{
        f"float {n!r}": lambda n=n: n  # type: ignore[misc]
        for n in (0.0, -0.0, 1.0, 1.5, 1e39, -1e39, 1e-50, float("inf"), float("-inf"), float("nan"))
    },
    "a subclass of float": lambda: SomeFloat(1.5),
    "Decimal": lambda: decimal.Decimal("1.5"),
    "a whole Decimal": lambda: decimal.Decimal(1),
    "Decimal NaN": lambda: decimal.Decimal("nan"),
    "Decimal sNaN": lambda: decimal.Decimal("snan"),
    "Fraction": lambda: fractions.Fraction(1, 2),
    "a huge Fraction": lambda: fractions.Fraction(10**400),
    "complex": lambda: 1j,
    "__index__": Index,
    "__int__": Int,
    "__float__": Float,
    "__str__": Shown,
    "str": lambda: "text",
    "no text": lambda: "",
    "str of a number": lambda: "1",
    "str not ASCII": lambda: "é€😀",
    "a name of the enum": lambda: "COLOR_RED",
    "no name of the enum": lambda: "COLOR_GREEN",
    "a lone surrogate": lambda: "a\ud800",
    "a subclass of str": lambda: SomeText("text"),
    "a str enum": lambda: Word.RED,
    "UserString": lambda: UserString("text"),
    "bytes": lambda: b"1",
    "no bytes": lambda: b"",
    "bytes that are no UTF-8": lambda: b"\xff",
    "a subclass of bytes": lambda: SomeBytes(b"1"),
    "bytearray": lambda: bytearray(b"1"),
    "memoryview": lambda: memoryview(b"1"),
    "array of bytes": lambda: array("B", b"1"),
    "array of ints": lambda: array("i", [1, 2]),
    "array of doubles": lambda: array("d", [1.5]),
    "UUID": lambda: uuid.UUID(int=1),
    "Path": lambda: pathlib.PurePosixPath("/a"),
    "aware datetime": lambda: dt.datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=dt.timezone.utc),
    "datetime in another zone": lambda: dt.datetime(2026, 1, 2, tzinfo=dt.timezone(dt.timedelta(hours=2))),
    "naive datetime": lambda: dt.datetime(2026, 1, 2),  # noqa: DTZ001  # a kind of its own
    "first datetime": lambda: dt.datetime.min.replace(tzinfo=dt.timezone.utc),
    "last datetime": lambda: dt.datetime.max.replace(tzinfo=dt.timezone.utc),
    "date": lambda: dt.date(2026, 1, 2),
    "time": lambda: dt.time(3, 4),
    "timezone": lambda: dt.timezone.utc,
    "timedelta": lambda: dt.timedelta(seconds=1.5),
    "negative timedelta": lambda: dt.timedelta(seconds=-1.5),
    "largest timedelta": lambda: dt.timedelta.max,
    "WireDatetime": lambda: WireDatetime(1, 1),
    "WireTimedelta": lambda: WireTimedelta(1, 1),
    "list": lambda: [1],
    "no list": list,
    "list of str": lambda: ["a"],
    "list of None": lambda: [None],
    "list in a list": lambda: [[1], (2,)],
    "a subclass of list": lambda: SomeList([1]),
    "tuple": lambda: (1,),
    "tuple of pairs": lambda: (("a", 1),),
    "list of pairs": lambda: [("a", 1)],
    "set": lambda: {1},
    "frozenset": lambda: frozenset([1]),
    "generator": lambda: (n for n in (1, 2)),
    "iterator": lambda: iter([1]),
    "map object": lambda: map(int, "1"),
    "zip object": lambda: zip("a", [1], strict=True),
    "range": lambda: range(2),
    "deque": lambda: deque([1]),
    "UserList": lambda: UserList([1]),
    "own Sequence": OwnSequence,
    "only iterable": OnlyIterable,
    "dict": lambda: {"a": 1},
    "no dict": dict,
    "dict in a dict": lambda: {"a": {"b": [1]}},
    "dict with int keys": lambda: {1: 1},
    "dict with a None key": lambda: {None: 1},
    "dict with bytes keys": lambda: {b"a": 1},
    "dict with a bool key": lambda: {True: True},
    "dict with a subclass of str as key": lambda: {SomeText("a"): 1},
    "a subclass of dict": lambda: SomeDict(a=1),
    "OrderedDict": lambda: OrderedDict(a=1),
    "defaultdict": lambda: defaultdict(int, a=1),
    "Counter": lambda: Counter("a"),
    "MappingProxyType": lambda: types.MappingProxyType({"a": 1}),
    "UserDict": lambda: UserDict({"a": 1}),
    "ChainMap": lambda: ChainMap({"a": 1}),
    "own Mapping": OwnMapping,
    "keys and items": KeysAndItems,
    "SimpleNamespace": lambda: types.SimpleNamespace(a=1),
    "dict keys": {"a": 1}.keys,
    "dict values": {"a": 1}.values,
    "dict items": {"a": 1}.items,
    "dataclass": Data,
    "namedtuple": Named,
    "collections.namedtuple": lambda: Old(1),
    "Enum": lambda: Plain.ONE,
    "function": lambda: function,
    "class": lambda: int,
    "object": object,
    "module": lambda: types,
    "Ellipsis": lambda: ...,
    "exception": lambda: ValueError("x"),
    "official Struct": lambda: struct_pb2.Struct(fields={"a": struct_pb2.Value(number_value=1)}),
    "official ListValue": lambda: struct_pb2.ListValue(values=[struct_pb2.Value(number_value=1)]),
    "official Value": lambda: struct_pb2.Value(number_value=1),
    "official Timestamp": lambda: timestamp_pb2.Timestamp(seconds=1),
    "official Duration": lambda: duration_pb2.Duration(seconds=1),
    "official Int32Value": lambda: wrappers_pb2.Int32Value(value=1),
    "official message": reference(CLASSES["Nothing"]),
    "official part": lambda: reference(CLASSES["Singular"])().part,
    "our message": CLASSES["Nothing"],
}
"""How to make each kind of value, by what it is called."""


def _add(module: str, made: Callable[[Any], dict[str, Callable[[], Any]]]) -> None:
    """Add the kinds of a package of the test extras; where it is not installed, they are left out."""
    try:
        found = importlib.import_module(module)
    except ImportError:
        return
    KINDS.update(made(found))


def _numpy(np: Any) -> dict[str, Callable[[], Any]]:
    whole = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
    real = ("float16", "float32", "float64", "longdouble")
    return {
        "numpy.bool": lambda: np.bool_(True),
        **{f"numpy.{name}": lambda name=name: getattr(np, name)(1) for name in whole},  # type: ignore[misc]
        **{f"numpy.{name}": lambda name=name: getattr(np, name)(1.5) for name in real},  # type: ignore[misc]
        "numpy.uint64 max": lambda: np.uint64((1 << 64) - 1),
        "numpy.float64 nan": lambda: np.float64("nan"),
        "numpy.complex128": lambda: np.complex128(1),
        "numpy.str_": lambda: np.str_("text"),
        "numpy.bytes_": lambda: np.bytes_(b"1"),
        "numpy.datetime64": lambda: np.datetime64("2026-01-02T03:04:05"),
        "numpy.timedelta64": lambda: np.timedelta64(1, "s"),
        "numpy array of ints": lambda: np.array([1, 2]),
        "numpy array of floats": lambda: np.array([1.5]),
        "numpy array of bools": lambda: np.array([True]),
        "numpy array of str": lambda: np.array(["a"]),
        "numpy array of objects": lambda: np.array([None, "a"], dtype=object),
        "numpy array of one int": lambda: np.array([1]),
        "numpy array of no dimension": lambda: np.array(1),
        "numpy matrix": lambda: np.array([[1, 2], [3, 4]]),
        "no numpy array": lambda: np.array([]),
    }


def _pandas(pd: Any) -> dict[str, Callable[[], Any]]:
    return {
        "pandas.Timestamp": lambda: pd.Timestamp("2026-01-02T03:04:05Z"),
        "naive pandas.Timestamp": lambda: pd.Timestamp("2026-01-02T03:04:05"),
        "pandas.NaT": lambda: pd.NaT,
        "pandas.NA": lambda: pd.NA,
        "pandas.Timedelta": lambda: pd.Timedelta(seconds=1.5),
        "pandas.Series": lambda: pd.Series([1, 2]),
        "pandas.DataFrame": lambda: pd.DataFrame({"a": [1]}),
    }


def _pydantic(pydantic: Any) -> dict[str, Callable[[], Any]]:
    model = pydantic.create_model("Model", a=(int, 1))
    return {"pydantic model": model}


_add("numpy", _numpy)
_add("pandas", _pandas)
_add("pydantic", _pydantic)
