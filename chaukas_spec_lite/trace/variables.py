"""Context variables that what the garbage collector runs may use, too.

Until Python 3.11 the collector runs amid any allocation, those of ``ContextVar.set`` included, and not only between two
instructions, as from 3.12 on. It ends generators that were forgotten, and calls ``__del__``. If one of those sets a
variable, whichever, of the context that is being changed or copied, then memory is read that it has freed, and the
process dies (python/cpython#148891). So there, what a collection runs has values of its own, as in a copy of the
context, which end with the collection.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from contextvars import ContextVar, Token, copy_context
from threading import get_ident
from typing import Any, Generic, Protocol, TypeVar

T = TypeVar("T")


class Variable(Protocol[T]):
    """What is used of a ``ContextVar``."""

    def get(self) -> T:
        """Return the value."""
        ...

    def set(self, value: T, /) -> Any:
        """Set the value, and return what ``reset`` needs to undo that."""
        ...

    def reset(self, token: Any, /) -> None:
        """Set the value that was there before.

        Raises:
            ValueError: It was set in another context.
        """
        ...


def variable(name: str, default: T) -> Variable[T]:
    """Make a context variable.

    Args:
        name: Its name, for those who debug.
        default: Its value where it has not been set.
    """
    if sys.version_info >= (3, 12):
        return ContextVar(name, default=default)
    if _collection.note not in gc.callbacks:
        gc.callbacks.append(_collection.note)
    return Guarded(name, default)


class _Collection:
    """What is known of the collection that runs, if one does."""

    def __init__(self) -> None:
        self.thread = 0
        """The thread in which it runs; 0 for none."""
        self.aside: dict[Guarded[Any], Any] = {}
        """What it has set variables to."""

    # At the end of the interpreter, names of this module may be gone.
    def note(self, phase: str, _: dict[str, int], *, ident: Callable[[], int] = get_ident) -> None:
        """Take note that a collection begins or ends: a callback of ``gc``."""
        self.aside.clear()
        self.thread = ident() if phase == "start" else 0


_collection = _Collection()


class _Aside(Generic[T]):
    """What ``set`` returns within a collection."""

    __slots__ = ("before",)

    def __init__(self, before: T) -> None:
        self.before = before


class Guarded(Generic[T]):
    """A context variable that is not set amid a change of its context.

    Args:
        name: Its name.
        default: Its value where it has not been set.
    """

    __slots__ = ("_default", "_real")

    def __init__(self, name: str, default: T) -> None:
        self._real: ContextVar[T] = ContextVar(name, default=default)
        self._default = default

    def get(self) -> T:
        """Return the value."""
        if _collection.thread == get_ident() and self in _collection.aside:
            value: T = _collection.aside[self]
            return value
        return self._real.get()

    def set(self, value: T, /) -> Token[T] | _Aside[T]:
        """Set the value, and return what ``reset`` needs to undo that."""
        if _collection.thread == get_ident():
            token = _Aside(self.get())
            _collection.aside[self] = value
            return token
        # It holds what is about to be replaced: a forgotten generator of others may set variables of theirs meanwhile.
        held = copy_context()
        made = self._real.set(value)
        if made.old_value is Token.MISSING:
            # `reset` would remove it; amid that, a `get` by what the collector runs would keep what is removed.
            self._real.set(self._default)
            made = self._real.set(value)
        del held
        return made

    def reset(self, token: Token[T] | _Aside[T], /) -> None:
        """Set the value that was there before.

        Raises:
            ValueError: It was set in another context, or before the collection that runs here.
        """
        collects = _collection.thread == get_ident()
        if isinstance(token, _Aside):
            if collects:
                _collection.aside[self] = token.before
        elif collects:
            raise ValueError("it was set before this collection has begun")
        else:
            held = copy_context()
            self._real.reset(token)
            del held
