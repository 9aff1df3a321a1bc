"""A copy of an event that a function may change in place, without changing what belongs to the program.

Much of what an event holds is the program's own: the request that it is about to send, the result that it is about to
use. Not ``copy.deepcopy``, which would copy connections and locks, or fail at them: dicts, lists and messages are
copied as far as they lie within one another, and all else is shared.
"""

from __future__ import annotations

import copy
from collections import Counter, OrderedDict, defaultdict
from typing import Any, TypeVar, cast

from chaukas_spec_lite.message.message import Message
from chaukas_spec_lite.wire.attributes import attributes_of

M = TypeVar("M", bound=Message)

DEEPEST = 100
"""How many levels are copied; what lies deeper is shared. An encoded event has no more."""

_DICTS = frozenset({dict, OrderedDict, defaultdict, Counter})
"""Classes that hold what ``dict`` says that they hold. Of other subclasses nobody knows."""


def own_copy(event: M) -> M:
    """Copy a message with the dicts, lists and messages in it.

    Args:
        event: The message, which is not changed.
    """
    return _message(event, 0, {})


def _message(message: M, depth: int, memo: dict[int, Any]) -> M:
    copied = copy.copy(message)
    for name in attributes_of(type(message)).copied:
        value = getattr(copied, name)
        if value is not None and (made := _value(value, depth + 1, memo)) is not value:
            setattr(copied, name, made)
    return copied


def _value(value: Any, depth: int, memo: dict[int, Any]) -> Any:
    kind = cast("type[object]", type(value))
    if depth > DEEPEST:
        return value
    if kind in _DICTS:
        if id(value) in memo:  # It stands in several places, or within itself.
            return memo[id(value)]
        entries: dict[Any, Any] = {}
        memo[id(value)] = entries
        for key, each in list(cast("dict[Any, Any]", value).items()):
            entries[key] = _value(each, depth + 1, memo)
        return entries
    if kind is list:
        if id(value) in memo:
            return memo[id(value)]
        elements: list[Any] = []
        memo[id(value)] = elements
        elements.extend(_value(each, depth + 1, memo) for each in list(value))
        return elements
    if kind is tuple:
        return tuple(_value(each, depth + 1, memo) for each in value)
    return _message(value, depth, memo) if issubclass(kind, Message) else value
