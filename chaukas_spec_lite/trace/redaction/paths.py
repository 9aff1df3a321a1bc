"""Paths such as ``llm_invocation.request.messages[*].content``: read, checked against the schema, and followed."""

from __future__ import annotations

import re
from typing import Any, Final, NamedTuple

from chaukas_spec_lite.errors import SettingError, SettingTypeError
from chaukas_spec_lite.misspelt import nearest
from chaukas_spec_lite.settings import shown
from chaukas_spec_lite.spec.common.v1.events import Event
from chaukas_spec_lite.wire.fields import STRUCT, FieldData, fields_of

STEPS_MAX = 60
"""How many steps a path has at most; nothing can be nested deeper than that in an event."""
_STEP = re.compile(
    r"""(?P<deep>\*\*)|(?P<any>\*)|(?P<name>[^.\[\]'"*\s]+)|\[(?:(?P<index>[0-9]{1,9})|(?P<all>\*)"""
    r"""|'(?P<single>[^']*)'|"(?P<double>[^"]*)")\]"""
)
_PLAIN_KEY = re.compile(r"[^.\[\]'\"*\s]{1,100}")
_KEPT = frozenset({"pii_categories", "redaction"})
"""The fields in which a ``Redactor`` itself writes."""
_EXAMPLE = "write it as llm_invocation.request.messages[*].content, with ['...'] around keys that have dots in them"


class _Wildcard:
    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return self._text


ANY_KEY: Final = _Wildcard("*")
ANY_ITEM: Final = _Wildcard("[*]")
ANY_DEPTH: Final = _Wildcard("**")

Step = str | int | _Wildcard
Steps = tuple[Step, ...]
Open = tuple[Steps, ...]
"""What is still to be followed of the paths that lead to a place; an empty one ends there."""


class Path(NamedTuple):
    """One path of a ``Redactor``."""

    text: str
    steps: Steps


def read_path(text: object) -> Path:
    """Read a path, and check it against the schema as far as that knows what there is.

    Raises:
        SettingError: It is none, or leads to a field that does not exist or cannot be redacted.
        SettingTypeError: It is no text.
    """
    if not isinstance(text, str):
        raise SettingTypeError("paths", f"have to be texts, not {shown(text)}")
    steps = _steps(text)
    if not isinstance(steps[0], str):
        raise SettingError("paths", f"{shown(text)} has to begin with a field of Event, such as metadata")
    _check(text, steps)
    return Path(text, steps)


def _steps(text: str) -> Steps:
    steps: list[Step] = []
    position = 0
    while position < len(text):
        if text[position] == "." and steps:
            position += 1
        elif steps and text[position] != "[":
            raise SettingError("paths", f"{shown(text)} cannot be read at index {position}; {_EXAMPLE}")
        found = _STEP.match(text, position)
        if found is None:
            raise SettingError("paths", f"{shown(text)} cannot be read at index {position}; {_EXAMPLE}")
        steps.append(_step(found))
        position = found.end()
    if not steps or len(steps) > STEPS_MAX:
        raise SettingError("paths", f"{shown(text)} has {len(steps)} steps; it needs one, and {STEPS_MAX} at most")
    return tuple(steps)


def _step(found: re.Match[str]) -> Step:
    kind = found.lastgroup
    if kind == "index":
        return int(found["index"])
    wild = {"deep": ANY_DEPTH, "any": ANY_KEY, "all": ANY_ITEM}.get(kind or "")
    return wild or next(each for each in (found["name"], found["single"], found["double"]) if each is not None)


def _check(text: str, steps: Steps) -> None:
    cls: type[Any] = Event
    for position, step in enumerate(steps):
        if step is ANY_DEPTH:
            return
        if step is ANY_KEY:
            # Each field of a message, so that what follows depends on which.
            return
        fields = {field.name: field for field in fields_of(cls)}
        if not isinstance(step, str) or step not in fields:
            raise SettingError("paths", f"{shown(text)}: {_unknown(cls, step, fields)}")
        field, rest = fields[step], steps[position + 1 :]
        if field.kind == "message" and field.label == "singular" and step not in _KEPT:
            if not rest:
                some = f"{text}.{_first_text(field.cls)}, or {text}.** for all of them"
                raise SettingError("paths", f"{shown(text)} is a message; name one of its fields, as {some}")
            cls = field.cls
            continue
        _check_last(text, step, field, rest)
        return


def _check_last(text: str, name: str, field: FieldData, rest: Steps) -> None:
    if field.kind == STRUCT:
        if rest and not (isinstance(rest[0], str) or rest[0] in (ANY_KEY, ANY_DEPTH)):
            raise SettingError("paths", f"{shown(text)}: {name} is a dict, whose entries have names, as {name}.key")
        return
    several = field.label == "repeated"
    if name in _KEPT or not (field.kind == "string" or (field.kind == "message" and several)):
        what = "where the redaction is noted" if name in _KEPT else f"of type {field.kind.rpartition('.')[2]}"
        raise SettingError("paths", f"{shown(text)}: {name} is {what}; only texts, and what stands in a Struct, can go")
    end = several and len(rest) == 1 and (isinstance(rest[0], int) or rest[0] in (ANY_ITEM, ANY_DEPTH))
    if rest and not end:
        what = f"a list; write {name}[*]" if several else "a text, in which there is nothing further"
        raise SettingError("paths", f"{shown(text)}: {name} is {what}")


def _unknown(cls: type[Any], step: Step, fields: dict[str, FieldData]) -> str:
    near = nearest(step, fields) if isinstance(step, str) else None
    hint = f"; did you mean {near!r}?" if near else f"; it has {', '.join(fields)}"
    return f"{cls.__name__} has no field {shown(step) if isinstance(step, str) else f'[{step}]'}{hint}"


def _first_text(cls: type[Any]) -> str:
    names = [field.name for field in fields_of(cls) if field.kind in ("string", STRUCT)]
    return "text" if "text" in names else names[-1] if names else "*"


def follow(paths: Open, step: str | int) -> Open:
    """Go one step along each path that allows it; what returns may hold a path that has come to its end."""
    found: list[Steps] = []
    for steps in paths:
        _follow(steps, step, found)
    return tuple(found)


def _follow(steps: Steps, step: str | int, found: list[Steps]) -> None:
    if not steps:
        return
    first, rest = steps[0], steps[1:]
    if first is ANY_DEPTH:
        if steps not in found:
            found.append(steps)
        if not rest:
            found.append(())
        _follow(rest, step, found)
    elif rest not in found and _fits(first, step):
        found.append(rest)


def _fits(wanted: Step, step: str | int) -> bool:
    return wanted is (ANY_KEY if isinstance(step, str) else ANY_ITEM) or wanted == step


def ends(paths: Open) -> bool:
    """Whether one of the paths ends here."""
    return () in paths


def named(steps: list[str | int]) -> str:
    """Write the path of a place, as it can be read again."""
    pieces: list[str] = []
    for step in steps:
        if isinstance(step, int):
            pieces.append(f"[{step}]")
        elif _PLAIN_KEY.fullmatch(step):
            pieces.append(f".{step}" if pieces else step)
        else:
            short = step if len(step) <= 100 else f"{step[:97]}..."
            quote = '"' if "'" in short else "'"
            pieces.append(f"[{quote}{short.replace(quote, '_')}{quote}]")
    return "".join(pieces)
