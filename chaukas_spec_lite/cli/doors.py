"""Which collector commands mean, and by which of its doors it is spoken to, gRPC or HTTP: in all commands alike."""

from __future__ import annotations

import os

from chaukas_spec_lite.cli.http_door import DoorClient
from chaukas_spec_lite.cli.output import say, sentence
from chaukas_spec_lite.client.settings import ENDPOINT_VARIABLES, Settings
from chaukas_spec_lite.errors import ChaukasError, RpcError, SettingError
from chaukas_spec_lite.printable import one_line
from chaukas_spec_lite.rpc.client.endpoint import Endpoint
from chaukas_spec_lite.sinks.address import HttpAddress, parse_address

_GIVE = "give a collector's address with --endpoint"
_NO_COLLECTORS = {
    "file": f"name the file as an argument, or {_GIVE}",
    **dict.fromkeys(("console", "memory", "null"), _GIVE),
    **dict.fromkeys(("sqlite", "postgresql", "postgres"), f"commands that look take a store by --store; {_GIVE}"),
}
"""What commands take, or recorders, but not as the address of a collector; and what to do."""


class WrongDoorError(ChaukasError):
    """A collector is asked by gRPC at its address for HTTP."""


def http_address(endpoint: str | None) -> tuple[str, str] | None:
    """The address of the HTTP door that is meant, and what it comes from; None where gRPC is meant.

    Args:
        endpoint: The option; without it, the environment says where.

    Raises:
        SettingError: What is named is a place of events, but no collector.
    """
    if endpoint:
        found, name = endpoint, "--endpoint"
    else:
        # In CHAUKAS_GRPC_ENDPOINT a URL is one of gRPC's, as for clients. The other one is chaukas-sdk's, so HTTP.
        ours, found = (os.environ.get(each, "").strip() for each in ENDPOINT_VARIABLES)
        name = ENDPOINT_VARIABLES[1]
        if ours:
            return None
    kind, _, rest = found.strip().lower().partition(":")
    if (hint := _NO_COLLECTORS.get(kind)) and not rest.isdigit():
        raise SettingError(name, f"is {kind}: and no collector: {hint}")
    return (found, name) if kind in ("http", "https") and rest.startswith("//") else None


def door_of(url: str, name: str) -> tuple[DoorClient, Settings]:
    """Make what asks an HTTP door, with the settings of the environment.

    Args:
        url: Where it listens.
        name: The option or variable that this comes from, for errors.

    Raises:
        SettingError: It is no such address, or a variable cannot be used.
    """
    address = parse_address(url.strip(), name)
    assert isinstance(address, HttpAddress)
    scheme, _, rest = address.url.partition("://")
    # Its endpoint is host and port alone; all else of the settings means the same, whatever carries events.
    settings = Settings.load(f"{scheme}://{rest.partition('/')[0]}")
    if settings.api_key and scheme == "http" and not settings.endpoint.is_local:
        say(f"The key goes to {settings.endpoint} in plain text: use https://")
    return DoorClient(address.url, settings.api_key), settings


def wrong_door(address: Endpoint) -> str:
    """Say what to write instead of an address that was taken for one of gRPC, and speaks HTTP."""
    scheme = "https" if address.tls else "http"
    return f"{address} speaks HTTP, and not gRPC: for a collector's HTTP door, write --endpoint {scheme}://{address}"


def why_not_taken(error: RpcError) -> str:
    """Say on one line why nothing was taken; what names an address says all that there is to say."""
    return sentence(error) if error.rpc else one_line(error.details)
