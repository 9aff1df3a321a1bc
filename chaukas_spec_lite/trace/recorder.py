"""The recorder: one line for each step of an agent, with the trace kept."""

from __future__ import annotations

import concurrent.futures
import contextvars
import functools
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from types import TracebackType
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, overload

from chaukas_spec_lite import process
from chaukas_spec_lite.errors import SettingTypeError
from chaukas_spec_lite.spec.common.v1.events import Event
from chaukas_spec_lite.trace.calls import McpSpan, ToolSpan
from chaukas_spec_lite.trace.capture import Capture, texts_of
from chaukas_spec_lite.trace.context import Node, Place
from chaukas_spec_lite.trace.failures import MAX_STACK
from chaukas_spec_lite.trace.model import ModelSpan
from chaukas_spec_lite.trace.points import Metadata, Points
from chaukas_spec_lite.trace.recording import Recording, Times, owner_of
from chaukas_spec_lite.trace.sending import RecorderStats, Sending, Sink
from chaukas_spec_lite.trace.spans import Span
from chaukas_spec_lite.trace.work import AgentSpan, SessionSpan

if TYPE_CHECKING:
    from typing_extensions import Self

P = ParamSpec("P")
Result = TypeVar("Result")
Function = TypeVar("Function", bound="Callable[..., Any]")
Method = TypeVar("Method", bound="classmethod[Any, ..., Any] | staticmethod[..., Any]")
BeforeSend = Callable[[Event], "Event | None"]


class Recorder(Points):
    """Records what agents do: spans as context managers and decorators, moments as calls.

    ::

        with recorder.session() as session, recorder.agent("triage"):
            with recorder.model("openai", "gpt-4o", request={...}) as call:
                call.response(answer, prompt_tokens=412, completion_tokens=38)

    Args:
        sink: Where events go: an exporter, or anything with ``emit``.
        tenant_id: Of all events; a sink may fill in what is empty. So are the next three.
        project_id: The project.
        branch: The branch.
        tags: The tags; a session may add its own.
        before_send: A function, or several in order, that get each event and return it, another, or None for none.
        sampler: What sessions and events are recorded.
        prices: What the cost of model calls is computed with.
        capture: What decorators record: True for arguments and results, False for neither, the names of arguments, with
            ``return`` for the result, or a function that gets a name and a value and returns what is recorded.
        enabled: Whether anything is recorded. If not, all calls are there and do nothing.
        stream: Whether each part of a streamed answer is an event too.
        max_stack: Characters kept of a stack trace; 0 for none.
        times: The clocks, for tests.

    Raises:
        SettingTypeError: The sink has no ``emit``, or ``before_send`` cannot be called.
    """

    __slots__ = ("__weakref__", "_off", "_recording", "_sending")

    def __init__(
        self,
        sink: Sink,
        *,
        tenant_id: str = "",
        project_id: str = "",
        branch: str = "",
        tags: Iterable[str] = (),
        before_send: BeforeSend | Iterable[BeforeSend] | None = None,
        sampler: Any = None,
        prices: Any = None,
        capture: Capture = True,
        enabled: bool = True,
        stream: bool = False,
        max_stack: int = MAX_STACK,
        times: Times | None = None,
    ) -> None:
        if not callable(getattr(sink, "emit", None)):
            raise SettingTypeError("sink", f"has to have a method emit, which {type(sink).__name__} has not")
        self._sending = Sending(sink, before_send=_chain(before_send), sampler=sampler)
        self._recording = recording = Recording(
            self._sending,
            tenant_id=tenant_id,
            project_id=project_id,
            branch=branch,
            tags=tuple(texts_of(tags)),
            capture=capture,
            stream=stream,
            max_stack=max_stack,
            times=times,
            prices=prices,
        )
        self._off = None if enabled else _Off()
        if enabled:
            process.before_end(recording.end_all)

    # Spans

    @overload
    def session(self, name: Function, /) -> Function: ...
    @overload
    def session(
        self,
        name: str = "",
        *,
        session_id: str | None = None,
        metadata: Metadata | None = None,
        tags: Iterable[str] = (),
        capture: Capture | None = None,
    ) -> SessionSpan: ...
    def session(
        self,
        name: Any = "",
        *,
        session_id: str | None = None,
        metadata: Metadata | None = None,
        tags: Iterable[str] = (),
        capture: Capture | None = None,
    ) -> Any:
        """Make a session: ``SESSION_START`` and ``SESSION_END``.

        Args:
            name: What it is called, in the metadata; or a function to decorate.
            session_id: Its id, where it goes on with one; a UUIDv7 if None.
            metadata: Anything else about it.
            tags: Tags that all events of it have.
            capture: As for the recorder, where it is a decorator.
        """
        if self._off is not None:
            return self._off.session if isinstance(name, str) else name
        if not isinstance(name, str):
            return SessionSpan(self._recording)(name)
        return SessionSpan(self._recording, name, session_id, metadata, tags, capture)

    @overload
    def agent(self, name: Method, /) -> Method: ...
    @overload
    def agent(self, name: Function, /) -> Function: ...
    @overload
    def agent(
        self,
        name: str = "",
        *,
        agent_id: str = "",
        role: str = "",
        metadata: Metadata | None = None,
        capture: Capture | None = None,
    ) -> AgentSpan: ...
    def agent(
        self,
        name: Any = "",
        *,
        agent_id: str = "",
        role: str = "",
        metadata: Metadata | None = None,
        capture: Capture | None = None,
    ) -> Any:
        """Make the span of an agent: ``AGENT_START`` and ``AGENT_END``. What happens inside of it is the agent's.

        Args:
            name: The agent's name; that of the function, where it decorates one without. Or a function to decorate.
            agent_id: Its id; the name if empty.
            role: Its role, in the metadata.
            metadata: Anything else about it, such as ``instructions``, ``model`` and ``tools``.
            capture: As for the recorder, where it is a decorator.
        """
        if self._off is not None:
            return self._off.agent if isinstance(name, str) else name
        if not isinstance(name, str):
            return AgentSpan(self._recording)(name)
        if role:
            metadata = {"role": role, **(metadata or {})}
        return AgentSpan(self._recording, name, agent_id, metadata, capture)

    def model(
        self,
        provider: str,
        model: str,
        *,
        request: Metadata | None = None,
        temperature: float | None = None,
        max_tokens: int | None = None,
        top_p: float | None = None,
        frequency_penalty: float | None = None,
        presence_penalty: float | None = None,
        metadata: Metadata | None = None,
        capture: Capture | None = None,
    ) -> ModelSpan:
        """Make the span of a call of a model: ``MODEL_INVOCATION_START`` and ``MODEL_INVOCATION_END``.

        Args:
            provider: Who serves the model, such as ``openai``.
            model: The model.
            request: What it is asked; where it decorates a function, its arguments if None.
            temperature: The parameter of that name, as are the next four.
            max_tokens: See above.
            top_p: See above.
            frequency_penalty: See above.
            presence_penalty: See above.
            metadata: Anything else.
            capture: As for the recorder, where it is a decorator.
        """
        if self._off is not None:
            return self._off.model
        parameters = {
            "temperature": temperature,
            "max_tokens": max_tokens,
            "top_p": top_p,
            "frequency_penalty": frequency_penalty,
            "presence_penalty": presence_penalty,
        }
        return ModelSpan(self._recording, provider, model, request, parameters, metadata, capture)

    @overload
    def tool(self, name: Method, /) -> Method: ...
    @overload
    def tool(self, name: Function, /) -> Function: ...
    @overload
    def tool(
        self,
        name: str = "",
        *,
        arguments: Metadata | None = None,
        call_id: str = "",
        function_name: str = "",
        auth_required: bool = False,
        metadata: Metadata | None = None,
        capture: Capture | None = None,
    ) -> ToolSpan: ...
    def tool(
        self,
        name: Any = "",
        *,
        arguments: Metadata | None = None,
        call_id: str = "",
        function_name: str = "",
        auth_required: bool = False,
        metadata: Metadata | None = None,
        capture: Capture | None = None,
    ) -> Any:
        """Make the span of a call of a tool: ``TOOL_CALL_START`` and ``TOOL_CALL_END``.

        Args:
            name: The tool's name; that of the function, where it decorates one without. Or a function to decorate.
            arguments: Its arguments by name; where it decorates a function, those of the call if None.
            call_id: The model's id of the call; the span's id if empty.
            function_name: The function within the tool, where a tool offers several.
            auth_required: Whether the call needs an authorisation first.
            metadata: Anything else.
            capture: As for the recorder, where it is a decorator.
        """
        if self._off is not None:
            return self._off.tool if isinstance(name, str) else name
        if not isinstance(name, str):
            return ToolSpan(self._recording)(name)
        return ToolSpan(self._recording, name, arguments, call_id, function_name, auth_required, metadata, capture)

    def mcp(
        self,
        server_name: str,
        operation: str,
        *,
        server_url: str = "",
        method: str = "",
        request: Metadata | None = None,
        protocol_version: str = "",
        metadata: Metadata | None = None,
        capture: Capture | None = None,
    ) -> McpSpan:
        """Make the span of a call over the Model Context Protocol: ``MCP_CALL_START`` and ``MCP_CALL_END``.

        Args:
            server_name: The server.
            operation: What is called, such as ``tools/call``.
            server_url: Where the server is.
            method: How it is called.
            request: What is sent; where it decorates a function, its arguments if None.
            protocol_version: The version of the protocol.
            metadata: Anything else.
            capture: As for the recorder, where it is a decorator.
        """
        if self._off is not None:
            return self._off.mcp
        settings = server_url, method, request, protocol_version, metadata, capture
        return McpSpan(self._recording, server_name, operation, *settings)

    # Context

    @property
    def current(self) -> Span | None:
        """The current span; None outside of any, and inside of one of another process."""
        return owner_of(self._recording.context.current())

    @property
    def place(self) -> Place | None:
        """Where the program stands: the ids that an event would have here; None outside of any span."""
        return self._recording.here()

    def under(self, place: Span | Place) -> AbstractContextManager[object]:
        """Let what happens within a ``with`` be inside of a span that was begun by hand, or is elsewhere.

        Args:
            place: The span, or a place.
        """
        if isinstance(place, Span):
            return self._recording.context.at(place.place, self._recording.opened(place))
        return self._recording.context.at(place)

    def wrap(self, function: Callable[P, Result]) -> Callable[P, Result]:
        """Make a function that runs in a copy of the current context, wherever it is called: in a thread, say.

        Args:
            function: The function. It may be called more than once, and at the same time.
        """
        if self._off is not None:
            return function
        context = contextvars.copy_context()
        # What is current now, although a generator that has opened it may be suspended by then.
        context.run(self._recording.context.pin)

        @functools.wraps(function)
        def wrapper(*args: P.args, **kwargs: P.kwargs) -> Result:
            # A context cannot be entered twice at the same time.
            return context.copy().run(function, *args, **kwargs)

        return wrapper

    def executor(self, executor: concurrent.futures.Executor) -> concurrent.futures.Executor:
        """Make an executor of threads whose work runs in the context of the ``submit`` or ``map`` that gives it.

        Args:
            executor: The executor. Shutting down either is shutting down both.

        Raises:
            SettingTypeError: Its work runs in other processes, to which a context cannot go.
        """
        from chaukas_spec_lite.trace.executing import ContextExecutor

        return ContextExecutor(executor, self.wrap)

    def _where(self) -> tuple[Recording, Place | None] | None:
        return None if self._off is not None else (self._recording, self._recording.here())

    # Sending

    @property
    def enabled(self) -> bool:
        """Whether anything is recorded."""
        return self._off is None

    def flush(self, timeout: float = 30.0) -> bool:
        """Send what waits, where the sink can.

        Args:
            timeout: How many seconds to wait at most.

        Returns:
            Whether all of it was sent.
        """
        return self._sending.flush(timeout)

    def close(self, timeout: float | None = None) -> bool:
        """End spans that are still open, flush, and close the sink, where it can be closed.

        Args:
            timeout: How many seconds to wait at most; the sink's own if None.

        Returns:
            Whether all was sent.
        """
        self._recording.end_all("closed")
        return self._sending.close(timeout)

    def stats(self) -> RecorderStats:
        """How many events went where."""
        return self._sending.stats()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc_val: BaseException | None, exc_tb: TracebackType | None
    ) -> None:
        self.close()


def _chain(given: BeforeSend | Iterable[BeforeSend] | None) -> tuple[BeforeSend, ...]:
    if given is None:
        return ()
    chain: tuple[Any, ...] = (given,) if callable(given) else tuple(given)
    for each in chain:
        if not callable(each):
            raise SettingTypeError("before_send", f"has to be a function of an event, not {type(each).__name__}")
    return chain


class _Off:
    """The spans of a recorder that is switched off: one of each kind, which do nothing."""

    def __init__(self) -> None:
        self.session = SessionSpan(None)
        self.agent = AgentSpan(None)
        self.model = ModelSpan(None, "", "")
        self.tool = ToolSpan(None)
        self.mcp = McpSpan(None, "", "")
