"""The values of fields: scalars, and the well-known types that are plain Python values there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, TypeVar

from chaukas_spec_lite.protojson import dump_scalars, load_scalars
from chaukas_spec_lite.protojson.dump_values import dump_list, dump_struct, dump_value
from chaukas_spec_lite.protojson.load_values import load_list, load_struct, load_value
from chaukas_spec_lite.protojson.problem import Problem, json_type
from chaukas_spec_lite.protojson.run import Dump, DumpRun, Load, LoadRun
from chaukas_spec_lite.wellknown.timetext import (
    duration_from_json,
    duration_to_json,
    timestamp_from_json,
    timestamp_to_json,
)
from chaukas_spec_lite.wire.fields import DURATION, LIST, STRUCT, TIMESTAMP, VALUE, WRAPPERS
from chaukas_spec_lite.wire.scalars import named

R = TypeVar("R", DumpRun, LoadRun)
T = TypeVar("T")


def _load_timestamp(value: Any, run: LoadRun) -> datetime:
    run.check()
    if isinstance(value, str):
        return timestamp_from_json(value)
    raise Problem(f"expected RFC 3339 text such as 2026-01-02T03:04:05.678Z, got {json_type(value)}")


def _load_duration(value: Any, run: LoadRun) -> timedelta:
    run.check()
    if isinstance(value, str):
        return duration_from_json(value)
    raise Problem(f"expected text such as 1.500s, got {json_type(value)}")


def _dump_timestamp(value: Any, run: DumpRun) -> str:
    run.check()
    if isinstance(value, datetime):
        return f'"{timestamp_to_json(value)}"'
    raise Problem(f"expected datetime, got {named(value)}")


def _dump_duration(value: Any, run: DumpRun) -> str:
    run.check()
    if isinstance(value, timedelta):
        return f'"{duration_to_json(value)}"'
    raise Problem(f"expected timedelta, got {named(value)}")


def _wrapped(scalar: Callable[[Any, R], T]) -> Callable[[Any, R], T]:
    """Make the reader or writer of a wrapper, which is a message, of that of what it wraps."""

    def wrapped(value: Any, run: R) -> T:
        run.check()
        return scalar(value, run)

    return wrapped


DUMP: dict[str, Dump] = {
    **dump_scalars.DUMP,
    **{name: _wrapped(dump_scalars.DUMP[kind]) for name, kind in WRAPPERS.items()},
    STRUCT: lambda value, run: dump_struct(value, run.depth),
    LIST: lambda value, run: dump_list(value, run.depth),
    VALUE: lambda value, run: dump_value(value, run.depth),
    TIMESTAMP: _dump_timestamp,
    DURATION: _dump_duration,
}
"""The writer of each kind of field but messages and enums; a wrapper is written as what it wraps."""

LOAD: dict[str, Load] = {
    **load_scalars.LOAD,
    **{name: _wrapped(load_scalars.LOAD[kind]) for name, kind in WRAPPERS.items()},
    STRUCT: lambda value, run: load_struct(value, run.depth),
    LIST: lambda value, run: load_list(value, run.depth),
    VALUE: lambda value, run: load_value(value, run.depth),
    TIMESTAMP: _load_timestamp,
    DURATION: _load_duration,
}
"""The reader of each kind of field but messages and enums."""
