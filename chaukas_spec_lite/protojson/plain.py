"""The values of fields: scalars, and the well-known types that are plain Python values there."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from chaukas_spec_lite.fields import DURATION, LIST, STRUCT, TIMESTAMP, VALUE, WRAPPERS
from chaukas_spec_lite.protojson import dump_scalars, load_scalars
from chaukas_spec_lite.protojson.dump_values import dump_list, dump_struct, dump_value
from chaukas_spec_lite.protojson.load_values import load_list, load_struct, load_value
from chaukas_spec_lite.protojson.problem import Problem, json_type
from chaukas_spec_lite.protojson.run import Dump, DumpRun, Load, LoadRun
from chaukas_spec_lite.scalars import named
from chaukas_spec_lite.wellknown.timetext import (
    duration_from_json,
    duration_to_json,
    timestamp_from_json,
    timestamp_to_json,
)


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


def _load_wrapped(kind: str) -> Load:
    read = load_scalars.LOAD[kind]

    def load(value: Any, run: LoadRun) -> Any:
        run.check()
        return read(value, run)

    return load


def _dump_wrapped(kind: str) -> Dump:
    write = dump_scalars.DUMP[kind]

    def dump(value: Any, run: DumpRun) -> str:
        run.check()
        return write(value, run)

    return dump


DUMP: dict[str, Dump] = {
    **dump_scalars.DUMP,
    **{name: _dump_wrapped(kind) for name, kind in WRAPPERS.items()},
    STRUCT: lambda value, run: dump_struct(value, run.depth),
    LIST: lambda value, run: dump_list(value, run.depth),
    VALUE: lambda value, run: dump_value(value, run.depth),
    TIMESTAMP: _dump_timestamp,
    DURATION: _dump_duration,
}
"""The writer of each kind of field but messages and enums; a wrapper is written as what it wraps."""

LOAD: dict[str, Load] = {
    **load_scalars.LOAD,
    **{name: _load_wrapped(kind) for name, kind in WRAPPERS.items()},
    STRUCT: lambda value, run: load_struct(value, run.depth),
    LIST: lambda value, run: load_list(value, run.depth),
    VALUE: lambda value, run: load_value(value, run.depth),
    TIMESTAMP: _load_timestamp,
    DURATION: _load_duration,
}
"""The reader of each kind of field but messages and enums."""
