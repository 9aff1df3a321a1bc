"""One call of a public function: its options, and how deep it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chaukas_spec_lite.protojson.problem import too_deep
from chaukas_spec_lite.protojson.registry import Registry, Types
from chaukas_spec_lite.wire.format import MAX_DEPTH


class _Run:
    __slots__ = ("_types", "depth", "registry")

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self.depth = 0
        """How deep a message stands on the wire that is next to be read or written, as encoders count: fields and
        elements one level, values of a map two. What an Any holds goes on counting, which bounds Anys in Anys."""
        self._types: Types | None = None

    @property
    def types(self) -> Types:
        """What an ``Any`` may hold; made for the first one."""
        if self._types is None:
            self._types = Types(self.registry)
        return self._types

    def enter(self) -> None:
        """Go down one level; whoever returns normally goes up again."""
        if self.depth > MAX_DEPTH:
            raise too_deep()
        self.depth += 1

    def check(self) -> None:
        """Refuse a message that stands too deep; for one that holds no others, this is all."""
        if self.depth > MAX_DEPTH:
            raise too_deep()


class DumpRun(_Run):
    """One call of ``to_dict`` or ``to_json``."""

    __slots__ = ("defaults", "schema_names")

    def __init__(self, registry: Registry, schema_names: bool, defaults: bool) -> None:
        super().__init__(registry)
        self.schema_names = schema_names
        self.defaults = defaults


class LoadRun(_Run):
    """One call of ``from_dict`` or ``from_json``."""

    __slots__ = ("ignore_unknown",)

    def __init__(self, registry: Registry, ignore_unknown: bool) -> None:
        super().__init__(registry)
        self.ignore_unknown = ignore_unknown


Dump = Callable[[Any, DumpRun], str]
"""Writes one value as JSON text."""
Load = Callable[[Any, LoadRun], Any]
"""Reads one value."""
