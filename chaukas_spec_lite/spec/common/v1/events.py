# Generated from chaukas/spec/common/v1/events.proto by `python -m codegen`.
# Do not edit: change the proto file and run the command again.
# pyright: reportPrivateUsage=false, reportConstantRedefinition=false
"""What an AI agent did, one event at a time.

An `Event` names what happened (`type`), to whom it belongs (tenant, project, session), where it stands in
the trace (`trace_id`, `span_id`, `parent_span_id`), and carries the matching content, such as a model call
or a tool's answer.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any as _Any

from typing_extensions import Never

from chaukas_spec_lite.message.arguments import listed, member
from chaukas_spec_lite.message.message import Message, attach
from chaukas_spec_lite.spec.google.protobuf.any import Any
from chaukas_spec_lite.spec.google.protobuf.struct import Struct
from chaukas_spec_lite.spec.google.protobuf.timestamp import Timestamp
from chaukas_spec_lite.wire.enums import Enum
from chaukas_spec_lite.wire.fields import field

from . import _events_codec


class EventType(Enum):
    """What happened.

    Work that lasts is a pair of events, START and END, that share one `span_id`. The others stand for a moment
    and have a span of their own. Numbers leave room for more kinds within a group.
    """

    UNSPECIFIED = 0
    """No type was given."""
    SESSION_START = 1
    """A session, or one run of an agent within it, begins. It has no parent span; `metadata` may name the
    `framework`.
    """
    SESSION_END = 2
    """The session or run is over. `metadata` may hold `success` and `duration_ms`."""
    AGENT_START = 10
    """An agent starts to work. `metadata` may hold its `role`, `instructions`, `model` and `tools`."""
    AGENT_END = 11
    """The agent has finished; `status` says how. `metadata` may hold its `output`."""
    AGENT_HANDOFF = 12
    """One agent passes the work on to another. Content: `agent_handoff`."""
    MODEL_INVOCATION_START = 20
    """A language model is called. Content: `llm_invocation` with provider, model and `request`."""
    MODEL_INVOCATION_END = 21
    """The model has answered or failed. Content: `llm_invocation` with `response` and tokens, or `error`."""
    TOOL_CALL_START = 22
    """A tool is called. Content: `tool_call` with its name and arguments."""
    TOOL_CALL_END = 23
    """The tool has returned or failed. Content: `tool_response`, or `error`."""
    MCP_CALL_START = 24
    """A server is called over the Model Context Protocol (MCP). Content: `mcp_call` with its `request`."""
    MCP_CALL_END = 25
    """The MCP server has answered or failed. Content: `mcp_call` with its `response`, or `error`."""
    INPUT_RECEIVED = 30
    """Input from a user or a calling program came in. Content: `message` with the role `user`."""
    OUTPUT_EMITTED = 31
    """A result went out to the user or caller. Content: `message` with the role `assistant`."""
    ERROR = 40
    """Something went wrong. Content: `error`; severity `ERROR`, status `FAILED`."""
    RETRY = 41
    """A failed attempt will be repeated. The facts are in `retry`, outside the content oneof."""
    POLICY_DECISION = 60
    """A policy or guardrail was evaluated. Content: `policy`."""
    DATA_ACCESS = 61
    """Data was read, for instance retrieved for a prompt. Content: `data_access`."""
    STATE_UPDATE = 62
    """Configuration or state changed. Content: `state_update`."""
    SYSTEM = 63
    """Anything else worth recording about the system. The text is in `metadata`, under `message`."""

    # Aliases: the schema's own names.
    EVENT_TYPE_UNSPECIFIED = 0
    EVENT_TYPE_SESSION_START = 1
    EVENT_TYPE_SESSION_END = 2
    EVENT_TYPE_AGENT_START = 10
    EVENT_TYPE_AGENT_END = 11
    EVENT_TYPE_AGENT_HANDOFF = 12
    EVENT_TYPE_MODEL_INVOCATION_START = 20
    EVENT_TYPE_MODEL_INVOCATION_END = 21
    EVENT_TYPE_TOOL_CALL_START = 22
    EVENT_TYPE_TOOL_CALL_END = 23
    EVENT_TYPE_MCP_CALL_START = 24
    EVENT_TYPE_MCP_CALL_END = 25
    EVENT_TYPE_INPUT_RECEIVED = 30
    EVENT_TYPE_OUTPUT_EMITTED = 31
    EVENT_TYPE_ERROR = 40
    EVENT_TYPE_RETRY = 41
    EVENT_TYPE_POLICY_DECISION = 60
    EVENT_TYPE_DATA_ACCESS = 61
    EVENT_TYPE_STATE_UPDATE = 62
    EVENT_TYPE_SYSTEM = 63

    @classmethod
    def betterproto_value_to_renamed_proto_names(cls) -> dict[int, str]:
        """Map each number to the schema's name for it."""
        return {
            0: "EVENT_TYPE_UNSPECIFIED",
            1: "EVENT_TYPE_SESSION_START",
            2: "EVENT_TYPE_SESSION_END",
            10: "EVENT_TYPE_AGENT_START",
            11: "EVENT_TYPE_AGENT_END",
            12: "EVENT_TYPE_AGENT_HANDOFF",
            20: "EVENT_TYPE_MODEL_INVOCATION_START",
            21: "EVENT_TYPE_MODEL_INVOCATION_END",
            22: "EVENT_TYPE_TOOL_CALL_START",
            23: "EVENT_TYPE_TOOL_CALL_END",
            24: "EVENT_TYPE_MCP_CALL_START",
            25: "EVENT_TYPE_MCP_CALL_END",
            30: "EVENT_TYPE_INPUT_RECEIVED",
            31: "EVENT_TYPE_OUTPUT_EMITTED",
            40: "EVENT_TYPE_ERROR",
            41: "EVENT_TYPE_RETRY",
            60: "EVENT_TYPE_POLICY_DECISION",
            61: "EVENT_TYPE_DATA_ACCESS",
            62: "EVENT_TYPE_STATE_UPDATE",
            63: "EVENT_TYPE_SYSTEM",
        }


class EventStatus(Enum):
    """How far the work that an event reports on has come."""

    UNSPECIFIED = 0
    """No status was given."""
    STARTED = 1
    """Work has begun: what START events carry."""
    IN_PROGRESS = 2
    """Work goes on: what `RETRY` events carry."""
    COMPLETED = 3
    """Work ended well. Events that stand for a moment, such as `INPUT_RECEIVED`, carry it too."""
    FAILED = 4
    """Work ended with an error: what `ERROR` events carry, and END events whose content is `error`."""
    CANCELLED = 5
    """Work was called off before it ended."""

    # Aliases: the schema's own names.
    EVENT_STATUS_UNSPECIFIED = 0
    EVENT_STATUS_STARTED = 1
    EVENT_STATUS_IN_PROGRESS = 2
    EVENT_STATUS_COMPLETED = 3
    EVENT_STATUS_FAILED = 4
    EVENT_STATUS_CANCELLED = 5

    @classmethod
    def betterproto_value_to_renamed_proto_names(cls) -> dict[int, str]:
        """Map each number to the schema's name for it."""
        return {
            0: "EVENT_STATUS_UNSPECIFIED",
            1: "EVENT_STATUS_STARTED",
            2: "EVENT_STATUS_IN_PROGRESS",
            3: "EVENT_STATUS_COMPLETED",
            4: "EVENT_STATUS_FAILED",
            5: "EVENT_STATUS_CANCELLED",
        }


class Severity(Enum):
    """How much attention an event deserves.

    An END event that reports a failure often has the severity `INFO`: look at `status` to find failures.
    """

    UNSPECIFIED = 0
    """No severity was given."""
    DEBUG = 1
    """Detail for whoever looks for the cause of a problem."""
    INFO = 2
    """The normal course of things: what nearly every event carries."""
    WARN = 3
    """Something unexpected that the program copes with: what `RETRY` events carry."""
    ERROR = 4
    """A failure: what `ERROR` events carry."""

    # Aliases: the schema's own names.
    SEVERITY_UNSPECIFIED = 0
    SEVERITY_DEBUG = 1
    SEVERITY_INFO = 2
    SEVERITY_WARN = 3
    SEVERITY_ERROR = 4

    @classmethod
    def betterproto_value_to_renamed_proto_names(cls) -> dict[int, str]:
        """Map each number to the schema's name for it."""
        return {
            0: "SEVERITY_UNSPECIFIED",
            1: "SEVERITY_DEBUG",
            2: "SEVERITY_INFO",
            3: "SEVERITY_WARN",
            4: "SEVERITY_ERROR",
        }


class Author(Enum):
    """Who caused an event."""

    UNSPECIFIED = 0
    """No author was given."""
    USER = 1
    """The user: `INPUT_RECEIVED`."""
    AGENT = 2
    """An agent: its start and end, its hand-offs and its output."""
    TOOL = 3
    """A tool: `TOOL_CALL_START` and `TOOL_CALL_END`."""
    SYSTEM = 4
    """The program or framework around the agents: sessions, MCP calls, errors, retries, policies, state."""
    LLM = 5
    """A language model: `MODEL_INVOCATION_START` and `MODEL_INVOCATION_END`."""

    # Aliases: the schema's own names.
    AUTHOR_UNSPECIFIED = 0
    AUTHOR_USER = 1
    AUTHOR_AGENT = 2
    AUTHOR_TOOL = 3
    AUTHOR_SYSTEM = 4
    AUTHOR_LLM = 5

    @classmethod
    def betterproto_value_to_renamed_proto_names(cls) -> dict[int, str]:
        """Map each number to the schema's name for it."""
        return {
            0: "AUTHOR_UNSPECIFIED",
            1: "AUTHOR_USER",
            2: "AUTHOR_AGENT",
            3: "AUTHOR_TOOL",
            4: "AUTHOR_SYSTEM",
            5: "AUTHOR_LLM",
        }


EVENT_TYPE_UNSPECIFIED = EventType.UNSPECIFIED
EVENT_TYPE_SESSION_START = EventType.SESSION_START
EVENT_TYPE_SESSION_END = EventType.SESSION_END
EVENT_TYPE_AGENT_START = EventType.AGENT_START
EVENT_TYPE_AGENT_END = EventType.AGENT_END
EVENT_TYPE_AGENT_HANDOFF = EventType.AGENT_HANDOFF
EVENT_TYPE_MODEL_INVOCATION_START = EventType.MODEL_INVOCATION_START
EVENT_TYPE_MODEL_INVOCATION_END = EventType.MODEL_INVOCATION_END
EVENT_TYPE_TOOL_CALL_START = EventType.TOOL_CALL_START
EVENT_TYPE_TOOL_CALL_END = EventType.TOOL_CALL_END
EVENT_TYPE_MCP_CALL_START = EventType.MCP_CALL_START
EVENT_TYPE_MCP_CALL_END = EventType.MCP_CALL_END
EVENT_TYPE_INPUT_RECEIVED = EventType.INPUT_RECEIVED
EVENT_TYPE_OUTPUT_EMITTED = EventType.OUTPUT_EMITTED
EVENT_TYPE_ERROR = EventType.ERROR
EVENT_TYPE_RETRY = EventType.RETRY
EVENT_TYPE_POLICY_DECISION = EventType.POLICY_DECISION
EVENT_TYPE_DATA_ACCESS = EventType.DATA_ACCESS
EVENT_TYPE_STATE_UPDATE = EventType.STATE_UPDATE
EVENT_TYPE_SYSTEM = EventType.SYSTEM


EVENT_STATUS_UNSPECIFIED = EventStatus.UNSPECIFIED
EVENT_STATUS_STARTED = EventStatus.STARTED
EVENT_STATUS_IN_PROGRESS = EventStatus.IN_PROGRESS
EVENT_STATUS_COMPLETED = EventStatus.COMPLETED
EVENT_STATUS_FAILED = EventStatus.FAILED
EVENT_STATUS_CANCELLED = EventStatus.CANCELLED


SEVERITY_UNSPECIFIED = Severity.UNSPECIFIED
SEVERITY_DEBUG = Severity.DEBUG
SEVERITY_INFO = Severity.INFO
SEVERITY_WARN = Severity.WARN
SEVERITY_ERROR = Severity.ERROR


AUTHOR_UNSPECIFIED = Author.UNSPECIFIED
AUTHOR_USER = Author.USER
AUTHOR_AGENT = Author.AGENT
AUTHOR_TOOL = Author.TOOL
AUTHOR_SYSTEM = Author.SYSTEM
AUTHOR_LLM = Author.LLM


@dataclass(init=False, eq=False, repr=False, slots=True)
class MessageContent(Message):
    """A message that came in or went out."""

    role: str = field(1, "string")
    """Who speaks: `user`, `assistant` or `system`."""
    text: str = field(2, "string")
    """The message as text. Structured input arrives as text too, for instance as JSON."""
    metadata: dict[str, _Any] | None = field(3, "google.protobuf.Struct", of=lambda: Struct)
    """Anything else about the message, such as `{"method": "Runner.run", "agent": "triage-agent"}`."""

    _full_name = "chaukas.spec.common.v1.MessageContent"

    def __init__(
        self,
        role: str | None = "",
        text: str | None = "",
        metadata: dict[str, _Any] | None = None,
        **misspelt: Never,
    ) -> None:
        self.role = "" if role is None else role
        self.text = "" if text is None else text
        self.metadata = metadata
        self._unknown_fields = b""
        if misspelt:
            self._refuse(misspelt)


@dataclass(init=False, eq=False, repr=False, slots=True)
class ToolCall(Message):
    """A request to run a tool."""

    id: str = field(1, "string")
    """Identifies the call, so that `ToolResponse.tool_call_id` can name it: the model's own id, such as
    `call_2b3f`, or a UUID.
    """
    name: str = field(2, "string")
    """Name of the tool, such as `search_orders`."""
    arguments: dict[str, _Any] | None = field(3, "google.protobuf.Struct", of=lambda: Struct)
    """Arguments by name, such as `{"order_id": "58522", "include_items": true}`. Some producers cannot see them
    and leave the field unset.
    """
    auth_required: bool = field(4, "bool")
    """Whether the call needs an authorisation first."""
    function_name: str = field(5, "string")
    """The function within the tool, where a tool offers several."""

    _full_name = "chaukas.spec.common.v1.ToolCall"

    def __init__(
        self,
        id: str | None = "",
        name: str | None = "",
        arguments: dict[str, _Any] | None = None,
        auth_required: bool | None = False,
        function_name: str | None = "",
        **misspelt: Never,
    ) -> None:
        self.id = "" if id is None else id
        self.name = "" if name is None else name
        self.arguments = arguments
        self.auth_required = False if auth_required is None else auth_required
        self.function_name = "" if function_name is None else function_name
        self._unknown_fields = b""
        if misspelt:
            self._refuse(misspelt)


@dataclass(init=False, eq=False, repr=False, slots=True)
class ToolResponse(Message):
    """What a tool returned."""

    tool_call_id: str = field(1, "string")
    """The `ToolCall.id` that this answers. It can be empty: the shared `span_id` pairs the two events as well."""
    output: dict[str, _Any] | None = field(2, "google.protobuf.Struct", of=lambda: Struct)
    """The result. By convention it is wrapped as `{"output": ...}`, where the value may be text, number, list
    or object.
    """
    error_message: str = field(3, "string")
    """What went wrong, for producers that report it here. The official SDK puts `Event.error` in place of the
    response.
    """
    execution_time_ms: float = field(4, "double")
    """How long the tool ran, in milliseconds."""
    http_status: int = field(5, "int32")
    """HTTP status code, where the tool is an HTTP service; 0 if it is not."""

    _full_name = "chaukas.spec.common.v1.ToolResponse"

    def __init__(
        self,
        tool_call_id: str | None = "",
        output: dict[str, _Any] | None = None,
        error_message: str | None = "",
        execution_time_ms: float | None = 0.0,
        http_status: int | None = 0,
        **misspelt: Never,
    ) -> None:
        self.tool_call_id = "" if tool_call_id is None else tool_call_id
        self.output = output
        self.error_message = "" if error_message is None else error_message
        self.execution_time_ms = 0.0 if execution_time_ms is None else execution_time_ms
        self.http_status = 0 if http_status is None else http_status
        self._unknown_fields = b""
        if misspelt:
            self._refuse(misspelt)


@dataclass(init=False, eq=False, repr=False, slots=True)
class LLMInvocation(Message):
    """A call to a language model.

    The START event holds provider, model, parameters, `request` and `start_time`; the END event repeats
    provider and model and adds `response`, tokens, `finish_reason`, `end_time` and `duration_ms`.
    """

    provider: str = field(1, "string")
    """Who serves the model, such as `openai`, `anthropic`, `bedrock`, or `unknown`."""
    model: str = field(2, "string")
    """The model's name, such as `gpt-4o-mini`, or `unknown`."""
    request: dict[str, _Any] | None = field(3, "google.protobuf.Struct", of=lambda: Struct)
    """What was sent: `messages` (each with `role` and `content`), and `temperature`, `max_tokens`, `tools`
    where given.
    """
    response: dict[str, _Any] | None = field(4, "google.protobuf.Struct", of=lambda: Struct)
    """What came back: `content`, and `tool_calls` and `finish_reason` where given."""
    prompt_tokens: int = field(5, "int32")
    """Number of tokens in the prompt."""
    completion_tokens: int = field(6, "int32")
    """Number of tokens in the answer."""
    total_tokens: int = field(7, "int32")
    """Number of tokens in all. It can be set when the two parts are not."""
    temperature: float = field(8, "double")
    """Sampling temperature that was asked for, such as 0.2. An unset one reads as 0."""
    max_tokens: int = field(9, "int32")
    """Largest number of tokens that the answer may have, such as 4096."""
    top_p: float = field(10, "double")
    """Share of probability that sampling is limited to, from 0 to 1 (nucleus sampling)."""
    frequency_penalty: float = field(11, "double")
    """Penalty on tokens by how often they have occurred, as the provider defines it."""
    presence_penalty: float = field(12, "double")
    """Penalty on tokens that have occurred at all, as the provider defines it."""
    start_time: datetime | None = field(13, "google.protobuf.Timestamp", of=lambda: Timestamp)
    """When the call began: the `timestamp` of the START event, which carries it."""
    end_time: datetime | None = field(14, "google.protobuf.Timestamp", of=lambda: Timestamp)
    """When the call ended: the `timestamp` of the END event, which carries it."""
    duration_ms: float = field(15, "double")
    """How long the call took, in milliseconds."""
    finish_reason: str = field(16, "string")
    """Why the model stopped, such as `stop`, `length`, `tool_calls`, `content_filter`, or `end_turn`."""

    _full_name = "chaukas.spec.common.v1.LLMInvocation"

    def __init__(
        self,
        provider: str | None = "",
        model: str | None = "",
        request: dict[str, _Any] | None = None,
        response: dict[str, _Any] | None = None,
        prompt_tokens: int | None = 0,
        completion_tokens: int | None = 0,
        total_tokens: int | None = 0,
        temperature: float | None = 0.0,
        max_tokens: int | None = 0,
        top_p: float | None = 0.0,
        frequency_penalty: float | None = 0.0,
        presence_penalty: float | None = 0.0,
        start_time: datetime | None = None,
        end_time: datetime | None = None,
        duration_ms: float | None = 0.0,
        finish_reason: str | None = "",
        **misspelt: Never,
    ) -> None:
        self.provider = "" if provider is None else provider
        self.model = "" if model is None else model
        self.request = request
        self.response = response
        self.prompt_tokens = 0 if prompt_tokens is None else prompt_tokens
        self.completion_tokens = 0 if completion_tokens is None else completion_tokens
        self.total_tokens = 0 if total_tokens is None else total_tokens
        self.temperature = 0.0 if temperature is None else temperature
        self.max_tokens = 0 if max_tokens is None else max_tokens
        self.top_p = 0.0 if top_p is None else top_p
        self.frequency_penalty = 0.0 if frequency_penalty is None else frequency_penalty
        self.presence_penalty = 0.0 if presence_penalty is None else presence_penalty
        self.start_time = start_time
        self.end_time = end_time
        self.duration_ms = 0.0 if duration_ms is None else duration_ms
        self.finish_reason = "" if finish_reason is None else finish_reason
        self._unknown_fields = b""
        if misspelt:
            self._refuse(misspelt)


@dataclass(init=False, eq=False, repr=False, slots=True)
class PolicyDecision(Message):
    """The outcome of a policy or guardrail check."""

    policy_id: str = field(1, "string")
    """Which policy was applied, such as `pii-egress-v3`."""
    outcome: str = field(2, "string")
    """What it decided: `allow`, `deny`, `review`, or a word of the producer's own, such as `blocked`."""
    rule_ids: list[str] = field(3, "string", repeated=True)
    """The rules that led to it, such as `content_filter`."""
    rationale: str = field(4, "string")
    """Why, in words for people."""

    _full_name = "chaukas.spec.common.v1.PolicyDecision"

    def __init__(
        self,
        policy_id: str | None = "",
        outcome: str | None = "",
        rule_ids: Iterable[str] | None = None,
        rationale: str | None = "",
        **misspelt: Never,
    ) -> None:
        self.policy_id = "" if policy_id is None else policy_id
        self.outcome = "" if outcome is None else outcome
        self.rule_ids = (
            [] if rule_ids is None
            else rule_ids if isinstance(rule_ids, list)
            else listed(self, "rule_ids", rule_ids)
        )
        self.rationale = "" if rationale is None else rationale
        self._unknown_fields = b""
        if misspelt:
            self._refuse(misspelt)


@dataclass(init=False, eq=False, repr=False, slots=True)
class DataAccess(Message):
    """A reading of data, such as a retrieval for a prompt."""

    datasource: str = field(1, "string")
    """Where the data lies, such as `vector://products` or `pg://analytics/orders`, or the name of a retriever."""
    document_ids: list[str] = field(2, "string", repeated=True)
    """The documents that were read."""
    chunk_ids: list[str] = field(3, "string", repeated=True)
    """The parts of documents that were read, such as `doc-0#chunk-26`."""
    pii_categories: list[str] = field(4, "string", repeated=True)
    """Kinds of personal data in it, such as `EMAIL` or `IBAN`. Repeated in `Event.pii_categories`."""

    _full_name = "chaukas.spec.common.v1.DataAccess"

    def __init__(
        self,
        datasource: str | None = "",
        document_ids: Iterable[str] | None = None,
        chunk_ids: Iterable[str] | None = None,
        pii_categories: Iterable[str] | None = None,
        **misspelt: Never,
    ) -> None:
        self.datasource = "" if datasource is None else datasource
        self.document_ids = (
            [] if document_ids is None
            else document_ids if isinstance(document_ids, list)
            else listed(self, "document_ids", document_ids)
        )
        self.chunk_ids = (
            [] if chunk_ids is None
            else chunk_ids if isinstance(chunk_ids, list)
            else listed(self, "chunk_ids", chunk_ids)
        )
        self.pii_categories = (
            [] if pii_categories is None
            else pii_categories if isinstance(pii_categories, list)
            else listed(self, "pii_categories", pii_categories)
        )
        self._unknown_fields = b""
        if misspelt:
            self._refuse(misspelt)


@dataclass(init=False, eq=False, repr=False, slots=True)
class RedactionInfo(Message):
    """What was removed or disguised before the event was sent."""

    fields: list[str] = field(1, "string", repeated=True)
    """Paths of the fields concerned, such as `messages[0].content`."""
    method: str = field(2, "string")
    """What was done to them: `mask`, `hash` or `drop`."""
    salt_id: str = field(3, "string")
    """Names the salt of a hash, so that equal values can be recognised by whoever holds it."""

    _full_name = "chaukas.spec.common.v1.RedactionInfo"

    def __init__(
        self,
        fields: Iterable[str] | None = None,
        method: str | None = "",
        salt_id: str | None = "",
        **misspelt: Never,
    ) -> None:
        self.fields = [] if fields is None else fields if isinstance(fields, list) else listed(self, "fields", fields)
        self.method = "" if method is None else method
        self.salt_id = "" if salt_id is None else salt_id
        self._unknown_fields = b""
        if misspelt:
            self._refuse(misspelt)


@dataclass(init=False, eq=False, repr=False, slots=True)
class RetryInfo(Message):
    """A repeated attempt."""

    attempt: int = field(1, "int32")
    """Number of the attempt, counted from 1."""
    strategy: str = field(2, "string")
    """How the wait is chosen, such as `exponential`, `linear` or `immediate`."""
    backoff_ms: int = field(3, "int32")
    """How long to wait before the attempt, in milliseconds."""

    _full_name = "chaukas.spec.common.v1.RetryInfo"

    def __init__(
        self,
        attempt: int | None = 0,
        strategy: str | None = "",
        backoff_ms: int | None = 0,
        **misspelt: Never,
    ) -> None:
        self.attempt = 0 if attempt is None else attempt
        self.strategy = "" if strategy is None else strategy
        self.backoff_ms = 0 if backoff_ms is None else backoff_ms
        self._unknown_fields = b""
        if misspelt:
            self._refuse(misspelt)


@dataclass(init=False, eq=False, repr=False, slots=True)
class PerformanceMetrics(Message):
    """Measurements of the work that an event reports on."""

    cpu_percent: float = field(1, "double")
    """Use of the processor, in percent."""
    memory_mb: float = field(2, "double")
    """Memory in use, in megabytes."""
    duration_ms: float = field(3, "double")
    """How long the work took, in milliseconds."""
    throughput: float = field(4, "double")
    """Amount of work per time. The schema fixes no unit: agree on one, such as tokens per second."""
    latency_ms: float = field(5, "double")
    """Latency, in milliseconds, as the producer measures it."""

    _full_name = "chaukas.spec.common.v1.PerformanceMetrics"

    def __init__(
        self,
        cpu_percent: float | None = 0.0,
        memory_mb: float | None = 0.0,
        duration_ms: float | None = 0.0,
        throughput: float | None = 0.0,
        latency_ms: float | None = 0.0,
        **misspelt: Never,
    ) -> None:
        self.cpu_percent = 0.0 if cpu_percent is None else cpu_percent
        self.memory_mb = 0.0 if memory_mb is None else memory_mb
        self.duration_ms = 0.0 if duration_ms is None else duration_ms
        self.throughput = 0.0 if throughput is None else throughput
        self.latency_ms = 0.0 if latency_ms is None else latency_ms
        self._unknown_fields = b""
        if misspelt:
            self._refuse(misspelt)


@dataclass(init=False, eq=False, repr=False, slots=True)
class InfrastructureMetrics(Message):
    """The machine or container that the work ran on."""

    resource_type: str = field(1, "string")
    """What it is: `container`, `pod` or `host`."""
    metrics: dict[str, _Any] | None = field(2, "google.protobuf.Struct", of=lambda: Struct)
    """Measured values by name, such as `{"open_files": 12}`."""
    host: str = field(3, "string")
    """Name of the host."""
    process_id: int = field(4, "int32")
    """Number that the operating system gave the process, such as 4711."""
    thread_id: str = field(5, "string")
    """Identifies the thread within the process."""

    _full_name = "chaukas.spec.common.v1.InfrastructureMetrics"

    def __init__(
        self,
        resource_type: str | None = "",
        metrics: dict[str, _Any] | None = None,
        host: str | None = "",
        process_id: int | None = 0,
        thread_id: str | None = "",
        **misspelt: Never,
    ) -> None:
        self.resource_type = "" if resource_type is None else resource_type
        self.metrics = metrics
        self.host = "" if host is None else host
        self.process_id = 0 if process_id is None else process_id
        self.thread_id = "" if thread_id is None else thread_id
        self._unknown_fields = b""
        if misspelt:
            self._refuse(misspelt)


@dataclass(init=False, eq=False, repr=False, slots=True)
class CostDetails(Message):
    """What the work cost.

    All amounts are in `currency`.
    """

    provider: str = field(1, "string")
    """Who charges for it, such as `openai`."""
    service: str = field(2, "string")
    """The service charged for, such as `chat.completions`."""
    input_tokens: int = field(3, "int32")
    """Number of tokens sent."""
    output_tokens: int = field(4, "int32")
    """Number of tokens received."""
    total_tokens: int = field(5, "int32")
    """Number of tokens in all."""
    input_cost: float = field(6, "double")
    """Price of the tokens sent, such as 0.01105."""
    output_cost: float = field(7, "double")
    """Price of the tokens received."""
    total_cost: float = field(8, "double")
    """Price in all."""
    currency: str = field(9, "string")
    """Currency of every amount here, such as `USD`."""
    input_rate_per_token: float = field(10, "double")
    """Price of one token sent."""
    output_rate_per_token: float = field(11, "double")
    """Price of one token received."""

    _full_name = "chaukas.spec.common.v1.CostDetails"

    def __init__(
        self,
        provider: str | None = "",
        service: str | None = "",
        input_tokens: int | None = 0,
        output_tokens: int | None = 0,
        total_tokens: int | None = 0,
        input_cost: float | None = 0.0,
        output_cost: float | None = 0.0,
        total_cost: float | None = 0.0,
        currency: str | None = "",
        input_rate_per_token: float | None = 0.0,
        output_rate_per_token: float | None = 0.0,
        **misspelt: Never,
    ) -> None:
        self.provider = "" if provider is None else provider
        self.service = "" if service is None else service
        self.input_tokens = 0 if input_tokens is None else input_tokens
        self.output_tokens = 0 if output_tokens is None else output_tokens
        self.total_tokens = 0 if total_tokens is None else total_tokens
        self.input_cost = 0.0 if input_cost is None else input_cost
        self.output_cost = 0.0 if output_cost is None else output_cost
        self.total_cost = 0.0 if total_cost is None else total_cost
        self.currency = "" if currency is None else currency
        self.input_rate_per_token = 0.0 if input_rate_per_token is None else input_rate_per_token
        self.output_rate_per_token = 0.0 if output_rate_per_token is None else output_rate_per_token
        self._unknown_fields = b""
        if misspelt:
            self._refuse(misspelt)


@dataclass(init=False, eq=False, repr=False, slots=True)
class AgentHandoff(Message):
    """The passing of work from one agent to another."""

    from_agent_id: str = field(1, "string")
    """Id of the agent that gives the work away. The event's `agent_id` is the same."""
    from_agent_name: str = field(2, "string")
    """Name of the agent that gives the work away."""
    to_agent_id: str = field(3, "string")
    """Id of the agent that takes it over."""
    to_agent_name: str = field(4, "string")
    """Name of the agent that takes it over."""
    handoff_data: dict[str, _Any] | None = field(5, "google.protobuf.Struct", of=lambda: Struct)
    """What is passed along, such as `{"task": "refund order 48213"}`."""
    reason: str = field(6, "string")
    """Why, in words for people, such as `Agent transfer`."""
    handoff_type: str = field(7, "string")
    """The pattern followed, such as `direct`, `sequential`, `parallel` or `conditional`."""

    _full_name = "chaukas.spec.common.v1.AgentHandoff"

    def __init__(
        self,
        from_agent_id: str | None = "",
        from_agent_name: str | None = "",
        to_agent_id: str | None = "",
        to_agent_name: str | None = "",
        handoff_data: dict[str, _Any] | None = None,
        reason: str | None = "",
        handoff_type: str | None = "",
        **misspelt: Never,
    ) -> None:
        self.from_agent_id = "" if from_agent_id is None else from_agent_id
        self.from_agent_name = "" if from_agent_name is None else from_agent_name
        self.to_agent_id = "" if to_agent_id is None else to_agent_id
        self.to_agent_name = "" if to_agent_name is None else to_agent_name
        self.handoff_data = handoff_data
        self.reason = "" if reason is None else reason
        self.handoff_type = "" if handoff_type is None else handoff_type
        self._unknown_fields = b""
        if misspelt:
            self._refuse(misspelt)


@dataclass(init=False, eq=False, repr=False, slots=True)
class MCPCall(Message):
    """A call over the Model Context Protocol (MCP).

    Server, operation and method stand in both events of the pair; the START event adds `request`, the END
    event `response`.
    """

    server_name: str = field(1, "string")
    """Name of the server, such as `filesystem`."""
    server_url: str = field(2, "string")
    """Address of the server, such as `http://localhost:8000/mcp` or `stdio://npx server-filesystem`."""
    operation: str = field(3, "string")
    """What is asked of the server, such as `tools/list`, `tools/call` or `call_tool`."""
    method: str = field(4, "string")
    """Method of the transport, such as `POST`. Producers that do not see the transport repeat `operation`."""
    request: dict[str, _Any] | None = field(5, "google.protobuf.Struct", of=lambda: Struct)
    """What was sent, such as `{"tool_name": "lookup", "arguments": {"id": 7}}`."""
    response: dict[str, _Any] | None = field(6, "google.protobuf.Struct", of=lambda: Struct)
    """What came back: the answer itself or a summary, such as `{"tool_name": "lookup", "content_count": 1}`."""
    protocol_version: str = field(7, "string")
    """Version of the protocol, such as `2025-06-18`."""
    execution_time_ms: float = field(8, "double")
    """How long the call took, in milliseconds."""

    _full_name = "chaukas.spec.common.v1.MCPCall"

    def __init__(
        self,
        server_name: str | None = "",
        server_url: str | None = "",
        operation: str | None = "",
        method: str | None = "",
        request: dict[str, _Any] | None = None,
        response: dict[str, _Any] | None = None,
        protocol_version: str | None = "",
        execution_time_ms: float | None = 0.0,
        **misspelt: Never,
    ) -> None:
        self.server_name = "" if server_name is None else server_name
        self.server_url = "" if server_url is None else server_url
        self.operation = "" if operation is None else operation
        self.method = "" if method is None else method
        self.request = request
        self.response = response
        self.protocol_version = "" if protocol_version is None else protocol_version
        self.execution_time_ms = 0.0 if execution_time_ms is None else execution_time_ms
        self._unknown_fields = b""
        if misspelt:
            self._refuse(misspelt)


@dataclass(init=False, eq=False, repr=False, slots=True)
class ErrorInfo(Message):
    """Something that went wrong."""

    error_message: str = field(1, "string")
    """What happened, in words for people."""
    error_code: str = field(2, "string")
    """A word for the kind of error: an exception's class, such as `ValueError`, or a code, such as
    `TASK_FAILED`.
    """
    stack_trace: str = field(3, "string")
    """The stack trace as text, lines separated by newlines."""
    recoverable: bool = field(4, "bool")
    """Whether the program can go on."""
    recovery_action: str = field(5, "string")
    """What to do about it, such as `retry with exponential backoff`."""

    _full_name = "chaukas.spec.common.v1.ErrorInfo"

    def __init__(
        self,
        error_message: str | None = "",
        error_code: str | None = "",
        stack_trace: str | None = "",
        recoverable: bool | None = False,
        recovery_action: str | None = "",
        **misspelt: Never,
    ) -> None:
        self.error_message = "" if error_message is None else error_message
        self.error_code = "" if error_code is None else error_code
        self.stack_trace = "" if stack_trace is None else stack_trace
        self.recoverable = False if recoverable is None else recoverable
        self.recovery_action = "" if recovery_action is None else recovery_action
        self._unknown_fields = b""
        if misspelt:
            self._refuse(misspelt)


@dataclass(init=False, eq=False, repr=False, slots=True)
class Event(Message):
    """One thing that happened while agents worked.

    A session contains traces, a trace contains spans, and a span is known from its events. The two events of a
    pair, such as `TOOL_CALL_START` and `TOOL_CALL_END`, share a `span_id`; the time between their timestamps
    is the span's duration. Any id may be any text; the official SDK makes UUIDs of version 7, which sort by
    time.

    At most one of `message`, `tool_call`, `tool_response`, `llm_invocation`, `policy`, `data_access`,
    `state_update`, `error`, `agent_handoff`, `mcp_call` (`content`). What the event is about: at most one of these
    is set. Which one follows from `type`; session, agent, retry and system events have none. An END event that
    reports a failure has `error` in place of its usual content.
    """

    event_id: str = field(1, "string")
    """Identifies this event; an event that is sent twice keeps it. Such as
    `01a20311-9e4b-7814-927d-4da6e67aa5b1`.
    """
    tenant_id: str = field(2, "string")
    """The customer or organisation that the event belongs to, such as `acme`."""
    project_id: str = field(3, "string")
    """The project within the tenant, such as `support-bot`."""
    session_id: str = field(4, "string")
    """The session: all that belongs to one conversation or job. It can hold several traces and several runs."""
    span_id: str = field(5, "string")
    """The piece of work. A START and its END share it; every other event has its own. So has an END whose
    producer lost track of its START.
    """
    parent_span_id: str = field(6, "string")
    """The span that this one is part of; empty at the root. It may name a span that has no event of its own."""
    type: EventType = field(7, "enum", of=lambda: EventType)
    """What happened."""
    severity: Severity = field(8, "enum", of=lambda: Severity)
    """How much attention it deserves."""
    status: EventStatus = field(9, "enum", of=lambda: EventStatus)
    """How far the work has come."""
    author: Author = field(10, "enum", of=lambda: Author)
    """Who caused it."""
    timestamp: datetime | None = field(11, "google.protobuf.Timestamp", of=lambda: Timestamp)
    """When it happened. Events can arrive in another order."""
    agent_id: str = field(12, "string")
    """The agent at work. For some frameworks it is the same text as `agent_name`."""
    agent_name: str = field(13, "string")
    """The agent's name for people, such as `triage-agent`."""
    invocation_id: str = field(14, "string")
    """Identifies one invocation of an agent or model in the producer's own terms, where it has such an id."""
    response_id: str = field(15, "string")
    """Identifies the answer in the provider's terms, where it gives such an id."""
    is_partial: bool = field(16, "bool")
    """Whether the content is a part of what is still to come, as in streaming."""
    is_final: bool = field(17, "bool")
    """Whether the content is the last part."""
    hash_prev: str = field(18, "string")
    """Hash of the event before this one, in hexadecimal, which chains events so that a gap shows. The official
    SDK sets neither this nor the next two fields.
    """
    content_hash: str = field(19, "string")
    """Hash of this event's content, in hexadecimal, against which it can be checked."""
    worm_proof_id: str = field(20, "string")
    """Names a proof that the event was stored unalterably (write once, read many)."""
    branch: str = field(21, "string")
    """Label from the producer's configuration, such as `main`."""
    tags: list[str] = field(22, "string", repeated=True)
    """Words to find the event by, such as `env:prod`."""
    trace_id: str = field(23, "string")
    """The trace: one execution from end to end, across agents and systems."""
    message: MessageContent | None = field(30, "message", of=lambda: MessageContent, group="content")
    """Of `INPUT_RECEIVED` and `OUTPUT_EMITTED`: the message."""
    tool_call: ToolCall | None = field(31, "message", of=lambda: ToolCall, group="content")
    """Of `TOOL_CALL_START`: the tool and its arguments."""
    tool_response: ToolResponse | None = field(32, "message", of=lambda: ToolResponse, group="content")
    """Of `TOOL_CALL_END`: what the tool returned."""
    llm_invocation: LLMInvocation | None = field(33, "message", of=lambda: LLMInvocation, group="content")
    """Of `MODEL_INVOCATION_START` and `MODEL_INVOCATION_END`: the call or its answer."""
    policy: PolicyDecision | None = field(34, "message", of=lambda: PolicyDecision, group="content")
    """Of `POLICY_DECISION`: the decision."""
    data_access: DataAccess | None = field(35, "message", of=lambda: DataAccess, group="content")
    """Of `DATA_ACCESS`: what was read."""
    state_update: dict[str, _Any] | None = field(36, "google.protobuf.Struct", of=lambda: Struct, group="content")
    """Of `STATE_UPDATE`: what changed, such as `{"model": {"old": null, "new": "gpt-4o"}}`."""
    error: ErrorInfo | None = field(37, "message", of=lambda: ErrorInfo, group="content")
    """Of `ERROR`, and of an END event with the status `FAILED`: what went wrong."""
    agent_handoff: AgentHandoff | None = field(38, "message", of=lambda: AgentHandoff, group="content")
    """Of `AGENT_HANDOFF`: from whom to whom."""
    mcp_call: MCPCall | None = field(39, "message", of=lambda: MCPCall, group="content")
    """Of `MCP_CALL_START` and `MCP_CALL_END`: the call or its answer."""
    retry: RetryInfo | None = field(60, "message", of=lambda: RetryInfo)
    """The attempt that follows, of `RETRY`. The reason may be in `metadata`, under `retry_reason`."""
    redaction: RedactionInfo | None = field(61, "message", of=lambda: RedactionInfo)
    """What was removed or disguised before sending."""
    pii_categories: list[str] = field(62, "string", repeated=True)
    """Kinds of personal data in the event, such as `EMAIL` or `IBAN`."""
    performance: PerformanceMetrics | None = field(70, "message", of=lambda: PerformanceMetrics)
    """Measurements of the work."""
    infrastructure: InfrastructureMetrics | None = field(71, "message", of=lambda: InfrastructureMetrics)
    """The machine it ran on."""
    cost: CostDetails | None = field(72, "message", of=lambda: CostDetails)
    """What it cost."""
    metadata: dict[str, _Any] | None = field(90, "google.protobuf.Struct", of=lambda: Struct)
    """Anything else, such as `{"framework": "openai_agents"}`."""
    extensions: list[Any] = field(99, "message", of=lambda: Any, repeated=True)
    """Messages of other schemas, for what this one does not foresee."""

    _full_name = "chaukas.spec.common.v1.Event"

    def __init__(
        self,
        event_id: str | None = "",
        tenant_id: str | None = "",
        project_id: str | None = "",
        session_id: str | None = "",
        span_id: str | None = "",
        parent_span_id: str | None = "",
        type: EventType | None = EventType.UNSPECIFIED,
        severity: Severity | None = Severity.UNSPECIFIED,
        status: EventStatus | None = EventStatus.UNSPECIFIED,
        author: Author | None = Author.UNSPECIFIED,
        timestamp: datetime | None = None,
        agent_id: str | None = "",
        agent_name: str | None = "",
        invocation_id: str | None = "",
        response_id: str | None = "",
        is_partial: bool | None = False,
        is_final: bool | None = False,
        hash_prev: str | None = "",
        content_hash: str | None = "",
        worm_proof_id: str | None = "",
        branch: str | None = "",
        tags: Iterable[str] | None = None,
        trace_id: str | None = "",
        message: MessageContent | None = None,
        tool_call: ToolCall | None = None,
        tool_response: ToolResponse | None = None,
        llm_invocation: LLMInvocation | None = None,
        policy: PolicyDecision | None = None,
        data_access: DataAccess | None = None,
        state_update: dict[str, _Any] | None = None,
        error: ErrorInfo | None = None,
        agent_handoff: AgentHandoff | None = None,
        mcp_call: MCPCall | None = None,
        retry: RetryInfo | None = None,
        redaction: RedactionInfo | None = None,
        pii_categories: Iterable[str] | None = None,
        performance: PerformanceMetrics | None = None,
        infrastructure: InfrastructureMetrics | None = None,
        cost: CostDetails | None = None,
        metadata: dict[str, _Any] | None = None,
        extensions: Iterable[Any] | None = None,
        **misspelt: Never,
    ) -> None:
        self.event_id = "" if event_id is None else event_id
        self.tenant_id = "" if tenant_id is None else tenant_id
        self.project_id = "" if project_id is None else project_id
        self.session_id = "" if session_id is None else session_id
        self.span_id = "" if span_id is None else span_id
        self.parent_span_id = "" if parent_span_id is None else parent_span_id
        self.type = EventType.UNSPECIFIED if type is None else type
        if type.__class__ is not EventType and type is not None:
            self.type = member(self, "type", type, EventType)
        self.severity = Severity.UNSPECIFIED if severity is None else severity
        if severity.__class__ is not Severity and severity is not None:
            self.severity = member(self, "severity", severity, Severity)
        self.status = EventStatus.UNSPECIFIED if status is None else status
        if status.__class__ is not EventStatus and status is not None:
            self.status = member(self, "status", status, EventStatus)
        self.author = Author.UNSPECIFIED if author is None else author
        if author.__class__ is not Author and author is not None:
            self.author = member(self, "author", author, Author)
        self.timestamp = timestamp
        self.agent_id = "" if agent_id is None else agent_id
        self.agent_name = "" if agent_name is None else agent_name
        self.invocation_id = "" if invocation_id is None else invocation_id
        self.response_id = "" if response_id is None else response_id
        self.is_partial = False if is_partial is None else is_partial
        self.is_final = False if is_final is None else is_final
        self.hash_prev = "" if hash_prev is None else hash_prev
        self.content_hash = "" if content_hash is None else content_hash
        self.worm_proof_id = "" if worm_proof_id is None else worm_proof_id
        self.branch = "" if branch is None else branch
        self.tags = [] if tags is None else tags if isinstance(tags, list) else listed(self, "tags", tags)
        self.trace_id = "" if trace_id is None else trace_id
        self.message = message
        self.tool_call = tool_call
        self.tool_response = tool_response
        self.llm_invocation = llm_invocation
        self.policy = policy
        self.data_access = data_access
        self.state_update = state_update
        self.error = error
        self.agent_handoff = agent_handoff
        self.mcp_call = mcp_call
        self.retry = retry
        self.redaction = redaction
        self.pii_categories = (
            [] if pii_categories is None
            else pii_categories if isinstance(pii_categories, list)
            else listed(self, "pii_categories", pii_categories)
        )
        self.performance = performance
        self.infrastructure = infrastructure
        self.cost = cost
        self.metadata = metadata
        self.extensions = (
            [] if extensions is None
            else extensions if isinstance(extensions, list)
            else listed(self, "extensions", extensions)
        )
        self._unknown_fields = b""
        if misspelt:
            self._refuse(misspelt)
        set_content = message is not None
        if tool_call is not None:
            if set_content:
                self._refuse_two("content")
            set_content = True
        if tool_response is not None:
            if set_content:
                self._refuse_two("content")
            set_content = True
        if llm_invocation is not None:
            if set_content:
                self._refuse_two("content")
            set_content = True
        if policy is not None:
            if set_content:
                self._refuse_two("content")
            set_content = True
        if data_access is not None:
            if set_content:
                self._refuse_two("content")
            set_content = True
        if state_update is not None:
            if set_content:
                self._refuse_two("content")
            set_content = True
        if error is not None:
            if set_content:
                self._refuse_two("content")
            set_content = True
        if agent_handoff is not None:
            if set_content:
                self._refuse_two("content")
            set_content = True
        if mcp_call is not None:
            if set_content:
                self._refuse_two("content")


@dataclass(init=False, eq=False, repr=False, slots=True)
class EventBatch(Message):
    """Events that are sent together.

    Their order need not be the order in which they happened.
    """

    batch_id: str = field(1, "string")
    """Identifies the batch; the official SDK makes a UUID of version 7."""
    timestamp: datetime | None = field(2, "google.protobuf.Timestamp", of=lambda: Timestamp)
    """When the batch was put together."""
    events: list[Event] = field(3, "message", of=lambda: Event, repeated=True)
    """The events. The official SDK sends up to 20 at a time unless told otherwise."""
    metadata: dict[str, _Any] | None = field(4, "google.protobuf.Struct", of=lambda: Struct)
    """Anything else about the batch."""
    total_cost: float = field(10, "double")
    """Sum of what the events cost. Optional; the batch names no currency."""
    total_tokens: int = field(11, "int32")
    """Sum of the events' tokens. Optional."""
    total_duration_ms: float = field(12, "double")
    """Sum of the events' durations, in milliseconds. Optional."""

    _full_name = "chaukas.spec.common.v1.EventBatch"

    def __init__(
        self,
        batch_id: str | None = "",
        timestamp: datetime | None = None,
        events: Iterable[Event] | None = None,
        metadata: dict[str, _Any] | None = None,
        total_cost: float | None = 0.0,
        total_tokens: int | None = 0,
        total_duration_ms: float | None = 0.0,
        **misspelt: Never,
    ) -> None:
        self.batch_id = "" if batch_id is None else batch_id
        self.timestamp = timestamp
        self.events = [] if events is None else events if isinstance(events, list) else listed(self, "events", events)
        self.metadata = metadata
        self.total_cost = 0.0 if total_cost is None else total_cost
        self.total_tokens = 0 if total_tokens is None else total_tokens
        self.total_duration_ms = 0.0 if total_duration_ms is None else total_duration_ms
        self._unknown_fields = b""
        if misspelt:
            self._refuse(misspelt)


# The module of codecs needs these classes, but cannot import them: this module imports it.
attach(
    _events_codec,
    MessageContent,
    ToolCall,
    ToolResponse,
    LLMInvocation,
    PolicyDecision,
    DataAccess,
    RedactionInfo,
    RetryInfo,
    PerformanceMetrics,
    InfrastructureMetrics,
    CostDetails,
    AgentHandoff,
    MCPCall,
    ErrorInfo,
    Event,
    EventBatch,
    EventType,
    EventStatus,
    Severity,
    Author,
    Any=Any,
)
