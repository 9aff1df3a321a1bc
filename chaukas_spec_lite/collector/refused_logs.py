"""Which logs a collector does not sign, as they contradict what was signed: what their readers are told."""

from __future__ import annotations

MAX_LOGS = 10_000
"""Of how many logs it is told why. The others are not signed either."""


class RefusedLogs:
    """Tells why logs are not signed; true if there are any."""

    def __init__(self) -> None:
        self._why: dict[str, str] = {}

    def refuse(self, tenant_id: str, why: str) -> None:
        """Note that a tenant's log is not signed."""
        if len(self._why) < MAX_LOGS or tenant_id in self._why:
            self._why[tenant_id] = why

    def accept(self, tenant_id: str) -> None:
        """Note that a tenant's log is what was signed."""
        self._why.pop(tenant_id, None)

    def why(self, tenant_id: str) -> str:
        """Say why a tenant's log is not signed; empty if it is."""
        return self._why.get(tenant_id, "")

    def __bool__(self) -> bool:
        return bool(self._why)

    def __len__(self) -> int:
        return len(self._why)
