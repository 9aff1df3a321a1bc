"""What an event is given where it leaves it empty, before it is encoded."""

from __future__ import annotations

from datetime import datetime, timezone

from chaukas_spec_lite.client.settings import Settings
from chaukas_spec_lite.ids import uuid7
from chaukas_spec_lite.spec.common.v1.events import Event


def complete(event: Event, settings: Settings | None) -> None:
    """Fill in what is empty, in the caller's message, so that sending it again sends the same.

    That is ``event_id`` (a UUIDv7) and ``timestamp`` (now), by which an event is known when it comes twice, and, where
    there are settings, their tenant, project, branch and tags.
    """
    if not event.event_id:
        event.event_id = uuid7()
    if event.timestamp is None:
        event.timestamp = datetime.now(timezone.utc)
    if settings is not None:
        event.tenant_id = event.tenant_id or settings.tenant_id
        event.project_id = event.project_id or settings.project_id
        event.branch = event.branch or settings.branch
        if settings.tags and not event.tags:
            event.tags = list(settings.tags)
