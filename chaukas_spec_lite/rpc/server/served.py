"""What a service can know of a call beside the request: who makes it, and what else goes along with the answer."""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class ServedCall:
    """A call that is being served."""

    metadata: Mapping[str, str | bytes]
    """What the request carries, by names in lower case; of several values of a name, the first."""
    peer: str
    """Where it comes from: ``127.0.0.1:49152``, or ``unix`` for a Unix socket."""
    certificate: Mapping[str, Any] | None = None
    """The client's certificate, as ``ssl.SSLSocket.getpeercert`` gives it; None if it has shown none."""
    whereabouts: tuple[tuple[str, str], ...] = ()
    """Where it comes from, for those who count calls: kinds and names, of the peer and of the connection."""
    caller: Any = None
    """Who makes it, as whoever has found that out puts it here."""
    trailing: dict[str, str] = field(default_factory=dict[str, str])
    """What goes along with the end of the answer, an error's too; services put it here."""
    retry_after: float | None = None
    """After how many seconds the client may try again; services set it beside an error. Clients that repeat calls by
    themselves keep to it (https://github.com/grpc/proposal/blob/master/A6-client-retries.md)."""

    @property
    def certificate_name(self) -> str | None:
        """The name in the certificate: its common name, or else its first alternative name; None without one."""
        if self.certificate is None:
            return None
        subject = [pair for parts in self.certificate.get("subject", ()) for pair in parts]
        names = [value for key, value in subject if key == "commonName"]
        names += [value for _, value in self.certificate.get("subjectAltName", ())]
        return next(iter(names), None)


CURRENT: ContextVar[ServedCall] = ContextVar("chaukas_served_call")


def current_call() -> ServedCall:
    """The call that is being served here by a ``MessageServer``; raises ``LookupError`` elsewhere."""
    return CURRENT.get()


def peer_name(address: Any) -> str:
    """Write down where a connection comes from, as sockets give it."""
    if isinstance(address, (str, bytes)) or not address:
        return "unix"
    host, port, *_ = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
