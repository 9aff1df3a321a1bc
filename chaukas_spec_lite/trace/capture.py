"""What is recorded of the values that a program hands over: texts, mappings, arguments by name. Nothing here raises."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias, cast

from chaukas_spec_lite.errors import SettingError, SettingTypeError
from chaukas_spec_lite.misspelt import nearest

Capture: TypeAlias = "bool | Iterable[str] | Callable[[str, Any], object]"
"""What a decorator records of a call: all, nothing, the arguments of these names (``return`` is the result), or what a
function of name and value returns for each."""

Metadata: TypeAlias = "Mapping[str, Any]"
"""Names and values, as JSON has them. Other values are converted when the event is encoded."""

RETURN = "return"
"""The result's name, as in a function's annotations."""


def text_of(value: object) -> str:
    """A value as text: JSON for what is no text, as structured messages are recorded."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    try:
        return json.dumps(value, ensure_ascii=False, default=repr)
    except Exception:  # of a cycle, of odd keys, or of somebody else's repr
        return printed(value)


def printed(value: object) -> str:
    """The ``repr`` of a value, whatever that does."""
    try:
        return repr(value)
    except Exception as error:  # of what somebody else wrote
        return f"<{type(value).__qualname__}, whose repr raises {type(error).__qualname__}>"


def texts_of(values: object) -> list[str]:
    """A list of texts: of the elements of an iterable, or of the one value."""
    if isinstance(values, str) or values is None:
        return [values] if values else []
    try:
        return [text_of(each) for each in cast("Iterable[object]", values)]
    except Exception:  # which may also be that of its iterator
        return [text_of(values)]


def mapping_of(value: object, name: str = "value") -> dict[str, Any] | None:
    """A value as the mapping that the schema wants: itself, or under a name."""
    if value is None or value.__class__ is dict:
        return cast("dict[str, Any] | None", value)
    if isinstance(value, Mapping):
        try:
            return dict(cast("Mapping[str, Any]", value))
        except Exception:  # of a mapping that somebody else wrote
            return {name: printed(cast(object, value))}
    return {name: value}


def check_capture(capture: object) -> None:
    """Raise SettingTypeError for what is no ``Capture``."""
    if not isinstance(capture, (bool, Iterable)) and not callable(capture):
        raise SettingTypeError(
            "capture",
            "has to be True, False, the names of arguments, or a function of name and value, "
            f"not {type(capture).__name__}",
        )


class Capturing:
    """Chooses what is recorded of calls of one function.

    Args:
        capture: As for ``Recorder``.
        positional: The names of the parameters that can be given by position, without ``self`` and ``cls``.
        rest: The name of ``*args``, if there is one.
        skip: How many arguments come before them.
    """

    __slots__ = ("_allowed", "_function", "_positional", "_rest", "_skip", "result")

    def __init__(self, capture: Capture, positional: Iterable[str] = (), rest: str = "", skip: int = 0) -> None:
        self._positional = tuple(positional)
        self._rest = rest or "args"
        self._skip = skip
        check_capture(capture)
        self._function = capture if callable(capture) else None
        self._allowed: frozenset[str] | None = None
        if not callable(capture) and not isinstance(capture, bool):
            self._allowed = frozenset([capture] if isinstance(capture, str) else capture)
        elif capture is False:
            self._allowed = frozenset()
        self.result = self._allowed is None or RETURN in self._allowed
        """Whether results are recorded."""

    def refuse_unknown(self, names: Iterable[str], function: str) -> None:
        """Raise SettingError for a name that is none of the function's parameters: it would record nothing.

        Args:
            names: Those of all parameters.
            function: What the function is called.
        """
        known = [*names, RETURN]
        for name in sorted(map(str, self._allowed or ())):
            if name not in known:
                near = nearest(name, known)
                hint = f"did you mean {near!r}?" if near else f"it has {', '.join(known)}"
                raise SettingError("capture", f"{function} has no argument {name!r}; {hint}")

    def arguments(self, given: tuple[Any, ...], named: Mapping[str, Any]) -> dict[str, Any] | None:
        """What is recorded of the arguments of a call, by name; None for nothing."""
        if self._allowed is not None and not self._allowed:
            return None
        if self._skip:
            given = given[self._skip :]
        found = dict(zip(self._positional, given))  # noqa: B905  # Naming `strict` takes as long as the rest.
        if len(given) > len(self._positional):
            found[self._rest] = list(given[len(self._positional) :])
        if named:
            found.update(named)
        if self._allowed is not None:
            found = {name: value for name, value in found.items() if name in self._allowed}
        if self._function is not None:
            found = {name: self.value(name, value) for name, value in found.items()}
        return found

    def value(self, name: str, value: object) -> object:
        """What is recorded of one value."""
        if self._function is None:
            return value
        try:
            return self._function(name, value)
        except Exception as error:  # of the user's function: then not the value itself, which it may have been to hide
            return f"<not recorded: capture raised {type(error).__qualname__}>"
