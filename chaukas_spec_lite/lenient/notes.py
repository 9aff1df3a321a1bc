"""What lenient encoding is asked for and what it tells: limits, the event's bytes, what was converted, and where."""

from __future__ import annotations

from typing import Any, NamedTuple

from chaukas_spec_lite.wire.refusals import named, short

CONVERSIONS_MAX = 1000
"""How many are told of one event, and as many losses; a list of a million UUIDs says nothing more after its first
thousand."""

LINE_MAX = 500
"""How many characters a path and what is said of a value have at most."""

_NAME = type.__dict__["__name__"].__get__
"""The name of a class, which its own type may call something else."""


class Limits(NamedTuple):
    """How much of an event is written."""

    event_bytes: int = 1 << 20
    """The size of the encoded event, in bytes. Beyond it the longest texts are cut first, then the longest lists."""
    values: int = 1_000_000
    """How many values are looked at. More would take seconds, and more room than ``event_bytes``."""
    shown: int = 1000
    """How many characters are written of the ``repr`` of a value that nothing better is known for."""
    media_bytes: int | None = None
    """The size, in bytes, above which images and other media in base64, data URLs among them, and ``bytes`` in a Struct
    are replaced by their SHA-256 and size. None writes all of them."""


class Conversion(NamedTuple):
    """One value that was written as something else."""

    path: str
    """Where it stands, such as ``Event.metadata['id']``."""
    what: str
    """What became of it, such as ``UUID became text``."""
    lost: bool = False
    """Whether some of what was there is not written: it was cut or left out, contains itself, or is nested too deep."""

    def __str__(self) -> str:
        return f"{self.path}: {self.what}"


class EncodedEvent(NamedTuple):
    """An encoded event, and what had to be converted for it."""

    data: bytes
    conversions: list[Conversion]
    """What was written in place of what could not be; empty for nearly all events. No more than a thousand are told,
    and as many of those with which something is lost."""


class Notes:
    """The conversions so far, and the path of the value that is being looked at."""

    def __init__(self, root: str) -> None:
        self.conversions: list[Conversion] = []
        self.steps = [root]
        self._left = {False: CONVERSIONS_MAX, True: CONVERSIONS_MAX}
        """How many more are told, without a loss and with one: many of the first kind must not hide the other."""

    def tell(self, what: str) -> None:
        """Note what becomes of the value that is being looked at; nothing of it is lost."""
        self._note(what, lost=False)

    def lose(self, what: str) -> None:
        """Note that the value that is being looked at, or a part of it, is not written."""
        self._note(what, lost=True)

    def _note(self, what: str, lost: bool) -> None:
        if self._left[lost] > 0:
            self._left[lost] -= 1
            self.conversions.append(Conversion(_line("".join(self.steps)), _line(what), lost))

    def forget(self, since: int) -> None:
        """Forget what was told since there were so many, as steps on the way to something else; losses stay."""
        later = self.conversions[since:]
        losses = [each for each in later if each.lost]
        self._left[False] += len(later) - len(losses)
        self.conversions[since:] = losses

    def enter(self, step: str) -> None:
        """Go to a part of the value: ``.name``, ``['key']`` or ``[3]``."""
        self.steps.append(step)

    def leave(self) -> None:
        """Go back to the value around it."""
        self.steps.pop()


def _line(text: str) -> str:
    """Make what a log can show in a line, whatever names classes and keys have."""
    text = text if text.isprintable() else text.encode("unicode_escape").decode()
    return text if len(text) <= LINE_MAX else f"{text[:LINE_MAX]}..."


def class_of(value: object) -> type[Any]:
    """Return the class of a value, whatever it says of its ``__class__``."""
    return type(value)


def name_of(value: object) -> str:
    """Name the type of a value, whatever its class does when it is asked."""
    try:
        return named(value)
    except MemoryError:
        raise
    except Exception:  # of a class that somebody else wrote
        return str(_NAME(type(value)))


def shown(value: Any) -> str:
    """Show a value, or its beginning, whatever its class does when it is asked."""
    try:
        return short(value)
    except MemoryError:
        raise
    except Exception:  # of a class that somebody else wrote
        return f"a {name_of(value)}"
