"""Events that stand for a moment: one method each, on recorders and on spans."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

from chaukas_spec_lite.ids import uuid7
from chaukas_spec_lite.spec.common.v1.events import (
    AgentHandoff,
    Author,
    DataAccess,
    Event,
    EventStatus,
    EventType,
    MessageContent,
    PolicyDecision,
    RetryInfo,
    Severity,
)
from chaukas_spec_lite.trace.capture import Metadata, mapping_of, printed, text_of, texts_of
from chaukas_spec_lite.trace.context import Place
from chaukas_spec_lite.trace.failures import error_info, is_exception, mark_recorded
from chaukas_spec_lite.trace.recording import Recording
from chaukas_spec_lite.trace.safety import never_raising, told


class Points:
    """The methods that record a moment. None of them raises, whatever values it is given."""

    __slots__ = ()

    def _where(self) -> tuple[Recording, Place | None] | None:
        """Where the events go and what they are inside of; None if nothing is recorded."""
        raise NotImplementedError

    @never_raising
    def input(self, text: object, *, role: str = "user", metadata: Metadata | None = None) -> None:
        """Record that input came in: ``INPUT_RECEIVED`` by ``USER``, with a ``message``.

        Args:
            text: What was said; anything but a text is recorded as JSON.
            role: Who said it.
            metadata: Anything else about the message.
        """
        if (made := self._point(EventType.INPUT_RECEIVED, Author.USER)) is not None:
            made.event.message = MessageContent(role, text_of(text), mapping_of(metadata))
            made.emit()

    @never_raising
    def output(self, text: object, *, role: str = "assistant", metadata: Metadata | None = None) -> None:
        """Record what the user was told: ``OUTPUT_EMITTED`` by ``AGENT``, with a ``message``.

        Args:
            text: What was said; anything but a text is recorded as JSON.
            role: Who said it.
            metadata: Anything else about the message.
        """
        if (made := self._point(EventType.OUTPUT_EMITTED, Author.AGENT)) is not None:
            made.event.message = MessageContent(role, text_of(text), mapping_of(metadata))
            made.emit()

    @never_raising
    def error(
        self,
        error: BaseException | str,
        *,
        code: str = "",
        recoverable: bool | None = None,
        recovery_action: str = "",
        metadata: Metadata | None = None,
    ) -> None:
        """Record that something went wrong: ``ERROR`` by ``SYSTEM``, status ``FAILED``, with an ``error``.

        A span that the exception leaves later is ``FAILED`` too, and names this event's span instead of repeating it.

        Args:
            error: An exception, or what went wrong in words.
            code: A word for the kind of error; the exception's class if empty.
            recoverable: Whether trying again may help; if None, that is judged by the exception.
            recovery_action: What to do about it.
            metadata: Anything else.
        """
        made = self._point(EventType.ERROR, Author.SYSTEM, EventStatus.FAILED, Severity.ERROR)
        if made is not None:
            made.event.error = error_info(
                error,
                made.recording.max_stack,
                code=code,
                recoverable=recoverable,
                recovery_action=recovery_action,
            )
            made.event.metadata = mapping_of(metadata)
            if is_exception(error):
                mark_recorded(error, made.recording.failure_key(made.place), made.event.span_id)
            made.emit()

    @never_raising
    def retry(
        self,
        attempt: int,
        *,
        strategy: str = "exponential",
        backoff_ms: float = 0,
        reason: object = "",
        metadata: Metadata | None = None,
    ) -> None:
        """Record that an attempt will be repeated: ``RETRY`` by ``SYSTEM``, ``IN_PROGRESS``, severity ``WARN``.

        Args:
            attempt: The number of the attempt that failed, from 1.
            strategy: How the pauses grow.
            backoff_ms: The pause before the next attempt, in milliseconds.
            reason: Why, such as the exception; recorded as ``retry_reason`` in the metadata.
            metadata: Anything else.
        """
        made = self._point(EventType.RETRY, Author.SYSTEM, EventStatus.IN_PROGRESS, Severity.WARN)
        if made is not None:
            # The schema has whole milliseconds.
            whole = round(backoff_ms) if isinstance(backoff_ms, float) and abs(backoff_ms) < 2**31 else backoff_ms
            made.event.retry = RetryInfo(attempt, strategy, cast(int, whole))
            if reason:
                text = str(reason) if is_exception(reason) else text_of(reason)
                metadata = {"retry_reason": text, **(mapping_of(metadata) or {})}
            made.event.metadata = mapping_of(metadata)
            made.emit()

    @never_raising
    def policy(
        self,
        policy_id: str,
        outcome: str,
        *,
        rules: Iterable[str] = (),
        rationale: str = "",
        metadata: Metadata | None = None,
    ) -> None:
        """Record that a guardrail was evaluated: ``POLICY_DECISION`` by ``SYSTEM``, with a ``policy``.

        Args:
            policy_id: Which one.
            outcome: Such as ``allow``, ``deny`` or ``review``.
            rules: The ids of the rules that applied.
            rationale: Why.
            metadata: Anything else.
        """
        if (made := self._point(EventType.POLICY_DECISION, Author.SYSTEM)) is not None:
            made.event.policy = PolicyDecision(policy_id, outcome, texts_of(rules), rationale)
            made.event.metadata = mapping_of(metadata)
            made.emit()

    @never_raising
    def data_access(
        self,
        datasource: str,
        *,
        documents: Iterable[str] = (),
        chunks: Iterable[str] = (),
        pii_categories: Iterable[str] = (),
        metadata: Metadata | None = None,
    ) -> None:
        """Record that data was read: ``DATA_ACCESS`` by ``SYSTEM``, with a ``data_access``.

        Args:
            datasource: Where from, such as ``vector://products``.
            documents: The ids of what was read.
            chunks: The ids of the parts of it.
            pii_categories: The kinds of personal data in it; the event itself repeats them.
            metadata: Anything else.
        """
        if (made := self._point(EventType.DATA_ACCESS, Author.SYSTEM)) is not None:
            kinds = texts_of(pii_categories)
            made.event.data_access = DataAccess(datasource, texts_of(documents), texts_of(chunks), kinds)
            made.event.pii_categories = list(kinds)
            made.event.metadata = mapping_of(metadata)
            made.emit()

    @never_raising
    def state(self, changes: Metadata | None = None, /, **more: Any) -> None:
        """Record that state or configuration changed: ``STATE_UPDATE`` by ``SYSTEM``, with a ``state_update``.

        Args:
            changes: What changed, by name, such as ``{"model": {"old": None, "new": "gpt-4o"}}``.
            more: The same, as keywords.
        """
        if (made := self._point(EventType.STATE_UPDATE, Author.SYSTEM)) is not None:
            found = mapping_of(changes) or {}
            made.event.state_update = {**found, **more} if more else found
            made.emit()

    @never_raising
    def handoff(
        self,
        to: str,
        *,
        to_id: str = "",
        reason: str = "",
        data: Metadata | None = None,
        kind: str = "direct",
        from_: str = "",
        from_id: str = "",
        metadata: Metadata | None = None,
    ) -> None:
        """Record that one agent passes the work on: ``AGENT_HANDOFF`` by ``AGENT``, with an ``agent_handoff``.

        Args:
            to: The name of the agent that takes over.
            to_id: Its id; the name if empty.
            reason: Why.
            data: What it is given.
            kind: The ``handoff_type``.
            from_: The name of the agent that gives the work away; the enclosing agent if empty.
            from_id: Its id; the enclosing agent's, or the name.
            metadata: Anything else.
        """
        if (made := self._point(EventType.AGENT_HANDOFF, Author.AGENT)) is not None:
            place = made.place
            made.event.agent_handoff = AgentHandoff(
                from_agent_id=from_id or from_ or place.agent_id,
                from_agent_name=from_ or place.agent_name,
                to_agent_id=to_id or to,
                to_agent_name=to,
                handoff_data=mapping_of(data),
                reason=reason,
                handoff_type=kind,
            )
            made.event.metadata = mapping_of(metadata)
            made.emit()

    @never_raising
    def system(self, message: object, *, severity: Severity = Severity.INFO, metadata: Metadata | None = None) -> None:
        """Record anything else worth knowing: ``SYSTEM`` by ``SYSTEM``; the text is in the metadata as ``message``.

        Args:
            message: The text.
            severity: How much attention it deserves.
            metadata: Anything else.
        """
        if (made := self._point(EventType.SYSTEM, Author.SYSTEM)) is not None:
            made.event.severity = _severity_of(severity)
            made.event.metadata = {"message": text_of(message), **(mapping_of(metadata) or {})}
            made.emit()

    def _point(
        self,
        type: EventType,
        author: Author,
        status: EventStatus = EventStatus.COMPLETED,
        severity: Severity = Severity.INFO,
    ) -> _Made | None:
        found = self._where()
        if found is None:
            return None
        recording, within = found
        # Outside of any span, an event has a trace of its own.
        place = within if within is not None else Place(trace_id=uuid7())
        # An event that stands for a moment has a span of its own, of the same id.
        own = uuid7()
        return _Made(recording, place, recording.event(type, status, author, place, own, own, place.span_id, severity))


def _severity_of(value: object) -> Severity:
    """A severity, also by its name; INFO for what is none, which is told."""
    if isinstance(value, Severity):
        return value
    found = Severity.__members__.get(value.upper()) if isinstance(value, str) else None
    if found is None:
        names = ", ".join(each.name for each in Severity)
        told(ValueError(f"severity has to be one of {names}, not {printed(value)}; INFO is recorded"), "system")
    return found or Severity.INFO


class _Made:
    """An event on its way."""

    __slots__ = ("event", "place", "recording")

    def __init__(self, recording: Recording, place: Place, event: Event) -> None:
        self.recording = recording
        self.place = place
        self.event = event

    def emit(self) -> None:
        self.recording.emit(self.event)
