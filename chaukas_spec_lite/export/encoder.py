"""From the event that a program emits to the bytes that are sent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chaukas_spec_lite import lenient
from chaukas_spec_lite.defaults import Defaults, complete
from chaukas_spec_lite.errors import EncodeError
from chaukas_spec_lite.export.dropped import Dropped, DropReason
from chaukas_spec_lite.export.settings import ExportSettings
from chaukas_spec_lite.spec.common.v1.events import Event, EventBatch
from chaukas_spec_lite.wire.refusals import named


class Encoder:
    """Completes and encodes events.

    Args:
        settings: Those of the exporter.
        defaults: What events are given that name no tenant, project, branch or tags.
        default: Makes something else of a value that cannot be encoded and that nothing is known about.
    """

    def __init__(
        self, settings: ExportSettings, defaults: Defaults | None, default: Callable[[Any], Any] | None
    ) -> None:
        self._defaults = defaults
        self._default = default
        self._strict = settings.strict
        self._max_bytes = settings.max_event_bytes
        self._limits = lenient.Limits(event_bytes=settings.max_event_bytes, media_bytes=settings.max_media_bytes)

    def encode(self, event: Event) -> bytes | Dropped | lenient.EncodedEvent:
        """Encode an event, and fill in its id and time if they are missing.

        Returns:
            Its bytes, with what was converted if anything was; or why it cannot be sent.

        Raises:
            TypeError: It is no ``Event``.
        """
        if not isinstance(event, Event):
            raise _no_event(event)
        # Before encoding: the id has to be in the bytes, as each repetition has to send the same one.
        complete(event, self._defaults)
        conversions: list[lenient.Conversion] = []
        if self._strict:
            try:
                data = bytes(event)
            except EncodeError as error:
                # As it would be sent otherwise: a person can read what it was, or send it from a lenient exporter.
                kept = lenient.encode(event, self._default, self._limits).data
                return Dropped(DropReason.INVALID, str(error), "", kept, path=error.path, converted=True)
        else:
            data, conversions = lenient.encode(event, self._default, self._limits)
        if len(data) > self._max_bytes:
            return Dropped(DropReason.TOO_LARGE, "it is larger than max_event_bytes", _id_of(event), data)
        return lenient.EncodedEvent(data, conversions) if conversions else data


def _id_of(event: Event) -> str:
    return event.event_id if isinstance(event.event_id, str) else ""


def _no_event(given: object) -> TypeError:
    """Make the error of ``emit`` that was given something else; it says what to write."""
    said, hint = f"emit expects an Event, got {named(given)}", "make one with Event(...)"
    if isinstance(given, EventBatch):
        hint = "call it once for each of batch.events"
    elif isinstance(given, (bytes, dict)):
        hint = f"write Event.{'parse' if isinstance(given, bytes) else 'from_dict'}(...)"
    elif hasattr(given, "__iter__") and not isinstance(given, str):
        hint = "call it once for each event"
    return TypeError(f"{said}; {hint}")
