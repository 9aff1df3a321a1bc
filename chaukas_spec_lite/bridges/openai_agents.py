"""Records what OpenAI Agents does: a tracing processor, which the framework tells of each step, and hooks of a run.

    add_trace_processor(tracing := ChaukasTracing(recorder))
    await Runner.run(agent, "Where is my order?", hooks=tracing.hooks)

The processor alone records everything, but some of it late: the framework tells it what a model was asked when the answer
is there. With the hooks, each START has what is known at that time. Nothing of the framework is replaced.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from chaukas_spec_lite.bridges.openai_nodes import Node
from chaukas_spec_lite.bridges.openai_reading import (
    SETTINGS,
    answer_of,
    arguments_of,
    asked,
    get,
    messages_of,
    provider_and_model,
    text,
    tokens_of,
)
from chaukas_spec_lite.bridges.runs import MOST_OPEN, OpenRuns, Recorded, leaving
from chaukas_spec_lite.trace.safety import never_raising, told

try:
    from agents import RunHooks
    from agents.tracing import TracingProcessor, get_current_span
except ImportError as error:
    raise ImportError(
        "this bridge needs OpenAI Agents: pip install 'chaukas-spec-lite[openai-agents]'", name=error.name
    ) from error

if TYPE_CHECKING:
    from agents.tracing import Span as TracedSpan
    from agents.tracing import SpanError, Trace

    from chaukas_spec_lite import Recorder
    from chaukas_spec_lite.trace.spans import Span

FRAMEWORK = "openai_agents"

_DEFAULT_WORKFLOW = "Agent workflow"


class ChaukasTracing(TracingProcessor):
    """Records traces and spans of OpenAI Agents with a recorder.

    A trace becomes a session, unless a session of the recorder is open where it begins: then it is part of that. Several
    processors may be registered, and runs may go on at once, in tasks and threads. No method raises.

    Args:
        recorder: Where to record.
        most_open: How many traces and spans that have not ended are remembered. With one more, the oldest is ended as
            ``CANCELLED``, with ``left_open`` in its metadata.
    """

    def __init__(self, recorder: Recorder, *, most_open: int = MOST_OPEN) -> None:
        self._recorder = recorder
        self._nodes: OpenRuns[Node] = OpenRuns(most_open)
        self._hooks: RunHooks[Any] | None = None

    @property
    def hooks(self) -> RunHooks[Any]:
        """Hooks for ``Runner.run(..., hooks=...)``, which tell the recorder more, and earlier. One object serves all runs."""
        if self._hooks is None:
            self._hooks = _Hooks(self)
        return self._hooks

    # What the framework calls

    @never_raising
    def on_trace_start(self, trace: Trace) -> None:
        """Begin a session, or go on in the one that is open."""
        node = Node("trace", None)
        node.outer = self._recorder.current
        node.about = {"framework": FRAMEWORK}
        if trace.name != _DEFAULT_WORKFLOW:
            node.about["workflow"] = trace.name
        for name in ("group_id", "metadata"):
            if value := getattr(trace, name, None):
                node.about[name] = value
        if node.outer is None:
            node.opening = lambda: self._recorder.session(metadata=node.about)
        self._nodes.put(trace.trace_id, node)
        self._open_unless_hooks_come(node)

    @never_raising
    def on_trace_end(self, trace: Trace) -> None:
        """End the session."""
        if (node := self._nodes.take(trace.trace_id)) is not None:
            self._end(node, leaving(node.before))

    @never_raising
    def on_span_start(self, span: TracedSpan[Any]) -> None:
        """Begin a span of ours for one of the framework's."""
        data = span.span_data
        parent = self._nodes.get(span.parent_id) or self._nodes.get(span.trace_id)
        node = Node(data.type, parent)
        self._nodes.put(span.span_id, node)
        if data.type == "agent":
            node.name = data.name
            node.about = {"framework": FRAMEWORK, "role": "assistant"}
            node.opening = lambda: self._recorder.agent(node.name, agent_id=node.name, metadata=node.about)
            self._open_unless_hooks_come(node)
        elif data.type in ("response", "generation", "transcription", "speech"):
            self._start_model(node, data)
        elif data.type == "function":
            self._start_tool(node, data)
        elif data.type == "mcp_tools":
            listing = self._recorder.mcp(data.server or "", "list_tools", method="list_tools", request={})
            node.recorded = self._begin(listing, node)

    @never_raising
    def on_span_end(self, span: TracedSpan[Any]) -> None:
        """End the span of ours."""
        node = self._nodes.take(span.span_id)
        if node is None:
            return
        error, data = leaving(node.before), span.span_data
        read = getattr(self, f"_end_{node.kind}", None)
        if read is not None:
            read(node, data, error, span.error)
        self._end(node, error)

    def shutdown(self) -> None:
        """End what is still open, and send what is recorded."""
        self._nodes.give_up_all("the program ended")
        self.force_flush()

    @never_raising
    def force_flush(self) -> None:
        """Send what is recorded."""
        self._recorder.flush()

    # Beginning

    def _open_unless_hooks_come(self, node: Node) -> None:
        """The START of an agent waits for what the hooks tell of it, or for the first thing that happens within."""
        if self._hooks is None:
            self._open(node)

    def _open(self, node: Node) -> None:
        opening, node.opening = node.opening, None
        if opening is not None:
            if node.kind == "agent" and (trace := node.top()).opening is not None:
                trace.about.setdefault("agent_name", node.name)
            node.recorded = self._begin(opening(), node)
            waiting, node.waiting = node.waiting, []
            for point in waiting:
                point(node.recorded.span)

    def _begin(self, span: Span, node: Node, *, current: bool = True) -> Recorded:
        parent = node.parent
        return Recorded(self._recorder, span, self._around(parent) if parent else node.outer, current=current)

    def _around(self, node: Node) -> Span | None:
        """The span of ours that is nearest to a run of the framework, itself included."""
        for each in node.upwards():
            self._open(each)
            if each.recorded is not None:
                return each.recorded.span
        return node.top().outer

    def _point(self, node: Node, point: Callable[[Any], None]) -> None:
        """Record a moment; if the agent's START still waits for the hooks, after it."""
        for each in node.upwards():
            if each.opening is not None:
                each.waiting.append(point)
                return
            if each.recorded is not None:
                break
        around = self._around(node)
        point(self._recorder if around is None else around)

    def _start_model(self, node: Node, data: Any) -> None:
        agent, turn = node.agent(), node.parent or node
        if agent is not None and agent.model is not None:
            # The hooks have begun it, and know more.
            node.recorded, agent.model = agent.model, None
            return
        if turn.failures:
            around = self._around(turn) or self._recorder
            around.retry(len(turn.failures), strategy="", reason=turn.failures[-1])
        settings = get(data, "model_config") or {}
        known = {name: settings[name] for name in SETTINGS if settings.get(name) is not None}
        if agent is not None and agent.call is not None:
            known = agent.call
        else:
            known["provider"], known["model"] = provider_and_model(get(data, "model"))
            if node.kind == "speech":
                known["request"] = {"input": data.input}
        node.recorded = self._begin(self._recorder.model(**known), node, current=False)

    def _start_tool(self, node: Node, data: Any) -> None:
        call = node.parent.take_call(data.name) if node.parent else None
        arguments = arguments_of(call["arguments"]) if call else {}
        tool = self._recorder.tool(data.name, arguments=arguments, call_id=call["id"] if call else "")
        node.recorded = self._begin(tool, node)
        agent = node.agent()
        if agent is not None and (server := agent.servers.get(data.name)) is not None:
            request = {"tool_name": data.name, "arguments": arguments}
            calling = self._recorder.mcp(server, "call_tool", method="call_tool", request=request)
            node.inner = Recorded(self._recorder, calling, node.recorded.span)

    # Ending: what is read off each type of span before ours ends

    def _end(self, node: Node, error: BaseException | None) -> None:
        self._open(node)
        if node.model is not None:  # a model of somebody's own, that failed
            node.model.end(error)
        if node.inner is not None:
            node.inner.end(error)
        if node.recorded is not None:
            node.recorded.end(error)

    def _end_response(self, node: Node, data: Any, error: BaseException | None, noted: SpanError | None) -> None:
        self._answered(node, get(data, "response") or get(data, "output"), get(data, "usage"), get(data, "input"))
        self._failed(node, error, noted)
        if node.parent is not None and (reason := error or noted) is not None:
            node.parent.failures.append(reason if isinstance(reason, BaseException) else _words(reason))

    _end_generation = _end_transcription = _end_speech = _end_response

    def _end_function(self, node: Node, data: Any, error: BaseException | None, noted: SpanError | None) -> None:
        assert node.recorded is not None
        node.recorded.span.result(data.output)
        if node.inner is not None:
            node.inner.span.response(_summary(data.name, data.output))
        self._failed(node, error, noted)

    def _end_mcp_tools(self, node: Node, data: Any, error: BaseException | None, noted: SpanError | None) -> None:
        agent = node.agent()
        if agent is not None and data.result is not None:
            agent.servers.update(dict.fromkeys(data.result, data.server or ""))
        assert node.recorded is not None
        node.recorded.span.response({"tools": list(data.result or ())})
        self._failed(node, error, noted)

    def _end_guardrail(self, node: Node, data: Any, error: BaseException | None, noted: SpanError | None) -> None:
        if error is None:
            outcome = "deny" if data.triggered else "allow"
            self._point(node, lambda around: around.policy(data.name, outcome))

    def _end_handoff(self, node: Node, data: Any, error: BaseException | None, noted: SpanError | None) -> None:
        if not data.to_agent:
            return
        given = {"framework": FRAMEWORK, **((noted or {}).get("data") or {})}
        handoff = {"reason": "Agent transfer", "from_": data.from_agent or "", "data": given}
        self._point(node, lambda around: around.handoff(data.to_agent, **handoff))

    def _end_custom(self, node: Node, data: Any, error: BaseException | None, noted: SpanError | None) -> None:
        self._point(node, lambda around: around.system(data.name, metadata=data.data))

    def _end_agent(self, node: Node, data: Any, error: BaseException | None, noted: SpanError | None) -> None:
        self._open(node)
        assert node.recorded is not None
        for name in ("tools", "handoffs"):
            if (names := get(data, name)) and name not in node.about:
                node.recorded.span.set({name: list(names)})
        self._failed(node, error, noted)

    def _end_task(self, node: Node, data: Any, error: BaseException | None, noted: SpanError | None) -> None:
        if error is None and node.output is not None and not node.told_output:
            self._told(node, output=node.output)

    def _failed(self, node: Node, error: BaseException | None, noted: SpanError | None) -> None:
        """An error that the framework has noted at a span, but that leaves it by no exception."""
        if error is None and noted and node.recorded is not None:
            node.recorded.span.fail(_words(noted))

    # What both the processor and the hooks tell

    def _answered(self, node: Node, response: Any, usage: Any, given: Any = None) -> None:
        """What a model said, and what follows from it."""
        assert node.recorded is not None
        answer, turn, span = answer_of(response), node.parent or node, node.recorded.span
        if answer is None:
            if usage is not None:
                span.response("", **tokens_of(usage))
            return
        more = {"finish_reason": answer.finish_reason, "response_id": answer.response_id}
        span.response(answer.content(), **tokens_of(usage), **more)
        for call in answer.calls:
            turn.calls[call["name"]].append(call)
        for item in answer.hosted:
            self._hosted(turn, item)
        run = node.run()
        if run is not None:
            run.output = answer.text
            if given and not run.told_input:
                self._told(run, asked=asked(messages_of(None, given)))

    def _hosted(self, node: Node, item: Any) -> None:
        """What was done at OpenAI's while the model thought: searches read data."""
        kind = text(item.get("type"))
        if kind in ("file_search_call", "web_search_call"):
            documents = [text(each.get("file_id")) for each in item.get("results") or () if isinstance(each, dict)]
            source = kind.removesuffix("_call")
            self._point(node, lambda around: around.data_access(source, documents=list(filter(None, documents))))

    def _told(self, run: Node, *, asked: str = "", output: Any = None) -> None:
        """What the user said and was told, if the session is the bridge's own: in another, the program says it."""
        top = run.top()
        if top.outer is None and asked:
            run.told_input = True
            about = {"agent": top.about["agent_name"]} if "agent_name" in top.about else None
            self._point(top, lambda around: around.input(asked, metadata=about))
        if top.outer is None and output not in (None, ""):
            run.told_output = True
            about = {"agent": top.about["agent_name"]} if "agent_name" in top.about else None
            self._point(top, lambda around: around.output(output, metadata=about))


class _Hooks(RunHooks[Any]):
    """Tells the processor what the framework's tracing does not say, or says late."""

    def __init__(self, tracing: ChaukasTracing) -> None:
        self._tracing = tracing

    def _node(self) -> Node | None:
        span = get_current_span()
        return None if span is None else self._tracing._nodes.get(span.span_id)

    async def on_agent_start(self, context: Any, agent: Any) -> None:
        with _told():
            node = self._node()
            if node is not None and (at_work := node.agent()) is not None and at_work.opening is not None:
                self._describe(at_work, context, agent)
                self._tracing._open(at_work)

    def _describe(self, node: Node, context: Any, agent: Any) -> None:
        _, model = provider_and_model(getattr(agent, "model", None))
        about = {
            "instructions": agent.instructions if isinstance(agent.instructions, str) else None,
            "tools": [text(get(tool, "name")) for tool in agent.tools or ()],
            "model": model,
        }
        node.about.update({name: value for name, value in about.items() if value})
        top, run = node.top(), node.run()
        if top.opening is not None:
            top.about.update(agent_name=node.name, **({"model": model} if model else {}))
        if run is not None and not run.told_input:
            self._tracing._told(run, asked=asked(messages_of(None, get(context, "turn_input"))))

    async def on_agent_end(self, context: Any, agent: Any, output: Any) -> None:
        with _told():
            node = self._node()
            if node is not None and (at_work := node.agent()) is not None and at_work.recorded is not None:
                at_work.recorded.span.result(output)
                if (run := at_work.run()) is not None:
                    self._tracing._told(run, output=output)

    async def on_llm_start(self, context: Any, agent: Any, system_prompt: str | None, input_items: Any) -> None:
        with _told():
            node = self._node()
            if node is None or (at_work := node.agent()) is None:
                return
            request: dict[str, Any] = {"messages": messages_of(system_prompt, input_items)}
            if tools := [text(get(tool, "name")) for tool in agent.tools or ()]:
                request["tools"] = tools
            provider, model = provider_and_model(getattr(agent, "model", None))
            settings = getattr(agent, "model_settings", None)
            known = {name: get(settings, name) for name in SETTINGS if get(settings, name) is not None}
            at_work.call = {"provider": provider, "model": model, "request": request, **known}
            at_work.model = self._tracing._begin(
                self._tracing._recorder.model(**at_work.call), Node("response", node), current=False
            )

    async def on_llm_end(self, context: Any, agent: Any, response: Any) -> None:
        with _told():
            node = self._node()
            at_work = None if node is None else node.agent()
            if at_work is not None and at_work.model is not None:
                # A model of somebody's own, which tells the framework's tracing nothing.
                model = Node("response", node)
                model.recorded, at_work.model = at_work.model, None
                self._tracing._answered(model, response, get(response, "usage"))
                model.recorded.end()


@contextlib.contextmanager
def _told() -> Any:
    try:
        yield
    except Exception as error:  # whatever a version of the framework does differently: the run goes on
        told(error)


def _words(error: SpanError) -> str:
    """What a noted error says: its details, if it has any."""
    data = error.get("data") or {}
    return text(data.get("error")) or error["message"]


def _summary(tool: str, output: Any) -> dict[str, Any]:
    """The answer of an MCP server in brief; the tool's own event has all of it."""
    parts = output if isinstance(output, list) else [] if output is None else [output]
    first = next((text(get(part, "text")) for part in parts), "")
    return {"tool_name": tool, "content_count": len(parts), **({"preview": first[:200]} if first else {})}
