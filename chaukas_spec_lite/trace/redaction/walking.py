"""Going through an event, place by place, and making a copy of what has to be another: all else is shared with it."""

# _unknown_fields is private to the package:
# pyright: reportPrivateUsage=false

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

from chaukas_spec_lite.errors import CodecError
from chaukas_spec_lite.lenient.notes import class_of
from chaukas_spec_lite.lenient.values import is_list
from chaukas_spec_lite.message.anys import AnyMessage
from chaukas_spec_lite.message.message import Message
from chaukas_spec_lite.spec.google.protobuf.struct import ListValue, Struct, Value
from chaukas_spec_lite.trace.redaction.fields import Treatment, treatments
from chaukas_spec_lite.trace.redaction.keys import KeyNames
from chaukas_spec_lite.trace.redaction.looking import DEEPEST, OddValueError, digits_of, text_in
from chaukas_spec_lite.trace.redaction.methods import REMOVED, Replacing
from chaukas_spec_lite.trace.redaction.paths import Open, ends, follow, named
from chaukas_spec_lite.trace.redaction.patterns import CREDENTIAL
from chaukas_spec_lite.trace.redaction.texts import Active, TextRules
from chaukas_spec_lite.wellknown.values import Carrier, carry, carry_inner, inner_unknown_of, plain_of, unknown_of
from chaukas_spec_lite.wire.attributes import attributes_of
from chaukas_spec_lite.wire.scalars import is_dict

M = TypeVar("M", bound=Message)

FIELDS_MAX = 100
"""How many paths are noted of one event."""
_JSON_MAX = 4
"""How many times JSON may stand as text in JSON."""
_NAMES = ("name", "key", "header", "field")
"""The keys whose value names what stands beside it as ``value``: in lists of headers and of variables."""

Function = Callable[[str, str], "str | None"]


class Rules(NamedTuple):
    """What a ``Redactor`` looks for."""

    texts: TextRules
    keys: KeyNames
    replacing: Replacing
    functions: tuple[Function, ...]


class Walk:
    """One way through an event.

    Args:
        rules: What is looked for.
        active: Those of the rules for texts that may find something here.
    """

    def __init__(self, rules: Rules, active: Active) -> None:
        self._rules = rules
        self._active = active
        self._steps: list[str | int] = []
        self._in_json = 0
        """In how many texts of JSON the place stands."""
        self.fields: dict[str, None] = {}
        """The paths of what was replaced or removed, in order."""
        self.further = 0
        """How many more there are."""
        self.categories: dict[str, None] = {}
        """The categories of what was found."""

    # Messages

    def message(self, message: M, paths: Open) -> M:
        """Return a message without its secrets: itself if there are none."""
        known = treatments(type(message))
        changed: dict[str, Any] = {}
        for name, value in attributes_of(type(message)).each_set(message):
            if known[name] not in (Treatment.NUMBER, Treatment.NOTE):
                self._steps.append(name)
                made = self._field(known[name], value, follow(paths, name) if paths else ())
                self._steps.pop()
                if made is not value:
                    changed[name] = made
        for name in [each for each in changed if each.endswith("agent_name")]:
            # An agent without an id of its own has its name for one.
            its_id = f"{name.removesuffix('name')}id"
            if its_id not in changed and getattr(message, its_id) == getattr(message, name):
                self._note(its_id)
                changed[its_id] = changed[name]
        unknown = message._unknown_fields
        if unknown and self._opaque(unknown):
            self._note("unknown fields")
            changed["_unknown_fields"] = b""
        if not changed:
            return message
        copied = copy.copy(message)
        for name, value in changed.items():
            setattr(copied, name, attributes_of(type(message)).defaults.get(name, b"") if value is REMOVED else value)
        return copied

    def _field(self, treatment: Treatment, value: Any, paths: Open) -> Any:
        if treatment is Treatment.TEXT:
            made = self._value(value, paths, 0)
            return "" if made is REMOVED else made
        if treatment is Treatment.ID:
            made = self._whole(value) if ends(paths) else value
            return "" if made is REMOVED else made
        if treatment is Treatment.JSON:
            return self._value(value, paths, 0)
        if treatment is Treatment.STRUCT:
            # The field itself has to stay what it is: what a path takes are the entries.
            return self._entries(value, paths, 0, all_of_it=ends(paths))
        if treatment is Treatment.MESSAGE:
            return self.message(value, paths)
        if treatment is Treatment.BINARY:
            return REMOVED if self._opaque(value) else value
        return self._several(treatment, value, paths)

    def _several(self, treatment: Treatment, values: list[Any], paths: Open) -> Any:
        made: list[Any] = []
        for position, value in enumerate([*values]):
            self._steps.append(position)
            here = paths if ends(paths) else follow(paths, position)
            if treatment is Treatment.MESSAGES:
                made.append(self._extension(value, here))
            elif treatment is Treatment.TEXTS or ends(here):
                made.append(self._value(value, here, 0))
            else:
                made.append(value)
            self._steps.pop()
        return _kept(values, made)

    def _extension(self, value: Any, paths: Open) -> Any:
        """Look at an ``Any``, as a message if it holds JSON; what is hidden in other bytes can only go as a whole."""
        if not isinstance(value, AnyMessage):
            return self.message(value, paths)
        if not ends(paths):
            for cls in (Struct, Value, ListValue):
                if value.is_type(cls):
                    return self._unpacked(value, cls)
        if ends(paths) or self._opaque(value.value) or self._opaque(value.type_url.encode(errors="replace")):
            self._note()
            return REMOVED
        return value

    def _unpacked(self, value: AnyMessage, cls: type[Message]) -> Any:
        try:
            message: Any = value.unpack(cls)
            held: Any = message.fields if isinstance(message, Struct) else message.to_dict()
        except CodecError:  # its bytes are no such message, or one that has no JSON: it cannot be looked into
            self._note()
            return REMOVED
        made = self._value(held, (), 0)
        if made is held:
            return value
        return type(value)().pack(Struct(made) if isinstance(message, Struct) else cls.from_dict(made))

    # Values of JSON

    def _value(self, value: Any, paths: Open, depth: int) -> Any:
        """Return what a place is to hold: the value itself, another one, or ``REMOVED``."""
        kind = class_of(value)
        if paths and ends(paths) and not _is_nothing(value):
            return self._whole(value)
        if kind is str:
            return self._text(value)
        if kind is dict or kind is list:
            if depth > DEEPEST + 2:
                raise OddValueError
            made = self._entries(value, paths, depth) if kind is dict else self._items(value, paths, depth)
            return made
        if kind is int or kind is float:
            return self._number(value)
        return self._carrier(value, paths, depth) if isinstance(value, Carrier) else value

    def _entries(self, given: dict[str, Any], paths: Open, depth: int, all_of_it: bool = False) -> Any:
        made: dict[str, Any] = {}
        changed = False
        names = self._rules.keys if self._active.names else None
        named_here = self._named(given) if names else ""
        for key, value in [*given.items()]:
            name = self._key(key, made)
            self._steps.append(name)
            here = follow(paths, key) if paths else ()
            if (all_of_it and value is not None) or (
                names
                and (
                    names.secret_value(key, value, given) or (key == "value" and named_here and value not in ("", None))
                )
            ):
                new = self._whole(value, None if all_of_it else CREDENTIAL)
            else:
                new = self._value(value, here, depth + 1)
            self._steps.pop()
            changed = changed or new is not value or name is not key
            if new is not REMOVED:
                made[name] = new
        made = made if changed else given
        return self._around(given, made) if isinstance(given, Carrier) else made

    def _named(self, given: dict[str, Any]) -> str:
        """Return the name of a secret that stands as ``value`` in this dict, as headers and variables do."""
        if "value" in given:
            for each in _NAMES:
                name = given.get(each)
                if isinstance(name, str) and self._rules.keys.secret(name):
                    return name
        return ""

    def _items(self, given: list[Any], paths: Open, depth: int) -> Any:
        made: list[Any] = []
        for position, value in enumerate([*given]):
            self._steps.append(position)
            pair = self._pair(value) if self._active.names and class_of(value) is list else None
            made.append(pair or self._value(value, follow(paths, position) if paths else (), depth + 1))
            self._steps.pop()
        kept = _kept(given, made)
        return self._around(given, kept) if isinstance(given, Carrier) else kept

    def _pair(self, value: list[Any]) -> list[Any] | None:
        """Treat a list of two, a name and a text, in a list of such, as an entry: headers are often written so."""
        if len(value) != 2 or type(value[0]) is not str or type(value[1]) is not str:
            return None
        if not value[1] or not self._rules.keys.secret(value[0]):
            return None
        self._steps.append(1)
        new = self._whole(value[1], CREDENTIAL)
        self._steps.pop()
        if new is value[1]:
            return None
        return [value[0]] if new is REMOVED else [value[0], new]

    def _around(self, given: Any, made: Any) -> Any:
        """Keep the unknown fields that a value came with, if no secret is in them."""
        unknown, inner = unknown_of(given), inner_unknown_of(given)
        bad = self._opaque(unknown + inner)
        if bad:
            self._note()
        elif made is given:
            return given
        plain: Any = dict(made) if is_dict(made) else [*made]
        return plain if bad else carry(carry_inner(plain, inner), unknown)

    def _carrier(self, value: Any, paths: Open, depth: int) -> Any:
        if is_dict(value):
            return self._entries(value, paths, depth)
        if is_list(value):
            return self._items(value, paths, depth)
        plain = plain_of(value)
        made = self._value(plain, (), depth)
        if self._opaque(unknown_of(value)):
            self._note()
            return made
        return value if made is plain else made if made is REMOVED else carry(made, unknown_of(value))

    # Single values

    def _key(self, key: str, taken: dict[str, Any]) -> str:
        if not self._active:
            return key
        name, categories = self._rules.texts.redact(key, self._active)
        if not categories:
            return key if key not in taken else _free(key, taken)
        self._found(categories)
        name = _free(name or "[redacted]", taken)
        self._steps.append(name)
        self._note()
        self._steps.pop()
        return name

    def _text(self, text: str) -> Any:
        made = text
        if self._active.names and text[:1] in ("{", "[") and self._in_json < _JSON_MAX:
            made = self._json(text)
        if self._active:
            made, categories = self._rules.texts.redact(made, self._active)
            self._found(categories)
        if not self._in_json:
            made = self._by_functions(made)
        if made == text:
            return text
        self._note()
        return made if made or self._rules.replacing.method != "remove" else REMOVED

    def _by_functions(self, text: str) -> str:
        for function in self._rules.functions:
            if self._rules.replacing.is_mark(text):
                return text
            made = function(named(self._steps), text)
            if made is None:
                whole = self._rules.replacing.whole(text)
                return "" if whole is REMOVED else str(whole)
            if not isinstance(made, str):
                name = getattr(function, "__qualname__", type(function).__name__)
                raise TypeError(
                    f"the function {name} returned {type(made).__name__} for a text; it has to return the text that is "
                    "to be written, or None for the Redactor's method"
                )
            text = made
        return text

    def _json(self, text: str) -> str:
        """Look for names of secrets in a text that is JSON, as the arguments of tools often are."""
        try:
            held = json.loads(text)
        except (ValueError, RecursionError):
            return text
        steps, self._steps = self._steps, [*self._steps]
        self._in_json += 1
        try:
            made = self._value(held, (), 0)
        except OddValueError:  # nested too deep to be looked at
            return str(self._rules.replacing.part(text, CREDENTIAL, None))
        finally:
            self._in_json -= 1
            self._steps = steps
        return text if made is held else json.dumps(made, ensure_ascii=text.isascii())

    def _number(self, value: float) -> Any:
        text = digits_of(value)
        if not text or not self._active:
            return value
        made, categories = self._rules.texts.redact(text, self._active)
        if not categories:
            return value
        self._found(categories)
        self._note()
        return made or REMOVED

    def _whole(self, value: Any, category: str | None = None) -> Any:
        if isinstance(value, str) and self._rules.replacing.is_mark(value):
            return value
        if (is_dict(value) or is_list(value)) and not value:
            return value
        if category is not None:
            self._found([category])
        self._note()
        return self._rules.replacing.whole(value)

    # Notes

    def _opaque(self, data: bytes) -> bool:
        if not data or not self._active:
            return False
        _, categories = self._rules.texts.redact(text_in(data), self._active)
        self._found(categories)
        return bool(categories)

    def _found(self, categories: list[str]) -> None:
        self.categories.update(dict.fromkeys(categories))

    def _note(self, what: str = "") -> None:
        """Note the place, unless it is one within JSON: the path of the text is noted."""
        if self._in_json:
            return
        path = named([*self._steps, what]) if what else named(self._steps)
        if path in self.fields:
            return
        if len(self.fields) < FIELDS_MAX:
            self.fields[path] = None
        else:
            self.further += 1


def _is_nothing(value: object) -> bool:
    return value is None or value == ""


def _kept(given: list[Any], made: list[Any]) -> Any:
    if all(new is old for new, old in zip(made, given, strict=True)):
        return given
    return [each for each in made if each is not REMOVED]


def _free(key: str, taken: dict[str, Any]) -> str:
    """Make a key other than all before it."""
    name, number = key, len(taken) + 1
    while name in taken:
        name, number = f"{key} ({number})", number + 1
    return name
