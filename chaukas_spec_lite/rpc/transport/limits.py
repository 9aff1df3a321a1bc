"""How much a server holds at once of what it was sent: a bound over all its calls and connections."""

from __future__ import annotations

from dataclasses import dataclass

from grpclib.const import Status
from grpclib.exceptions import GRPCError

SMALL = 64 << 10
"""The size in bytes up to which messages are counted, but never refused; the number of calls bounds them."""


@dataclass
class Load:
    """The bytes of the messages that are being received, and of those whose calls are being served."""

    limit: int
    held: int = 0

    def take(self, size: int) -> None:
        """Count a message; if it would be too much, raise ``GRPCError``, after which clients try again later."""
        if size > SMALL and self.held + size > self.limit:
            details = f"the server holds {self.held} bytes of other requests, and no more than {self.limit} in all"
            raise GRPCError(Status.RESOURCE_EXHAUSTED, f"{details}: try again later")
        self.held += size

    def give(self, size: int) -> None:
        """Forget what was counted."""
        self.held -= size
