"""The state of one call of a public function: its options, how deep it is, and which types an ``Any`` may hold."""

# _full_name and _well_known are private to the package:
# pyright: reportPrivateUsage=false

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import betterproto2

from chaukas_spec_lite.protojson.problem import too_deep
from chaukas_spec_lite.wire.format import MAX_DEPTH

if TYPE_CHECKING:
    from chaukas_spec_lite.message.anys import AnyMessage
    from chaukas_spec_lite.message.message import Message

    Registry = Iterable[type[Message]] | None
    """The classes that an ``Any`` may hold besides the well-known types."""


class _Run:
    __slots__ = ("_types", "depth", "registry")

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self.depth = 0
        """The level on the wire of the next message, as encoders count: a field or an element is one level below its
        message, the value of a map two. The content of an ``Any`` counts on from there, which bounds nested ones."""
        self._types: dict[str, type[Message]] | None = None

    def enter(self) -> None:
        """Go down one level. A caller that returns without an error has to go up again: ``depth -= 1``."""
        if self.depth > MAX_DEPTH:
            raise too_deep()
        self.depth += 1

    def check(self) -> None:
        """Refuse a message that stands too deep: ``enter`` for one that holds no other message."""
        if self.depth > MAX_DEPTH:
            raise too_deep()

    def type_of(self, holder: type[AnyMessage], type_url: Any) -> type[Message]:
        """Find the class that a type URL names behind its last slash.

        Args:
            holder: The class of the ``Any``, which knows the well-known types.
            type_url: The URL, such as ``type.googleapis.com/google.protobuf.Duration``.

        Raises:
            TypeError: The URL is no string, or the registry holds something else than message classes.
            ValueError: The URL is none, or names neither a well-known type nor one of the registry.
        """
        if self._types is None:  # made for the first Any, since most calls meet none
            well_known = {cls._full_name: cls for cls in holder._well_known()}
            self._types = well_known | _by_name(self.registry or ())
        if not isinstance(type_url, str):
            raise TypeError(f"expected a type URL such as type.googleapis.com/package.Message, got {type_url!r}")
        # Any prefix is taken, not type.googleapis.com alone: any.proto leaves it to programs what URLs they use.
        prefix, _, full_name = type_url.rpartition("/")
        if not prefix or not full_name:
            raise ValueError(f"{type_url!r} is no type URL: expected one such as type.googleapis.com/package.Message")
        found = self._types.get(full_name)
        if found is None:
            raise ValueError(
                f"the message type {full_name!r} is not registered: pass its class, as in registry=[TheMessage]; "
                "a type is never imported because a message names it"
            )
        return found


def _by_name(registry: Iterable[type[Message]]) -> dict[str, type[Message]]:
    known: dict[str, type[Message]] = {}
    for cls in registry:
        # Only messages of this library have a full name. Their class itself stands above this module.
        is_message = isinstance(cls, type) and issubclass(cls, betterproto2.Message) and hasattr(cls, "_full_name")
        if not (is_message and cls._full_name):
            raise TypeError(f"a registry holds message classes, such as [Event, LLMInvocation]; {cls!r} is none")
        known[cls._full_name] = cls
    return known


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
LoadMessage = Callable[[type[Any], Any, LoadRun], Any]
"""Reads a message of a class."""
