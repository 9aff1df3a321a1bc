"""The spans of a recorder: one method for each kind."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar, overload

from chaukas_spec_lite.errors import SettingTypeError
from chaukas_spec_lite.trace.calls import McpSpan, ToolSpan
from chaukas_spec_lite.trace.capture import Capture, Metadata, mapping_of, text_of
from chaukas_spec_lite.trace.context import Place
from chaukas_spec_lite.trace.model import ModelSpan
from chaukas_spec_lite.trace.points import Points
from chaukas_spec_lite.trace.recording import Recording
from chaukas_spec_lite.trace.work import AgentSpan, SessionSpan

Function = TypeVar("Function", bound="Callable[..., Any]")
Method = TypeVar("Method", bound="classmethod[Any, ..., Any] | staticmethod[..., Any]")


class _Required:
    """Stands for an argument that has to be given."""

    def __repr__(self) -> str:
        return "<required>"


_REQUIRED: Any = _Required()


def _explaining(method: Function) -> Function:
    """Let a call reach a method without its two names, so that it says what to write; type checkers still refuse it."""
    method.__defaults__ = (_REQUIRED, _REQUIRED)
    return method


class Steps(Points):
    """The steps that a recorder records: spans, and the moments of ``Points``.

    Args:
        recording: The recorder's inner side.
        enabled: Whether anything is recorded.
    """

    def __init__(self, recording: Recording, enabled: bool) -> None:
        self._recording = recording
        self._off = None if enabled else _Off()

    @overload
    def session(self, name: Method, /) -> Method: ...  # type: ignore[overload-overlap]  # no Callable, but for subclasses
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
            return name if _is_function(name) else self._off.session
        if not isinstance(name, str):
            if _is_function(name):
                return SessionSpan(self._recording)(name)
            name = text_of(name)
        return SessionSpan(self._recording, name, session_id, metadata, tags, capture)

    @overload
    def agent(self, name: Method, /) -> Method: ...  # type: ignore[overload-overlap]  # no Callable, but for subclasses
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
            return name if _is_function(name) else self._off.agent
        if not isinstance(name, str):
            if _is_function(name):
                return AgentSpan(self._recording)(name)
            name = text_of(name)
        if role.__class__ is not str or role:
            metadata = {"role": role, **(mapping_of(metadata) or {})}
        return AgentSpan(self._recording, name, agent_id, metadata, capture)

    @_explaining
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

        Raises:
            SettingTypeError: Provider and model are not given, as where it decorates a function without them.
        """
        if provider is _REQUIRED or model is _REQUIRED:
            raise _without_names("model", '"openai", "gpt-4o"', provider, "provider", "model")
        if self._off is not None:
            return self._off.model
        parameters = temperature, max_tokens, top_p, frequency_penalty, presence_penalty
        return ModelSpan(self._recording, provider, model, request, parameters, metadata, capture)

    @overload
    def tool(self, name: Method, /) -> Method: ...  # type: ignore[overload-overlap]  # no Callable, but for subclasses
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
            return name if _is_function(name) else self._off.tool
        if not isinstance(name, str):
            if _is_function(name):
                return ToolSpan(self._recording)(name)
            name = text_of(name)
        return ToolSpan(self._recording, name, arguments, call_id, function_name, auth_required, metadata, capture)

    @_explaining
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

        Raises:
            SettingTypeError: Server and operation are not given, as where it decorates a function without them.
        """
        if server_name is _REQUIRED or operation is _REQUIRED:
            raise _without_names("mcp", '"orders", "tools/call"', server_name, "server_name", "operation")
        if self._off is not None:
            return self._off.mcp
        settings = server_url, method, request, protocol_version, metadata, capture
        return McpSpan(self._recording, server_name, operation, *settings)

    def _where(self) -> tuple[Recording, Place | None] | None:
        return None if self._off is not None else (self._recording, self._recording.here())


def _without_names(method: str, example: str, given: object, first: str, second: str) -> SettingTypeError:
    """Make the error of a call that lacks names, as a decorator without brackets does: it says what to write."""
    if _is_function(given):
        return SettingTypeError(first, f"has to be text, not a function: write @recorder.{method}({example})")
    missing = first if given is _REQUIRED else second
    return SettingTypeError(missing, f"is missing: write recorder.{method}({example})")


def _is_function(name: object) -> bool:
    # Descriptors are refused as functions, and not taken for names: a property would be gone from its class.
    return callable(name) or hasattr(type(name), "__get__")


class _Off:
    """The spans of a recorder that is switched off: one of each kind, which do nothing."""

    def __init__(self) -> None:
        self.session = SessionSpan(None)
        self.agent = AgentSpan(None)
        self.model = ModelSpan(None, "", "")
        self.tool = ToolSpan(None)
        self.mcp = McpSpan(None, "", "")
