"""From the event that a program emits to the bytes that are sent."""

# _full_name is private to the package:
# pyright: reportPrivateUsage=false

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from chaukas_spec_lite import lenient
from chaukas_spec_lite.audit import chain, sealing
from chaukas_spec_lite.audit.canonical import encode_in_order
from chaukas_spec_lite.audit.chain import Unsealed
from chaukas_spec_lite.defaults import Defaults, complete
from chaukas_spec_lite.encoded_events import complete_encoded, encode_given
from chaukas_spec_lite.errors import DecodeError, EncodeError
from chaukas_spec_lite.export.dropped import Dropped, DropReason
from chaukas_spec_lite.export.settings import ExportSettings
from chaukas_spec_lite.ids import uuid7
from chaukas_spec_lite.message.official import full_name_of, not_the_message
from chaukas_spec_lite.spec.common.v1.events import Event, EventBatch, EventType
from chaukas_spec_lite.wire.envelopes import event_id_of
from chaukas_spec_lite.wire.refusals import named

if TYPE_CHECKING:
    from chaukas_spec_lite.encoded_events import AnyEvent
    from chaukas_spec_lite.message.official import EncodedMessage


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
        self._seals = settings.audit
        # A seal has to fit in, too.
        self._max_bytes = settings.max_event_bytes - (chain.ROOM if settings.audit else 0)
        self._limits = lenient.Limits(event_bytes=self._max_bytes, media_bytes=settings.max_media_bytes)

    def encode(self, event: AnyEvent) -> tuple[bytes | Unsealed | Dropped, Sequence[lenient.Conversion]]:
        """Encode an event, and fill in its id and time if they are missing.

        Returns:
            Its bytes, which with ``audit`` are still to be sealed, or why it cannot be sent; and what was converted.

        Raises:
            TypeError: It is no event.
        """
        if not isinstance(event, Event):
            return self._encode_given(event)
        try:
            # Before encoding: the id has to be in the bytes, as each repetition has to send the same one.
            complete(event, self._defaults)
            # One that has a seal keeps it: it has its place in another writer's chain.
            if self._seals and not event.content_hash:
                return self._encode_for_seal(event)
        except MemoryError:
            raise
        except Exception:  # of a deleted attribute, or of a class that somebody else wrote
            return self._encode_first(event)
        return self._encode(event, None)

    def _encode_first(self, event: Event) -> tuple[bytes | Unsealed | Dropped, Sequence[lenient.Conversion]]:
        """Encode an event that cannot be completed otherwise, and then go on as with one that others have encoded."""
        data, conversions = self._encode(event, None)
        if isinstance(data, Dropped):
            return data, ()
        encoded, more = self._encode_given(data)
        return encoded, [*conversions, *more]

    def _encode(
        self, event: Event, strictly: Callable[[Event], bytes] | None
    ) -> tuple[bytes | Dropped, Sequence[lenient.Conversion]]:
        conversions: Sequence[lenient.Conversion] = ()
        if self._strict:
            try:
                data = bytes(event) if strictly is None else strictly(event)
            except EncodeError as error:
                # As it would be sent otherwise: a person can read what it was, or send it from a lenient exporter.
                kept = lenient.encode(event, self._default, self._limits).data
                return Dropped(DropReason.INVALID, str(error), "", kept, path=error.path, converted=True), ()
        else:
            data, conversions = lenient.encode(event, self._default, self._limits, strictly)
        if len(data) > self._max_bytes:
            return Dropped(DropReason.TOO_LARGE, _TOO_LARGE, _id_of(event), data), ()
        return data, conversions

    def _encode_for_seal(self, event: Event) -> tuple[Unsealed | Dropped, Sequence[lenient.Conversion]]:
        encoded, conversions = self._encode(sealing.marked(event), encode_in_order)
        if isinstance(encoded, Dropped):
            return replace(encoded, data=sealing.unmarked(encoded.data)), ()
        # What is sealed is what is sent: the event as it was converted, and as it is read. Of a class that somebody
        # derived from ``str``, methods say anything.
        if conversions or type(event.session_id) is not str or type(event.type) is not EventType:
            event = Event.parse(sealing.unmarked(encoded))
            encoded = encode_in_order(sealing.marked(event))
        return sealing.unsealed(event, encoded), conversions

    def _encode_given(self, given: EncodedMessage) -> tuple[bytes | Unsealed | Dropped, Sequence[lenient.Conversion]]:
        """Take an event that is encoded, or that another implementation encodes: nothing in it is changed or moved."""
        data = b""
        try:
            if (encoded := encode_given(given)) is None:
                raise _no_event(given)
            data = encoded
            data = complete_encoded(data, given, self._defaults)
            if len(data) <= self._max_bytes:
                return self.encoded(data), ()
            if not self._strict:  # to cut a long text is better than to lose the event
                cut = lenient.encode(Event.parse(data), self._default, self._limits)
                return self.encoded(cut.data), cut.conversions
        except EncodeError as error:
            return Dropped(DropReason.INVALID, str(error), "", data, path=error.path), ()
        except DecodeError as error:
            why = f"it is no event: {error}"
            return Dropped(DropReason.INVALID, why, event_id_of(data), data, path=error.path), ()
        return Dropped(DropReason.TOO_LARGE, _TOO_LARGE, event_id_of(data), data), ()

    def interruption(self, writer: str, owner: chain.Owner) -> bytes:
        """Make the event that tells of a writer that was interrupted; see ``audit.sealing``."""
        event = sealing.interruption(writer, owner)
        complete(event, None)  # It is of the owner of what that writer wrote, whatever this exporter's are.
        # Converted whatever the settings say: it must neither be missing nor keep a search from what else is there.
        event = Event.parse(lenient.encode(event, self._default, self._limits).data)
        sealing.seal(event, chain.Chains(uuid7()))
        return bytes(event)

    def encoded(self, data: bytes) -> bytes | Unsealed:
        """Take an event that is encoded and complete.

        Args:
            data: The event. Its bytes stay as they are; with ``audit``, what has no seal is still to be sealed.

        Raises:
            DecodeError: The bytes are no event.
        """
        return (sealing.unsealed_bytes(data) or data) if self._seals else data


_TOO_LARGE = "it is larger than max_event_bytes"


def is_event(data: bytes) -> bool:
    """Whether the bytes of a dead letter are an event, and not what else ``emit`` was given."""
    if not data:  # nothing could be made of that event
        return False
    try:
        Event.parse(data)
    except DecodeError:
        return False
    return True


def _id_of(event: Event) -> str:
    return event.event_id if isinstance(event.event_id, str) else ""


def _no_event(given: object) -> TypeError:
    """Make the error of ``emit`` that was given something else; it says what to write."""
    name, got, hint = full_name_of(given), named(given), "make one with Event(...)"
    if isinstance(given, EventBatch) or name == EventBatch._full_name:
        hint = "call it once for each of batch.events"
    elif isinstance(given, dict):
        hint = "write Event.from_dict(...)"
    elif hasattr(given, "__iter__") and not isinstance(given, str):
        hint = "call it once for each event"
    if name:
        return not_the_message("emit", Event._full_name, name, hint)
    return TypeError(f"emit expects an Event, got {got}; {hint}")
