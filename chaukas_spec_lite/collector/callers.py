"""Who calls the collector, and what that allows.

A door finds out who it is, by key or certificate; the service asks what it may do. Neither asks again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeAlias

from chaukas_spec_lite.collector.quotas import AS_ALL, KeyQuota
from chaukas_spec_lite.collector.stores.asking import EVERYBODY, Tenancy
from chaukas_spec_lite.errors import ForbiddenError


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who calls."""

    name: str = ""
    """The name of the key, for logs and quotas; empty where there are no keys."""
    tenancy: Tenancy = EVERYBODY
    """Whose events it may write and see; ``EVERYBODY`` where there are no keys."""
    may_read: bool = True
    may_write: bool = True
    may_see_metrics: bool = True
    """Whether it may see the counts of the whole collector, which are those of all tenants."""
    quota: KeyQuota = AS_ALL
    """How much the key may send, where that is said of it."""

    def check_reading(self) -> None:
        """Raise ``ForbiddenError`` unless it may read."""
        if not self.may_read:
            raise ForbiddenError("the key that was given does not allow reading")

    def check_writing(self) -> None:
        """Raise ``ForbiddenError`` unless it may write."""
        if not self.may_write:
            raise ForbiddenError("the key that was given does not allow writing")

    def check_metrics(self) -> None:
        """Raise ``ForbiddenError`` unless it may see the counts of the whole collector."""
        if not self.may_see_metrics:
            raise ForbiddenError(
                "the key that was given does not allow seeing metrics, which are those of all tenants: "
                "chaukas-lite keys add --metrics"
            )

    def foreign(self, tenant_id: str, project_id: str) -> str:
        """Say why an event of a tenant and project is not this caller's to write.

        Args:
            tenant_id: As the event has it. Empty is the caller's own.
            project_id: The same.

        Returns:
            The field, and what is wrong with it; empty if it may be written.
        """
        tenancy = self.tenancy
        for name, given, own in (
            ("tenant_id", tenant_id, tenancy.tenant_id),
            ("project_id", project_id, tenancy.project_id),
        ):
            if given and own is not None and given != own:
                return f"{name}: not that of the key that was given"
        return ""


ANYONE = Caller()
"""Whoever calls where there are no keys: may do everything."""

Authenticate: TypeAlias = "Callable[[str | None, str | None, str], Awaitable[Caller]]"
"""Tells who calls, by the ``authorization`` of the request, the name in the client's certificate, and the address;
raises ``UnauthenticatedError`` and ``ThrottledError``."""


async def anyone(authorization: str | None, certificate_name: str | None, peer: str) -> Caller:
    """Let everybody in, as where there are no keys."""
    return ANYONE
