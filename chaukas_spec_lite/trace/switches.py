"""The variables of the environment that switch recording off, or show what is recorded: read here, and purely."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from chaukas_spec_lite.errors import SettingError
from chaukas_spec_lite.settings import shown

DISABLED = "CHAUKAS_DISABLED"
DEBUG = "CHAUKAS_DEBUG"

_WORDS = {
    **dict.fromkeys(("1", "true", "yes", "on"), True),
    **dict.fromkeys(("0", "false", "no", "off", ""), False),
}


@dataclass(frozen=True, slots=True)
class Switches:
    """What the environment says about recording as a whole."""

    disabled: bool = False
    """``CHAUKAS_DISABLED``: nothing is recorded."""
    debug: bool = False
    """``CHAUKAS_DEBUG``: each event is shown on standard error, besides going where it goes."""


def switches(environ: Mapping[str, str]) -> Switches:
    """Read both switches.

    Args:
        environ: The environment. A variable that is not set, or set to nothing, switches nothing on.

    Raises:
        SettingError: A variable holds neither yes nor no; its ``name`` is the variable.
    """
    return Switches(disabled=is_on(environ, DISABLED), debug=is_on(environ, DEBUG))


def is_on(environ: Mapping[str, str], variable: str) -> bool:
    """Read a switch: ``1``, ``true``, ``yes``, ``on``, or ``0``, ``false``, ``no``, ``off``, in upper or lower case.

    Args:
        environ: The environment.
        variable: The name of the variable.

    Raises:
        SettingError: It holds something else. Guessing would record what should not be, or lose what should.
    """
    text = environ.get(variable, "")
    try:
        return _WORDS[text.strip().lower()]
    except KeyError:
        raise SettingError(
            variable, f"has to be 1, true, yes or on, or 0, false, no or off, not {shown(text)}"
        ) from None
