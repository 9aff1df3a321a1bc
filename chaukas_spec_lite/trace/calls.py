"""The spans around calls of tools and of MCP servers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chaukas_spec_lite.spec.common.v1.events import (
    Author,
    Event,
    EventStatus,
    EventType,
    MCPCall,
    ToolCall,
    ToolResponse,
)
from chaukas_spec_lite.trace.capture import Capture, Metadata, mapping_of
from chaukas_spec_lite.trace.recording import Recording
from chaukas_spec_lite.trace.scopes import Scope
from chaukas_spec_lite.trace.spans import ENDED

if TYPE_CHECKING:
    from typing_extensions import Self


class ToolSpan(Scope):
    """A call of a tool: ``TOOL_CALL_START`` with a ``tool_call``, ``TOOL_CALL_END`` with a ``tool_response``.

    Their author is ``TOOL``. The END has its name in the metadata, as ``name``: the response has no field for it.
    """

    _http_status = 0
    _output: dict[str, Any] | None = None

    START, END, AUTHOR = EventType.TOOL_CALL_START, EventType.TOOL_CALL_END, Author.TOOL

    def __init__(
        self,
        recording: Recording | None,
        name: str = "",
        arguments: Metadata | None = None,
        call_id: str = "",
        function_name: str = "",
        auth_required: bool = False,
        metadata: Metadata | None = None,
        capture: Capture | None = None,
    ) -> None:
        self._name = name
        self._arguments = arguments
        self._call_id = call_id
        self._function_name = function_name
        self._auth_required = auth_required
        super().__init__(recording, metadata, capture)

    def result(self, value: object, *, http_status: int = 0) -> None:
        """Take what the tool has returned, for the END, which has it as ``{"output": value}``.

        Args:
            value: The result; the last one counts.
            http_status: The HTTP status, where the tool is an HTTP service.
        """
        if self._stage == ENDED:
            self._tell_late("result")
        self._output = {"output": value}
        self._http_status = http_status

    def _fill_start(self, event: Event) -> None:
        arguments: Any = self._arguments
        event.tool_call = ToolCall(
            id=self._call_id or event.span_id,
            name=self._name,
            arguments=arguments if arguments.__class__ is dict else mapping_of(arguments, "input"),
            auth_required=self._auth_required,
            function_name=self._function_name,
        )

    def _fill_end(self, event: Event, metadata: dict[str, Any], elapsed_ms: float) -> None:
        metadata.setdefault("name", self._name)
        if self._status is not EventStatus.FAILED:
            event.tool_response = ToolResponse(
                tool_call_id=self._call_id or event.span_id,
                output=self._output,
                execution_time_ms=elapsed_ms,
                http_status=self._http_status,
            )

    def again(self) -> Self:
        """Make a span with the same settings, that has not begun."""
        settings = self._call_id, self._function_name, self._auth_required, self._extra, self._capture
        return type(self)(self._recording, self._name, self._arguments, *settings)

    def name_after(self, name: str) -> None:
        """Take the name of the decorated function, where the span has none."""
        self._name = self._name or name

    def take_arguments(self, arguments: dict[str, Any] | None) -> None:
        """Take the arguments of a call that is about to be made, None for none that are recorded."""
        if self._arguments is None:
            self._arguments = arguments

    def take_result(self, value: object) -> None:
        """Take the result of the call, unless the function has told one."""
        if self._output is None:
            self.result(value)


class McpSpan(Scope):
    """A call over MCP: ``MCP_CALL_START`` and ``MCP_CALL_END`` by ``SYSTEM``, with an ``mcp_call``."""

    _answer: dict[str, Any] | None = None

    START, END, AUTHOR = EventType.MCP_CALL_START, EventType.MCP_CALL_END, Author.SYSTEM

    def __init__(
        self,
        recording: Recording | None,
        server_name: str,
        operation: str,
        server_url: str = "",
        method: str = "",
        request: Metadata | None = None,
        protocol_version: str = "",
        metadata: Metadata | None = None,
        capture: Capture | None = None,
    ) -> None:
        self._server_name = server_name
        self._operation = operation
        self._server_url = server_url
        self._method = method
        self._request = request
        self._protocol_version = protocol_version
        super().__init__(recording, metadata, capture)

    def response(self, value: object) -> None:
        """Take what the server has answered, for the END.

        Args:
            value: A mapping as it is, anything else as ``{"output": value}``; the last one counts.
        """
        if self._stage == ENDED:
            self._tell_late("response")
        self._answer = mapping_of(value, "output")

    def _call(self) -> MCPCall:
        return MCPCall(
            server_name=self._server_name,
            server_url=self._server_url,
            operation=self._operation,
            method=self._method,
            protocol_version=self._protocol_version,
        )

    def _fill_start(self, event: Event) -> None:
        event.mcp_call = call = self._call()
        call.request = mapping_of(self._request, "input")

    def _fill_end(self, event: Event, metadata: dict[str, Any], elapsed_ms: float) -> None:
        if self._status is EventStatus.FAILED:
            # The content is the error, if there is one.
            metadata.setdefault("name", f"{self._server_name} {self._method or self._operation}")
            metadata.setdefault("server_name", self._server_name)
            metadata.setdefault("operation", self._operation)
        else:
            event.mcp_call = call = self._call()
            call.response = self._answer
            call.execution_time_ms = elapsed_ms

    def again(self) -> Self:
        """Make a span with the same settings, that has not begun."""
        settings = self._server_url, self._method, self._request, self._protocol_version, self._extra, self._capture
        return type(self)(self._recording, self._server_name, self._operation, *settings)

    def take_arguments(self, arguments: dict[str, Any] | None) -> None:
        """Take the arguments of a call that is about to be made: they are the request."""
        if self._request is None:
            self._request = arguments

    def take_result(self, value: object) -> None:
        """Take the result of the call, unless the function has told one."""
        if self._answer is None:
            self.response(value)
