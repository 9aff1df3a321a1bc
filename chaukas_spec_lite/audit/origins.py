"""The names of a collector's logs: one for each tenant, below the name of the key that signs for them."""

from __future__ import annotations

from urllib.parse import quote, unquote_to_bytes

_TENANT = "/tenant/"


def origin_of(key_name: str, tenant_id: str) -> str:
    """Return the origin of a tenant's log, as its checkpoints have it.

    Args:
        key_name: The name of the collector's key.
        tenant_id: The tenant; empty for the log of events without one.
    """
    # Half a surrogate pair is no tenant of a stored event; if it is asked for, that is no reason to fail.
    return f"{key_name}{_TENANT}{quote(tenant_id.encode(errors='surrogatepass'), safe='')}"


def tenant_of(origin: str, key_name: str) -> str | None:
    """Return whose log has an origin; None if it is none of this key's.

    Args:
        origin: The origin, as a checkpoint has it.
        key_name: The name of the collector's key.
    """
    prefix = key_name + _TENANT
    if not origin.startswith(prefix):
        return None
    try:
        tenant_id = unquote_to_bytes(origin.removeprefix(prefix)).decode()
    except UnicodeDecodeError:
        return None
    # Each log has one name: anything else that can be read as the same tenant is another one's.
    return tenant_id if origin_of(key_name, tenant_id) == origin else None
