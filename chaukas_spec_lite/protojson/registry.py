"""Which message types an ``Any`` may hold: those that the caller names and the well-known ones, and no others."""

# pyright: reportPrivateUsage=false

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from chaukas_spec_lite.message.message import Message

Registry = Iterable[type[Message]] | None
"""The classes that an ``Any`` may hold besides the well-known types."""


class Types:
    """Message classes by type URL."""

    def __init__(self, registry: Registry) -> None:
        self._known = {cls._full_name: cls for cls in _well_known()} | _by_name(registry or ())

    def find(self, type_url: Any) -> type[Message]:
        """Find the class that a type URL names behind its last slash."""
        if not isinstance(type_url, str):
            raise TypeError(f"expected a type URL such as type.googleapis.com/package.Message, got {type_url!r}")
        prefix, _, full_name = type_url.rpartition("/")
        if not prefix or not full_name:
            raise ValueError(f"{type_url!r} is no type URL: expected one such as type.googleapis.com/package.Message")
        found = self._known.get(full_name)
        if found is None:
            raise ValueError(
                f"the message type {full_name!r} is not registered: pass its class, as in registry=[TheMessage]; "
                "a type is never imported because a message names it"
            )
        return found


def _well_known() -> Iterable[type[Message]]:
    """The types that every ``Any`` may hold: those with a JSON form of their own, and Empty."""
    from chaukas_spec_lite.spec.google.protobuf import any, duration, empty, field_mask, struct, timestamp, wrappers

    for module in (any, duration, empty, field_mask, struct, timestamp, wrappers):
        for cls in vars(module).values():
            if isinstance(cls, type) and issubclass(cls, Message) and cls.__module__ == module.__name__:
                yield cls


def _by_name(registry: Iterable[type[Message]]) -> dict[str, type[Message]]:
    known: dict[str, type[Message]] = {}
    for cls in registry:
        if not (isinstance(cls, type) and issubclass(cls, Message) and cls._full_name):
            raise TypeError(f"a registry holds message classes, such as [Event, LLMInvocation]; {cls!r} is none")
        known[cls._full_name] = cls
    return known
