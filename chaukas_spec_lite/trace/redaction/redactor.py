"""The ``Redactor``: a function of an event that returns it without its secrets."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from chaukas_spec_lite.errors import SettingError, SettingTypeError
from chaukas_spec_lite.misspelt import arguments_of, nearest, refuse_unknown
from chaukas_spec_lite.settings import shown
from chaukas_spec_lite.spec.common.v1.events import Event, RedactionInfo
from chaukas_spec_lite.trace.redaction import looking
from chaukas_spec_lite.trace.redaction.keys import DEFAULT_KEYS, KeyNames
from chaukas_spec_lite.trace.redaction.methods import RECORDED, Replacing
from chaukas_spec_lite.trace.redaction.paths import Open, read_path
from chaukas_spec_lite.trace.redaction.patterns import CREDENTIAL, DEFAULT_PATTERNS, PATTERNS, Pattern
from chaukas_spec_lite.trace.redaction.texts import Allowed, TextRules
from chaukas_spec_lite.trace.redaction.walking import FIELDS_MAX, Function, Rules, Walk
from chaukas_spec_lite.wire.attributes import attributes_of

if TYPE_CHECKING:
    from typing_extensions import Never

T = TypeVar("T")


class Redactor:
    """Takes secrets and personal data out of events: ``before_send=Redactor()``.

    It is called with an event and returns one without secrets, in which ``redaction`` and ``pii_categories`` say what
    was done: another event, or the same one if nothing was found. The event that is given, and all that is in it, stays
    as it is. A ``Redactor`` cannot be changed, and any number of threads may call it.

    Args:
        paths: What is always a secret, as ``llm_invocation.request.messages[*].content``. ``[*]`` is any place in a
            list, ``*`` any key, ``**`` all that is further down.
        keys: The names of secrets. Signs and capitals do not count, and a key may have more words before them:
            ``token`` is also ``Auth-Token`` and ``authToken``, but not ``max_tokens``. What stands behind a name in
            text, as in ``password=hunter2`` or in JSON, is found, too.
        patterns: What secrets look like in text: a ``Pattern``, or the name of one in ``PATTERNS``.
        functions: Are called with the path and the text of each place that holds text, ids excepted, and return the
            text that is to be written; None stands for what ``method`` makes.
        method: ``mask`` writes ``[redacted EMAIL]``, ``hash`` a mark with a hash in it, by which equal secrets can be
            recognised, ``remove`` nothing.
        salt: The secret of the hashes (HMAC-SHA256), of 16 bytes and more. It is never shown.
        salt_id: What the salt is called in events, so that a new one can take its place.
        allow: What is no secret: names of keys, texts such as ``support@example.com``, or compiled expressions that fit
            such a text as a whole.
        default: Makes something else of a value that is not plain and that nothing is known about, as the exporter's
            ``default`` does, which is not asked for such values any more.
        misspelt: Always refused. The error names the argument that is most like the misspelt one.

    Raises:
        SettingError: A path leads nowhere, a pattern does not exist, or the salt is missing or too short.
        SettingTypeError: An argument has the wrong type.
        TypeError: There is no such argument.
    """

    __slots__ = ("_default", "_given", "_open", "_rules", "_starts")

    changes_no_event = True
    """It makes copies, so that none has to be made for it."""

    _given: dict[str, Any]
    _rules: Rules
    _open: Open
    _starts: frozenset[str]
    _default: Callable[[Any], Any] | None

    def __init__(
        self,
        *,
        paths: Iterable[str] = (),
        keys: Iterable[str] = DEFAULT_KEYS,
        patterns: Iterable[Pattern | str] = DEFAULT_PATTERNS,
        functions: Iterable[Callable[[str, str], str | None]] = (),
        method: Literal["mask", "hash", "remove"] = "mask",
        salt: bytes | str | None = None,
        salt_id: str = "",
        allow: Iterable[str | re.Pattern[str]] = (),
        default: Callable[[Any], Any] | None = None,
        **misspelt: Never,
    ) -> None:
        refuse_unknown(misspelt, arguments_of(Redactor), "argument", "Redactor")
        read = [read_path(path) for path in _listed("paths", paths)]
        names = _names(keys)
        looked_for = [_pattern(each) for each in _listed("patterns", patterns)]
        called = tuple(_function(each) for each in _listed("functions", functions))
        texts, expressions = _allowed(allow)
        if default is not None and not callable(default):
            raise SettingTypeError("default", f"has to be a function of a value, not {shown(default)}")
        categories = {CREDENTIAL, *(each.category for each in looked_for)}
        replacing = Replacing(method, salt, salt_id, categories)
        key_names = KeyNames(names, [each for each in texts if re.search(r"\w", each)])
        rules = Rules(
            TextRules(looked_for, key_names, Allowed(texts, expressions), replacing), key_names, replacing, called
        )
        given = {
            "paths": tuple(path.text for path in read),
            "keys": frozenset(names),
            "patterns": tuple(looked_for),
            "functions": called,
            "method": replacing.method,
            "salt_id": replacing.salt_id,
            "allow": (*texts, *expressions),
            "default": default,
        }
        values: dict[str, object] = {
            "_given": given,
            "_rules": rules,
            "_open": tuple(path.steps for path in read),
            "_starts": frozenset(str(path.steps[0]) for path in read),
            "_default": default,
        }
        for name, value in values.items():
            object.__setattr__(self, name, value)

    def __call__(self, event: Event) -> Event:
        """Return an event without its secrets.

        Args:
            event: The event, which stays as it is.

        Returns:
            Another event, or the same one if nothing was found. Values that are not plain have become plain in it.

        Raises:
            TypeError: ``event`` is no event, or a function returned something else than text.
            Exception: Whatever one of the functions raised.
        """
        if not isinstance(event, Event):
            raise TypeError(f"a Redactor is called with an Event, got {type(event).__name__}")
        texts = looking.Look()
        try:
            texts.message(event)
        except (looking.OddValueError, AttributeError):  # an attribute that somebody deleted
            event = looking.converted(event, self._default, self._finds)
            texts = looking.Look()
            texts.message(event)
        active = self._rules.texts.active(texts.found)
        if not active and not self._rules.functions and not self._leads_into(event):
            return event
        walk = Walk(self._rules, active)
        made = walk.message(event, self._open)
        return event if made is event else _noted(made, walk, self._rules.replacing)

    def _leads_into(self, event: Event) -> bool:
        return any(getattr(event, name) for name in self._starts)

    def _finds(self, text: str) -> bool:
        if self._rules.texts.finds(text):
            return True
        return any(function("", text) != text for function in self._rules.functions)

    if not TYPE_CHECKING:  # a checker that saw them would take any attribute for one that can be set

        def __setattr__(self, name: str, value: object) -> None:
            raise AttributeError(f"a Redactor cannot be changed; make another one with the {name} that is wanted")

        def __delattr__(self, name: str) -> None:
            raise AttributeError(f"a Redactor cannot be changed, so {name} stays")

    def __repr__(self) -> str:
        """Show how it was made, without the salt and with numbers in place of long lists."""
        given = self._given
        several = [f"{name}={len(given[name])}" for name in ("paths", "keys", "patterns", "functions", "allow")]
        salt = f", salt_id={given['salt_id']!r}" if given["salt_id"] else ""
        return f"<Redactor {', '.join(several)}, method={given['method']!r}{salt}>"

    def __copy__(self) -> Redactor:
        return self

    def __deepcopy__(self, memo: object) -> Redactor:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle it for another process, with the salt."""
        return _remade, ({**self._given, "salt": self._rules.replacing.secret_key()},)


def _remade(given: dict[str, Any]) -> Redactor:
    return Redactor(**given)


def _noted(event: Event, walk: Walk, replacing: Replacing) -> Event:
    """Say in a copy of an event what was done; what was said before is kept."""
    known = attributes_of(type(event)).defaults
    event.redaction = _merged(getattr(event, "redaction", None), walk, replacing)
    before = event.pii_categories if "pii_categories" in known else []
    event.pii_categories = list(dict.fromkeys([*before, *walk.categories]))
    return event


def _merged(before: RedactionInfo | None, walk: Walk, replacing: Replacing) -> RedactionInfo:
    info = copy.copy(before) if before is not None else RedactionInfo()
    fields = dict.fromkeys([*info.fields, *walk.fields])
    further = walk.further + max(0, len(fields) - max(FIELDS_MAX, len(info.fields)))
    info.fields = [*fields][: max(FIELDS_MAX, len(info.fields))]
    if further:
        info.fields.append(f"... and {further} more")
    info.method = _joined(info.method, RECORDED[replacing.method])
    info.salt_id = _joined(info.salt_id, replacing.salt_id)
    return info


def _joined(before: str, new: str) -> str:
    """Put a word behind others, with a comma, if it is not among them."""
    return ",".join(dict.fromkeys(each for each in (*before.split(","), new) if each))


# Arguments


def _listed(name: str, given: Iterable[T]) -> list[T]:
    if isinstance(given, (str, bytes)) or not isinstance(given, Iterable):
        one = f"write {name}=[{given!r}]" if isinstance(given, str) else f"not {shown(given)}"
        raise SettingTypeError(name, f"have to be a list or a tuple; {one}")
    return list(given)


def _names(keys: Iterable[str]) -> list[str]:
    names = _listed("keys", keys)
    for name in names:
        if not isinstance(name, str):
            raise SettingTypeError("keys", f"have to be texts, not {shown(name)}")
        if not re.search(r"[^\W_]", name):
            raise SettingError("keys", f"{shown(name)} has no letter in it, so that it would be the end of no name")
        if re.search(r"[*?\[\].]", name):
            hint = "a key fits by its last words, without wildcards; a place of its own is a path, for paths="
            raise SettingError("keys", f"{shown(name)} is no name: {hint}")
    return names


def _pattern(given: Pattern | str) -> Pattern:
    if isinstance(given, Pattern):
        return given
    if isinstance(given, re.Pattern):
        raise SettingTypeError("patterns", f"need a name: write Pattern('MY_SECRET', {given.pattern!r})")
    if not isinstance(given, str):
        raise SettingTypeError("patterns", f"have to be names or of class Pattern, not {shown(given)}")
    if given in PATTERNS:
        return PATTERNS[given]
    near = nearest(given.upper(), PATTERNS)
    if near is None and not given.isidentifier():
        raise SettingError(
            "patterns", f"{shown(given)} is no name; an expression has one: Pattern('MY_SECRET', r'...')"
        )
    hint = f"did you mean {near!r}?" if near else f"there are {', '.join(PATTERNS)}"
    raise SettingError("patterns", f"there is no {shown(given)}; {hint}")


def _function(given: Function) -> Function:
    if not callable(given):
        raise SettingTypeError("functions", f"have to be called with a path and a text, which {shown(given)} cannot be")
    return given


def _allowed(allow: Iterable[str | re.Pattern[str]]) -> tuple[list[str], list[re.Pattern[str]]]:
    listed = _listed("allow", allow)
    for each in listed:
        if not isinstance(each, (str, re.Pattern)) or not isinstance(getattr(each, "pattern", ""), str):
            raise SettingTypeError("allow", f"has to hold texts, or re.compile of some, not {shown(each)}")
    expressions = [each for each in listed if isinstance(each, re.Pattern)]
    return [each for each in listed if isinstance(each, str)], expressions
