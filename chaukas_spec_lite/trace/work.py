"""The spans around the work: sessions and agents."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from chaukas_spec_lite.ids import uuid7
from chaukas_spec_lite.spec.common.v1.events import Author, Event, EventStatus, EventType
from chaukas_spec_lite.trace.capture import Capture, Metadata, text_of, texts_of
from chaukas_spec_lite.trace.context import Place
from chaukas_spec_lite.trace.recording import Recording
from chaukas_spec_lite.trace.scopes import Scope
from chaukas_spec_lite.trace.spans import ENDED

if TYPE_CHECKING:
    from typing_extensions import Self


class SessionSpan(Scope):
    """A session: ``SESSION_START`` and ``SESSION_END`` by ``SYSTEM``, without content.

    It has a trace of its own. Inside of a span of another process (``recorder.continue_from``), it goes on with that
    span's session and trace instead.
    """

    START, END, AUTHOR = EventType.SESSION_START, EventType.SESSION_END, Author.SYSTEM

    def __init__(
        self,
        recording: Recording | None,
        name: str = "",
        session_id: str | None = None,
        metadata: Metadata | None = None,
        tags: Iterable[str] = (),
        capture: Capture | None = None,
    ) -> None:
        super().__init__(recording, metadata, capture)
        self._name = name
        self._given_id = text_of(session_id)
        self._session_tags = tuple(texts_of(tags))
        if name:
            self._extra = {"name": name, **(self._extra or {})}

    def _place_in(self, recording: Recording) -> None:
        outside = recording.here()
        if outside is not None and outside.remote:
            self._parent = outside
            session_id = self._given_id or outside.session_id or uuid7()
            tags = (*outside.tags, *self._session_tags)
            agent = outside.agent_id, outside.agent_name
            self._place = Place(session_id, outside.trace_id or uuid7(), uuid7(), *agent, tags, came=outside.came)
        else:
            self._place = Place(self._given_id or uuid7(), uuid7(), uuid7(), "", "", self._session_tags)

    def _fill_end(self, event: Event, metadata: dict[str, Any], elapsed_ms: float) -> None:
        metadata.setdefault("success", self._status is EventStatus.COMPLETED)
        metadata.setdefault("duration_ms", elapsed_ms)

    def again(self) -> Self:
        """Make a span with the same settings, that has not begun."""
        name = "" if self._extra and self._extra.get("name") == self._name else self._name
        made = type(self)(self._recording, name, self._given_id, self._extra, self._session_tags, self._capture)
        made._name = self._name
        return made

    def name_after(self, name: str) -> None:
        """Take the name of the decorated function, where the span has none."""
        if not self._name:
            self._name = name
            self._extra = {"name": name, **(self._extra or {})}


class AgentSpan(Scope):
    """An agent at work: ``AGENT_START`` and ``AGENT_END`` by ``AGENT``, without content.

    All that happens inside of it carries the agent's id and name. Its result is recorded as ``output`` in the metadata
    of the END.
    """

    START, END, AUTHOR = EventType.AGENT_START, EventType.AGENT_END, Author.AGENT

    def __init__(
        self,
        recording: Recording | None,
        name: str = "",
        agent_id: str = "",
        metadata: Metadata | None = None,
        capture: Capture | None = None,
    ) -> None:
        super().__init__(recording, metadata, capture)
        self._name = name
        self._agent_id = agent_id

    def result(self, value: object) -> None:
        """Take what the agent has come to, as ``output``.

        Args:
            value: The result; the last one counts.
        """
        if self._stage == ENDED:
            self._tell_late("result")
        self.set(output=value)

    def _place_in(self, recording: Recording) -> None:
        super()._place_in(recording)
        self._place = self._place._replace(agent_id=self._agent_id or self._name, agent_name=self._name)

    def again(self) -> Self:
        """Make a span with the same settings, that has not begun."""
        return type(self)(self._recording, self._name, self._agent_id, self._extra, self._capture)

    def name_after(self, name: str) -> None:
        """Take the name of the decorated function, where the span has none."""
        self._name = self._name or name
