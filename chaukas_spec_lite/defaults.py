"""What an event is given where it leaves it empty, before it is encoded."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone
from operator import not_
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from chaukas_spec_lite.ids import uuid7

if TYPE_CHECKING:
    from chaukas_spec_lite.spec.common.v1.events import Event


@runtime_checkable
class Defaults(Protocol):
    """What an exporter takes over from its sender's ``settings``: the size of batches, tenant, project and the like."""

    @property
    def tenant_id(self) -> str:
        """The tenant of events that name none."""
        ...

    @property
    def project_id(self) -> str:
        """The project of events that name none."""
        ...

    @property
    def branch(self) -> str:
        """The branch of events that name none."""
        ...

    @property
    def tags(self) -> tuple[str, ...]:
        """The tags of events that have none."""
        ...

    @property
    def batch_size(self) -> int:
        """How many waiting events are sent at once, without waiting for others."""
        ...

    @property
    def flush_interval(self) -> float:
        """How long an event waits for others, in seconds."""
        ...

    @property
    def max_batch_bytes(self) -> int:
        """The size of a batch, in bytes, above which no further event is added to it."""
        ...


def defaults_of(sender: object) -> Defaults | None:
    """Return the ``settings`` attribute of a sender if it has all that ``Defaults`` names, else None."""
    settings: object = getattr(sender, "settings", None)
    # A mock, as tests use one for a sender, has any attribute that it is asked for, but none of them is a number.
    return settings if isinstance(settings, Defaults) and isinstance(settings.batch_size, int) else None


def complete(event: Event, defaults: Defaults | None) -> None:
    """Fill in what an event leaves empty, unless it is sealed: then it stays as it is, or its hash would be of another.

    The caller's own object is changed. So an event that is sent again has the same id, by which the server recognises
    it.

    Args:
        event: Gets an ``event_id`` (a UUIDv7) and a ``timestamp`` (now) if it has none.
        defaults: Its tenant, project, branch and tags are used if the event has none. None leaves them empty.
    """
    try:
        _complete(event, defaults, not_)
    except Exception:  # of ``__bool__`` of a value that somebody else wrote: then it is there
        _complete(event, defaults, _is_nothing)


def _complete(event: Event, defaults: Defaults | None, is_empty: Callable[[object], bool]) -> None:
    if not is_empty(event.content_hash):
        return
    if is_empty(event.event_id):
        event.event_id = uuid7()
    if event.timestamp is None:
        event.timestamp = datetime.now(timezone.utc)
    if defaults is not None:
        for name in ("tenant_id", "project_id", "branch"):
            if is_empty(getattr(event, name)):
                setattr(event, name, getattr(defaults, name))
        if defaults.tags and is_empty(event.tags):
            event.tags = list(defaults.tags)


def _is_nothing(value: object) -> bool:
    return value is None or (type(value) in (str, list) and not value)
