"""The functions that see each event before anything else does, and may change it or keep it back."""

from __future__ import annotations

import functools
import inspect
import logging
from asyncio import CancelledError
from collections.abc import Callable, Iterable, Sequence
from types import CodeType, TracebackType
from typing import TypeAlias, cast

from chaukas_spec_lite.errors import SettingTypeError
from chaukas_spec_lite.rationed_log import RationedLog, in_words
from chaukas_spec_lite.spec.common.v1.events import Event
from chaukas_spec_lite.trace.outcomes import Outcome, Outcomes
from chaukas_spec_lite.trace.owning import own_copy

BeforeSend: TypeAlias = "Callable[[Event], Event | None]"
"""A function of an event that returns it, changed or not, or another one, or None if nothing is to be recorded."""

SUSPICIOUS = 20
"""After how many events in a row that a function drops the log tells: most likely its ``return`` is missing."""


class Functions:
    """Runs each event through some functions, in their order. What they do wrong is counted and told, never raised.

    Args:
        functions: What ``checked`` returned.
        send_on_error: Whether an event goes on, as it is then, after a function raised.
        outcomes: Counts their failures.
        log: Tells of them.
    """

    def __init__(
        self,
        functions: Sequence[BeforeSend],
        send_on_error: bool,
        outcomes: Outcomes,
        log: RationedLog,
    ) -> None:
        self._functions = functions
        self._send_on_error = send_on_error
        self._outcomes = outcomes
        self._log = log
        self._may_change = ["changes_no_event" not in vars(type(each)) for each in functions]
        """Which of them may change what they are given, rather than make a copy of it, as a ``Redactor`` does."""
        self._dropped_in_a_row = [0] * len(self._functions)

    def __bool__(self) -> bool:
        return bool(self._functions)

    def run(self, event: Event) -> Event | Outcome:
        """Return what the functions made of an event; or what became of it, if it is not to go on."""
        is_owned = False
        for place, function in enumerate(self._functions):
            if self._may_change[place] and not is_owned:
                # The request, say, that it changes is the one that the program is about to send.
                event, is_owned = own_copy(event), True
            try:
                result: object = function(event)
            # The functions are the user's, and their mistakes must not reach the code that records. A CancelledError is
            # one, too: a function cannot wait, so nobody has cancelled the task here.
            except (Exception, CancelledError) as error:
                self._outcomes.no_room += isinstance(error, RecursionError)
                self._tell(function, event, f"raised {_shown(error)}")
                if not self._send_on_error:
                    return Outcome.FAILED
                continue
            if isinstance(result, Event):
                event, self._dropped_in_a_row[place] = result, 0
            elif result is None:
                self._dropped(place)
                return Outcome.FILTERED
            else:
                if inspect.iscoroutine(result):
                    result.close()  # Python would warn that nobody has awaited it.
                what = f"returned {type(result).__name__}, and has to return the event, or None to leave it out"
                self._tell(function, event, what)
                if not self._send_on_error:
                    return Outcome.FAILED
        return event

    def redacted(self, event: Event) -> Event:
        """Return an event without its secrets, by those functions that take out nothing else, such as a ``Redactor``.

        Args:
            event: An event that will not be sent.

        Raises:
            Exception: Whatever one of them raises.
        """
        for function in self._functions:
            if hasattr(type(function), "changes_no_event") and (found := function(event)) is not None:
                event = found
        return event

    def _tell(self, function: BeforeSend, event: Event, what: str) -> None:
        self._outcomes.before_send_errors += 1
        self._outcomes.last_error = f"before_send {_name(function)} {what}"
        fate = "was sent all the same (send_on_error=True)" if self._send_on_error else "was kept back"
        text = "before_send %s %s; the event (%s) %s"
        kind = getattr(event.type, "name", None) or event.type
        self._log.log(f"before_send {id(function)}", logging.ERROR, text, described(function), what, kind, fate)

    def _dropped(self, place: int) -> None:
        self._dropped_in_a_row[place] += 1
        if self._dropped_in_a_row[place] == SUSPICIOUS:
            function = self._functions[place]
            text = "before_send %s has left out the last %d events that it was given; is its `return event` missing?"
            self._log.log(f"drops {id(function)}", logging.WARNING, text, described(function), SUSPICIOUS)


# Checking


def checked(given: object) -> Sequence[BeforeSend]:
    """Return functions that can be run; refuse at once what could not, or every event would be kept back.

    Args:
        given: One function, several, or None.

    Raises:
        SettingTypeError: Something is no function of one event; the error says what to write.
    """
    if given is None:
        return ()
    if callable(given):
        functions: list[object] = [given]
    elif isinstance(given, Iterable) and not isinstance(given, (str, bytes)):
        functions = list(cast("Iterable[object]", given))
    else:
        raise SettingTypeError("before_send", f"has to be a function of an event, not {type(given).__name__}")
    for each in functions:
        _check(each)
    return cast("Sequence[BeforeSend]", functions)


def _check(function: object) -> None:
    if isinstance(function, type):
        write = f"before_send={function.__name__}(...)"
        raise SettingTypeError("before_send", f"has to be a function or an object, not the class: write {write}")
    if not callable(function):
        raise SettingTypeError("before_send", f"has to hold functions of an event, not {type(function).__name__}")
    name, call = _name(function), _inner(function)
    if inspect.iscoroutinefunction(call) or inspect.isasyncgenfunction(call):
        why = "nobody could await it: write `def`, not `async def`"
        raise SettingTypeError("before_send", f"{name} is asynchronous, and {why}")
    if inspect.isgeneratorfunction(call):
        raise SettingTypeError("before_send", f"{name} is a generator with its `yield`: write `return`")
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):  # Some callables made in C have none.
        return
    try:
        signature.bind(None)
    except TypeError:
        raise SettingTypeError("before_send", f"{name} takes {signature}, and has to take one event") from None


# Naming


def _inner(function: object) -> object:
    """Return the plain function, or the method, that a callable ends in."""
    while isinstance(function, functools.partial):
        function = cast("functools.partial[object]", function).func
    return function if hasattr(function, "__name__") else getattr(function, "__call__", function)  # noqa: B004  # the method itself is wanted


def _name(function: object) -> str:
    while isinstance(function, functools.partial):
        function = cast("functools.partial[object]", function).func
    # An object that can be called has no name; its class has.
    return getattr(function, "__qualname__", None) or type(function).__qualname__


def described(function: object) -> str:
    """Return a function's name, with the file and line where it is defined, as far as they are known."""
    code = getattr(inspect.unwrap(cast("Callable[..., object]", _inner(function))), "__code__", None)
    return (
        f"{_name(function)} ({code.co_filename}:{code.co_firstlineno})"
        if isinstance(code, CodeType)
        else _name(function)
    )


def _shown(error: BaseException) -> str:
    text = in_words(error)
    at: TracebackType | None = error.__traceback__
    while at is not None and at.tb_next is not None:
        at = at.tb_next
    return text if at is None else f"{text} (at {at.tb_frame.f_code.co_filename}:{at.tb_lineno})"
