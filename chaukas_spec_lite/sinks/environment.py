"""What the environment says about recording: where events go, and what they are given. Read purely; nothing is opened.

The variables are those of the official SDK, where it has one, with its meaning. Which of them says where events go, the
first that is set counting:

1. ``CHAUKAS_GRPC_ENDPOINT``: a gRPC server. This package's own variable.
2. ``CHAUKAS_OUTPUT_MODE=file`` with ``CHAUKAS_OUTPUT_FILE``: the end of that file, in lines of JSON.
3. ``CHAUKAS_ENDPOINT``: a URL is that of an HTTP server, as for the SDK. Any other address will do as well: ``file:``,
   ``console:``, or ``host:port`` of a gRPC server.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from chaukas_spec_lite.client.settings import ENDPOINT_VARIABLES, Settings
from chaukas_spec_lite.errors import SettingError
from chaukas_spec_lite.misspelt import nearest
from chaukas_spec_lite.settings import from_environment, shown
from chaukas_spec_lite.sinks.address import Address, FileAddress, file_address, grpc_address, parse_address
from chaukas_spec_lite.trace.switches import DEBUG, DISABLED, Switches, switches

GRPC_ENDPOINT, ENDPOINT = ENDPOINT_VARIABLES
OUTPUT_MODE = "CHAUKAS_OUTPUT_MODE"
OUTPUT_FILE = "CHAUKAS_OUTPUT_FILE"
SPOOL = "CHAUKAS_SPOOL"

SWITCHED_OFF = f"nothing is recorded: {DISABLED} is set"

VARIABLES = {
    GRPC_ENDPOINT: "Events go to this gRPC server. A variable of this package's own; it counts before all others.",
    OUTPUT_MODE: "`file`: events go to the file that `CHAUKAS_OUTPUT_FILE` names. `api`, or not set: they do not.",
    OUTPUT_FILE: "That file, whose name may end in anything: lines of JSON, or what `.delim` and `.gz` say.",
    ENDPOINT: "Events go to this HTTP server, if it is a URL, or to whatever else the address says.",
    SPOOL: "The directory of the spool, for servers.",
    DISABLED: "`1`: nothing is recorded.",
    DEBUG: "`1`: each event is shown on standard error, too.",
}
"""What each variable does that no settings class describes; the documents have it from here."""

_OF_EVENTS = ("tenant_id", "project_id", "branch", "tags")
"""The settings whose values events carry."""

_PREFIX = "CHAUKAS_"

NOWHERE = (
    f"nothing is recorded: no address is given. Set {ENDPOINT} to https://... (HTTP), file:events.jsonl or console:, "
    f"or {GRPC_ENDPOINT} to host:port; set {DISABLED}=1 if nothing should be"
)


def nowhere(environ: Mapping[str, str]) -> str:
    """Say that nothing is recorded, and which variable was most likely meant to change that.

    Args:
        environ: The environment.
    """
    if _text(environ, OUTPUT_FILE):
        return f"{NOWHERE}. {OUTPUT_FILE} is set, which counts only with {OUTPUT_MODE}=file"
    words = {each.removeprefix(_PREFIX).lower(): each for each in ENDPOINT_VARIABLES}
    for name in sorted(environ):
        if name.startswith(_PREFIX) and name not in VARIABLES:
            near = nearest(name.removeprefix(_PREFIX).lower(), words)
            if near is not None:
                return f"{NOWHERE}. {name} is set, which is not read; did you mean {words[near]}?"
    return NOWHERE


@dataclass(frozen=True, slots=True)
class Environment:
    """What the environment says."""

    address: Address | None
    """Where events go; None if it does not say, or recording is switched off."""
    variable: str
    """The variable that says so; empty if none does."""
    unused: tuple[str, ...]
    """Other variables that say where events go, and that count for nothing beside it."""
    spool: str | None
    """The directory of the spool, for servers."""
    switches: Switches
    settings: dict[str, Any] = field(default_factory=dict[str, Any])
    """What events are given that name none, by the names of the recorder's settings: ``tenant_id``, ``project_id``,
    ``branch`` and ``tags``, without those that are not set."""


def read(environ: Mapping[str, str]) -> Environment:
    """Read what the environment says.

    Args:
        environ: The environment. A variable that is set to nothing, or to spaces, counts as not set. With
            ``CHAUKAS_DISABLED`` nothing else is looked at, so that nothing else can be wrong.

    Raises:
        SettingError: A variable holds what cannot be used; its ``name`` is the variable.
    """
    found = switches(environ)
    if found.disabled:
        return Environment(None, DISABLED, (), None, found)
    given = [variable for variable in (GRPC_ENDPOINT, _output(environ), ENDPOINT) if _text(environ, variable)]
    address = _address(environ, given[0]) if given else None
    left_out = [each.name for each in fields(Settings) if each.name not in _OF_EVENTS]
    settings = from_environment(Settings, environ, left_out)
    variable, *unused = given or [""]
    return Environment(address, variable, tuple(unused), _text(environ, SPOOL) or None, found, settings)


def spool_of(environ: Mapping[str, str]) -> str | None:
    """Return the directory of the spool that ``CHAUKAS_SPOOL`` names; None if it is not set."""
    return _text(environ, SPOOL) or None


def _output(environ: Mapping[str, str]) -> str:
    """The variable of the file that the SDK would write to; empty if it would send."""
    mode = _text(environ, OUTPUT_MODE).lower()
    if mode not in ("", "api", "file"):
        near = nearest(mode, ["api", "file"])
        hint = f"; did you mean {near!r}?" if near else ""
        raise SettingError(OUTPUT_MODE, f"has to be api or file, not {shown(mode)}{hint}")
    if mode == "file" and not _text(environ, OUTPUT_FILE):
        raise SettingError(OUTPUT_FILE, f"is not set, but {OUTPUT_MODE}=file asks for a file")
    return OUTPUT_FILE if mode == "file" else ""


def _address(environ: Mapping[str, str], variable: str) -> Address:
    text = _text(environ, variable)
    if variable == GRPC_ENDPOINT:  # where http://host:port is a gRPC server without TLS, as for the client
        return grpc_address(text, variable)
    if variable == OUTPUT_FILE:
        # The SDK writes lines of JSON, whatever the name.
        return file_address(text, variable) if text.endswith((".gz", ".delim")) else FileAddress(text, "jsonl", False)
    return parse_address(text, variable)


def _text(environ: Mapping[str, str], variable: str) -> str:
    return environ.get(variable, "").strip() if variable else ""
