"""What an exception says to an event: whether it is a failure, its ``ErrorInfo``, whether it was recorded before."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, cast

from chaukas_spec_lite.spec.common.v1.events import ErrorInfo

if TYPE_CHECKING:
    from typing import Any, TypeGuard

MAX_MESSAGE = 8_000
"""Characters kept of an exception's message."""

MAX_STACK = 16_000
"""Characters kept of a stack trace unless the recorder is told otherwise."""

_MAX_FRAMES = 100
_MAX_GROUP = 20
"""How many exceptions of a group are named."""
_MAX_MARKS = 20
"""With how many recorders and traces an exception remembers that it was recorded: the latest."""
_MAX_WORD = 200
"""Characters of a word that is left out whole where a text is cut: half of a secret is none to who looks for it."""

_OURS = str(Path(__file__).parent)

_CANCELLATIONS = {
    ("builtins", "KeyboardInterrupt"),
    ("builtins", "GeneratorExit"),
    ("builtins", "SystemExit"),
    ("asyncio.exceptions", "CancelledError"),
    ("concurrent.futures._base", "CancelledError"),
    ("trio", "Cancelled"),
    ("trio._core._exceptions", "Cancelled"),
}
"""By name, so that nothing is imported to recognise them."""

_PASSING_STATUS = {408, 409, 425, 429, 500, 502, 503, 504}
"""HTTP statuses after which the same request may succeed."""

_MARK = "__chaukas_recorded__"


def is_exception(value: object) -> TypeGuard[BaseException]:
    """Whether something is an exception, by its type: ``isinstance`` asks what an object says of itself."""
    return issubclass(type(value), BaseException)


def is_cancellation(error: BaseException) -> bool:
    """Whether an exception says that work was called off, rather than that it failed."""
    inner = members(error)
    if inner:
        return all(is_cancellation(each) for each in inner)
    return any((base.__module__, base.__name__) in _CANCELLATIONS for base in type(error).__mro__)


def members(error: BaseException) -> tuple[BaseException, ...]:
    """The exceptions of a group, of those within it too; nothing for other exceptions."""
    group = _group_class()
    if group is None or not issubclass(type(error), group):
        return ()
    return tuple(_leaves(error, group))


def _leaves(error: Any, group: type[BaseException]) -> Iterator[BaseException]:
    waiting = [error]
    while waiting:
        each = waiting.pop()
        if issubclass(type(each), group):
            waiting.extend(reversed(each.exceptions))
        else:
            yield each


def _group_class() -> type[BaseException] | None:
    if sys.version_info >= (3, 11):
        return BaseExceptionGroup  # noqa: F821  # of the versions that are asked for
    backport = sys.modules.get("exceptiongroup")
    return None if backport is None else backport.BaseExceptionGroup


# What was recorded


def recorded_in(error: BaseException, key: str) -> str:
    """The id of the span with which an exception was recorded, or nothing.

    Args:
        error: The exception. One of a group counts as recorded when all those in it are.
        key: The recorder and the trace.
    """
    found = _mark_of(error).get(key, "")
    if not found and (inner := members(error)):
        spans = [recorded_in(each, key) for each in inner]
        return spans[0] if all(spans) else ""
    return found


def mark_recorded(error: BaseException, key: str, span_id: str) -> None:
    """Remember that an exception was recorded, in the exception: it passes through threads, tasks and processes."""
    for each in (error, *members(error)):
        try:
            # Not by assignment, which the class may refuse. A dict of texts, as exceptions may be pickled.
            object.__setattr__(each, _MARK, {**_latest(_mark_of(each)), key: span_id})
        except Exception:  # of a class that allows no attribute: it is recorded once more
            continue


def _latest(marks: dict[str, str]) -> dict[str, str]:
    """What is kept of the marks of an exception that is raised in trace after trace."""
    return marks if len(marks) < _MAX_MARKS else dict(list(marks.items())[1 - _MAX_MARKS :])


def _mark_of(error: BaseException) -> dict[str, str]:
    try:
        # Not by the class's own way, which may be any.
        found = object.__getattribute__(error, "__dict__").get(_MARK)
    except Exception:  # of a class that has other ideas of attributes
        return {}
    return cast("dict[str, str]", found) if isinstance(found, dict) else {}


# ErrorInfo


def error_info(
    error: object,
    max_stack: int = MAX_STACK,
    *,
    code: str = "",
    recoverable: bool | None = None,
    recovery_action: str = "",
) -> ErrorInfo:
    """Describe a failure.

    Args:
        error: An exception, or a text.
        max_stack: Characters kept of its stack trace, from both ends; 0 for none.
        code: A word for the kind of failure; the exception's class if empty.
        recoverable: Whether trying again may help. If None, that is so for time-outs, lost connections, and the
            HTTP statuses that say so.
        recovery_action: What to do.
    """
    if is_exception(error):
        return ErrorInfo(
            error_message=message_of(error),
            error_code=code or type(error).__qualname__,
            stack_trace=stack_of(error, max_stack),
            recoverable=is_recoverable(error) if recoverable is None else bool(recoverable),
            recovery_action=recovery_action,
        )
    text = error if isinstance(error, str) else _text(error)
    return ErrorInfo(
        error_message=cut(text, MAX_MESSAGE),
        error_code=code,
        recoverable=bool(recoverable),
        recovery_action=recovery_action,
    )


def message_of(error: BaseException) -> str:
    """An exception's message; that of a group names the exceptions in it."""
    text = _text(error) or type(error).__qualname__
    if inner := members(error):
        named = [f"{type(each).__qualname__}: {_text(each)}" for each in inner[:_MAX_GROUP]]
        more = len(inner) - len(named)
        text = f"{text}: {'; '.join(named)}{f'; {more} more' if more > 0 else ''}"
    return cut(text, MAX_MESSAGE)


def _text(value: object) -> str:
    try:
        return str(value)
    except Exception as error:  # the text of what somebody else wrote may raise anything
        return f"<{type(value).__qualname__}, whose text raises {type(error).__qualname__}>"


def stack_of(error: BaseException, most: int = MAX_STACK) -> str:
    """The traceback as Python prints it, without our own frames, and cut in the middle to a number of characters."""
    if most <= 0:
        return ""
    try:
        lines = traceback.format_exception(type(error), error, _theirs(error.__traceback__), limit=-_MAX_FRAMES)
    except Exception as problem:  # of a message or source line that cannot be printed, or a chain that is too deep
        return f"<no stack trace: {type(problem).__qualname__}>"
    text = "".join(lines)
    if len(text) <= most:
        return text
    note = f"\n... {len(text) - most:,} characters left out ...\n"
    half = max(0, most - len(note)) // 2
    return f"{cut(text, half)}{note}{cut(text[::-1], half)[::-1]}"[:most]


def cut(text: str, most: int) -> str:
    """The beginning of a text, which ends between two words, unless one is very long."""
    if len(text) <= most or not most:
        return text[:most]
    kept = text[:most]
    if text[most].isspace() or kept[-1].isspace():
        return kept
    words = kept[-_MAX_WORD:].split()
    return kept[: -len(words[-1])] if words and len(words[-1]) < min(_MAX_WORD, most) else kept


def _theirs(found: TracebackType | None) -> TracebackType | None:
    while found is not None and found.tb_next is not None and found.tb_frame.f_code.co_filename.startswith(_OURS):
        found = found.tb_next
    return found


def is_recoverable(error: BaseException) -> bool:
    """Whether it looks as if the same step might succeed if it were tried again."""
    if issubclass(type(error), (TimeoutError, ConnectionError)):
        return True
    for holder in (error, _attribute(error, "response")):
        for name in ("status_code", "status"):
            if (status := _attribute(holder, name)).__class__ is int:
                return status in _PASSING_STATUS
    return False


def _attribute(thing: object, name: str) -> object:
    try:
        return getattr(thing, name, None)
    except Exception:  # of a property that somebody else wrote
        return None
