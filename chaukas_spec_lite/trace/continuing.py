"""A trace that goes on in another process: what recorders have for that."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any, TypeVar, overload

from chaukas_spec_lite.spec.common.v1.events import Event
from chaukas_spec_lite.trace.context import Node, Place
from chaukas_spec_lite.trace.points import Points
from chaukas_spec_lite.trace.recording import Recording
from chaukas_spec_lite.trace.safety import told
from chaukas_spec_lite.trace.scopes import Ready

if TYPE_CHECKING:
    from chaukas_spec_lite.trace.propagation import TracePosition

Headers = TypeVar("Headers")

_NOWHERE = Place()


class AcrossProcesses(Points):
    """The methods of a recorder that tell other processes where this one stands, and go on where another stood."""

    __slots__ = ()

    @overload
    def inject(self, headers: None = None) -> dict[str, str]: ...
    @overload
    def inject(self, headers: Headers) -> Headers: ...
    def inject(self, headers: Any = None) -> Any:
        """Write into the headers of a request where in the trace it is made, so that the other side can go on there.

        They are ``traceparent`` and ``tracestate`` of W3C Trace Context, and ``baggage``. Those that stand there are
        replaced, but for baggage of others. Outside of any span, nothing is written. A ``Redactor`` of the recorder
        takes out of them what it takes out of events.

        Args:
            headers: A dict, a list of pairs (of bytes, too), or the headers of httpx, requests, aiohttp, Starlette,
                Werkzeug or the standard library. A dict is made for None, and for what cannot be changed.

        Returns:
            ``headers``, or what was made in its place.
        """
        try:
            position = self._position()
            if position is not None:
                from chaukas_spec_lite.trace.propagation import inject

                headers = inject(position, headers)
        except Exception as error:  # whatever headers somebody else's class refuses: the request is made without them
            told(error)
        return {} if headers is None else headers

    def environment(self, variables: Mapping[str, str] | None = None) -> dict[str, str]:
        """Make the environment for a process that goes on where this one stands, as for ``subprocess.run(env=...)``.

        A recorder that ``Recorder.from_env`` makes there finds ``TRACEPARENT``, ``TRACESTATE`` and ``BAGGAGE``.

        Args:
            variables: What the process gets besides; the variables of this process if None.

        Returns:
            A new dict; outside of any span without change.
        """
        given = os.environ if variables is None else variables
        try:
            from chaukas_spec_lite.trace.propagation import environment

            return environment(self._position(), given)
        except Exception as error:  # the process is started without them
            told(error)
            return dict(given)

    def continue_from(self, headers: object = None) -> Continuation:
        """Let what happens within a ``with`` be inside of the span of another process.

        Events get its trace, its span as parent, its session and its agent; what the headers do not say, as those of
        another tracing system, stays as it is around the ``with``. A session that is opened directly within goes on
        with that trace, and with that session if there is one. Without a valid ``traceparent`` nothing changes.

        Args:
            headers: Of the request that came in: as for ``inject``, or the environ of WSGI. If None, the current span
                of OpenTelemetry, where that package is loaded, is the parent.

        Returns:
            A context manager, for ``with`` and ``async with``. Its value is the place in the trace, a
            ``TracePosition``, or None if there is none.
        """
        found = self._where()
        if found is None:
            return Continuation(None, None)
        return Continuation(found[0], position_of(headers))

    def _position(self) -> TracePosition | None:
        """Where another process should go on."""
        found = self._where()
        if found is None or (place := found[1]) is None:
            return None
        from chaukas_spec_lite.trace.propagation import TracePosition

        came = place.came
        # What others are told is what events tell: a `Redactor` may take out the name of an agent.
        said = found[0].sending.redacted(
            Event(
                session_id=place.session_id,
                span_id=place.span_id,
                trace_id=place.trace_id,
                agent_id=place.agent_id,
                agent_name=place.agent_name,
            )
        )
        if not said.trace_id or not said.span_id:  # there is nothing left to tell
            return None
        return TracePosition(
            trace_id=said.trace_id,
            span_id=said.span_id,
            session_id=said.session_id,
            agent_id=said.agent_id,
            agent_name=said.agent_name,
            flags=came.flags if came is not None else None,
            tracestate=came.tracestate if came is not None else (),
            baggage=came.baggage if came is not None else (),
        )


class Continuation:
    """The ``with`` of ``Recorder.continue_from``."""

    __slots__ = ("_nodes", "_position", "_recording")

    def __init__(self, recording: Recording | None, position: TracePosition | None) -> None:
        self._recording = recording
        self._position = position
        self._nodes: list[Node] = []

    def __enter__(self) -> TracePosition | None:
        self._enter(sys._getframe(1))  # pyright: ignore[reportPrivateUsage]  # what `inspect` does, too
        return self._position

    def __exit__(
        self, exc_type: type[BaseException] | None, exc_val: BaseException | None, exc_tb: TracebackType | None
    ) -> None:
        self._leave()

    def __aenter__(self) -> Ready[TracePosition | None]:
        self._enter(sys._getframe(1))  # pyright: ignore[reportPrivateUsage]  # what `inspect` does, too
        return Ready(self._position)

    def __aexit__(
        self, exc_type: type[BaseException] | None, exc_val: BaseException | None, exc_tb: TracebackType | None
    ) -> Ready[None]:
        self._leave()
        return Ready(None)

    def _enter(self, frame: FrameType) -> None:
        recording, position = self._recording, self._position
        if recording is None or position is None:
            return
        try:
            place = place_of(position, recording.here())
            self._nodes.append(recording.context.enter(place, None, frame))
        except Exception as error:  # of ours, which is not the program's
            told(error)

    def _leave(self) -> None:
        if self._recording is not None and self._nodes:
            self._recording.context.leave(self._nodes.pop())


def position_of(headers: object) -> TracePosition | None:
    """Where the process stood that sent headers; if they are None, where OpenTelemetry stands."""
    try:
        from chaukas_spec_lite.trace.propagation import extract

        if headers is None:
            from chaukas_spec_lite.trace.opentelemetry import current_headers

            headers = current_headers()
        return extract(headers)
    except Exception as error:  # of a class of headers that somebody else wrote
        told(error)
        return None


def place_of(position: TracePosition, around: Place | None) -> Place:
    """The place within the span of another process.

    Args:
        position: Where it is.
        around: The place here, which has what the other process did not say.
    """
    here = around or _NOWHERE
    of_agent = position if position.agent_id or position.agent_name else here
    return Place(
        session_id=position.session_id or here.session_id,
        trace_id=position.trace_id,
        span_id=position.span_id,
        agent_id=of_agent.agent_id,
        agent_name=of_agent.agent_name,
        tags=here.tags,
        remote=True,
        came=position,
    )
