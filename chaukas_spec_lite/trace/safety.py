"""Keeps exceptions of ours out of the program that is recorded."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from typing import ParamSpec

P = ParamSpec("P")

_log = logging.getLogger("chaukas_spec_lite")


def told(error: BaseException, call: str = "") -> None:
    """Log what went wrong in recording; a handler of the program's that raises does no harm either.

    Args:
        error: What went wrong.
        call: The method that the program has called, if that is known.
    """
    what = f"what {call}() was given" if call else "something"
    try:
        _log.warning("%s could not be recorded: %s: %s", what, type(error).__name__, error, exc_info=error)
    except Exception:  # of a handler, or of the exception's own text
        return


def never_raising(function: Callable[P, None]) -> Callable[P, None]:
    """Make a method that logs its exceptions, but for the TypeError of a call with arguments that it does not have."""

    @functools.wraps(function)
    def safe(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            function(*args, **kwargs)
        except Exception as error:  # whatever odd values do: the program goes on as if it were not recorded
            # One raised by the call itself has no frame below this one: a misspelt keyword, for Python to refuse.
            if isinstance(error, TypeError) and error.__traceback__ is not None and error.__traceback__.tb_next is None:
                raise error.with_traceback(None) from None
            try:
                told(error, function.__qualname__)
            except RecursionError:  # There is no room for a call.
                return

    return safe
