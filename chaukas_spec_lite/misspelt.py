"""Names that do not exist, of arguments, settings, fields and enum members, and which one was most likely meant."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Iterable

_OTHER_WORDS = {
    **dict.fromkeys(("address", "host", "server", "target", "uri", "url"), ("endpoint",)),
    **dict.fromkeys(("bearer", "key", "token"), ("api_key",)),
    **dict.fromkeys(("max_retries", "max_retry", "retries"), ("max_attempts", "retry")),
    "headers": ("metadata",),
}
"""Words that other libraries use, and the names that stand for them here, of which one class has one."""

_TYPO = 0.85
"""The similarity from which on a name is taken for another one with a typing error in it."""

_LONGEST = 200
"""A text longer than this is no name with a mistake in it."""


def refuse_unknown(given: Iterable[str], known: Collection[str], kind: str = "setting", listed: str = "") -> None:
    """Raise an error for a name that does not exist, with the one that is most likely meant.

    Args:
        given: The names that were given.
        known: The names that exist.
        kind: What they are names of, for the error.
        listed: The object whose ``help`` lists them, for when no name is similar.

    Raises:
        TypeError: A given name does not exist.
    """
    unknown = set(given).difference(known)
    if unknown:
        name = min(unknown)
        near = nearest(name, known)
        hint = f"; help({listed}) lists them" if listed else ""
        if near:
            # "max_retries=3" became no number: only the whole form shows what to write.
            hint = f"; did you mean {'retry=RetryPolicy(...)' if near == 'retry' else repr(near)}?"
        raise TypeError(f"there is no {kind} {name!r}{hint}")


def arguments_of(function: Callable[..., object]) -> list[str]:
    """Return the names of the arguments that a function, or a class, takes by name; without those in its ``**``."""
    parameters = inspect.signature(function).parameters.values()
    return [each.name for each in parameters if each.kind in (each.POSITIONAL_OR_KEYWORD, each.KEYWORD_ONLY)]


def nearest(name: str, known: Collection[str]) -> str | None:
    """Return the name that is most likely meant by one that does not exist, or None if no name is similar."""
    # Some names come from outside, at any length, and comparing takes time in proportion to the square of it.
    if len(name) > _LONGEST:
        return None
    import difflib  # Here, because importing it takes time, and only wrong programs need it.

    candidates = [
        *(word for word in _OTHER_WORDS.get(name, ()) if word in known),
        *difflib.get_close_matches(name, known, 1, _TYPO),
        # For spool_dir, spool is better than other settings, which have more letters in common with it.
        *sorted((word for word in known if name.startswith(f"{word}_")), key=len, reverse=True),
        *difflib.get_close_matches(name, known, 1),
    ]
    return candidates[0] if candidates else None
