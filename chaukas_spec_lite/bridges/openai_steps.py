"""What becomes of the steps of OpenAI Agents, whoever tells of them: the framework's tracing or its hooks."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from chaukas_spec_lite.bridges.openai_nodes import Traced
from chaukas_spec_lite.bridges.openai_reading import (
    SETTINGS,
    answer_of,
    arguments_of,
    asked,
    get,
    messages_of,
    provider_and_model,
    summary_of,
    text,
    tokens_of,
    words_of,
)
from chaukas_spec_lite.bridges.runs import OpenSpan, as_dict, as_list

if TYPE_CHECKING:
    from agents.tracing import SpanError

    from chaukas_spec_lite import Recorder
    from chaukas_spec_lite.trace.scopes import Scope

FRAMEWORK = "openai_agents"


class AgentSteps:
    """Records steps.

    Args:
        recorder: Where to.
    """

    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder

    # Beginning

    def open(self, node: Traced) -> None:
        """Record the START that has waited, if one has."""
        opening, node.opening = node.opening, None
        if opening is not None:
            if node.kind == "agent" and (trace := node.top()).opening is not None:
                trace.about.setdefault("agent_name", node.name)
            # A session is nothing that the caller's context is in: two runs that are streamed may share that.
            node.recorded = self.begin(opening(), node, current=node.kind != "trace")
            waiting, node.waiting = node.waiting, []
            for point in waiting:
                point(node.recorded.span)

    def begin(self, span: Scope, node: Traced, *, current: bool = True) -> OpenSpan[Any]:
        """Begin a span of ours for one of the framework's, in that of its parent."""
        parent = node.parent
        return OpenSpan(self.recorder, span, self.around(parent) if parent else node.outer, current=current)

    def around(self, node: Traced) -> Scope | None:
        """The span of ours that is nearest to a run of the framework, itself included."""
        for each in node.upwards():
            self.open(each)
            if each.recorded is not None:
                found: Scope = each.recorded.span
                return found
        return node.top().outer

    def point(self, node: Traced, point: Callable[[Any], None]) -> None:
        """Record a moment; if the agent's START still waits for the hooks, after it."""
        for each in node.upwards():
            if each.opening is not None:
                each.waiting.append(point)
                return
            if each.recorded is not None:
                break
        around = self.around(node)
        point(self.recorder if around is None else around)

    def start_model(self, node: Traced, data: Any) -> None:
        """Begin the call of a model, unless the hooks have."""
        agent, turn = node.agent(), node.parent or node
        if agent is not None and agent.model is not None:
            # The hooks have begun it, and know more.
            node.recorded, agent.model = agent.model, None
            return
        if turn.failures:
            around = self.around(turn) or self.recorder
            around.retry(len(turn.failures), strategy="", reason=turn.failures[-1])
        settings = as_dict(get(data, "model_config"))
        known = {name: settings[name] for name in SETTINGS if settings.get(name) is not None}
        if agent is not None and agent.call is not None:
            known = agent.call
        else:
            known["provider"], known["model"] = provider_and_model(get(data, "model"))
            if node.kind == "speech":
                known["request"] = {"input": data.input}
        node.recorded = self.begin(self.recorder.model(**known), node, current=False)

    def start_tool(self, node: Traced, data: Any) -> None:
        """Begin the call of a tool, and of the server that has it. Its arguments are those that the model has said."""
        call = node.parent.take_call(data.name) if node.parent else None
        arguments = arguments_of(call["arguments"]) if call else {}
        tool = self.recorder.tool(data.name, arguments=arguments, call_id=call["id"] if call else "")
        node.recorded = self.begin(tool, node)
        agent = node.agent()
        if agent is not None and (server := agent.servers.get(data.name)) is not None:
            request = {"tool_name": data.name, "arguments": arguments}
            calling = self.recorder.mcp(server, "call_tool", method="call_tool", request=request)
            node.inner = OpenSpan(self.recorder, calling, node.recorded.span)

    # Ending: what is read off each type of span before ours ends

    def read(self, node: Traced, data: Any, error: BaseException | None, noted: SpanError | None) -> None:
        """Take what a span of the framework says as it ends."""
        read = getattr(self, f"_end_{node.kind}", None)
        if read is not None:
            read(node, data, error, noted)

    def end(self, node: Traced, error: BaseException | None) -> None:
        """End what is recorded of a trace or span of the framework."""
        self.open(node)
        if node.model is not None:  # a model of somebody's own, that failed
            node.model.end(error)
        if node.inner is not None:
            node.inner.end(error)
        if node.recorded is not None:
            node.recorded.end(error)

    def _end_response(self, node: Traced, data: Any, error: BaseException | None, noted: SpanError | None) -> None:
        self.answered(node, get(data, "response") or get(data, "output"), get(data, "usage"), get(data, "input"))
        self.failed(node, error, noted)
        if node.parent is None or node.parent.kind != "turn":
            return
        if error is None and not noted:
            node.parent.failures.clear()
        else:
            # No exception is kept: it would keep alive all that its frames refer to.
            reason = f"{type(error).__name__}: {error}" if error is not None else words_of(noted or {})
            node.parent.failures.append(reason)

    _end_generation = _end_response

    def _end_transcription(self, node: Traced, data: Any, error: BaseException | None, noted: SpanError | None) -> None:
        assert node.recorded is not None
        # Its input is sound, which is not recorded.
        node.recorded.span.response(text(get(data, "output")))
        self.failed(node, error, noted)

    def _end_speech(self, node: Traced, data: Any, error: BaseException | None, noted: SpanError | None) -> None:
        self.failed(node, error, noted)

    def _end_function(self, node: Traced, data: Any, error: BaseException | None, noted: SpanError | None) -> None:
        assert node.recorded is not None
        node.recorded.span.result(data.output)
        if noted and data.output is not None:
            node.recorded.span.set(output=data.output)  # what the model is told of the failure
        if node.inner is not None:
            node.inner.span.response(summary_of(data.name, data.output))
        self.failed(node, error, noted)

    def _end_mcp_tools(self, node: Traced, data: Any, error: BaseException | None, noted: SpanError | None) -> None:
        agent = node.agent()
        if agent is not None and data.result is not None:
            agent.servers.update(dict.fromkeys(data.result, data.server or ""))
        assert node.recorded is not None
        node.recorded.span.response({"tools": list(data.result or ())})
        self.failed(node, error, noted)

    def _end_guardrail(self, node: Traced, data: Any, error: BaseException | None, noted: SpanError | None) -> None:
        if error is None:
            outcome = "deny" if data.triggered else "allow"
            self.point(node, lambda around: around.policy(data.name, outcome))

    def _end_handoff(self, node: Traced, data: Any, error: BaseException | None, noted: SpanError | None) -> None:
        if not data.to_agent:
            return
        given = {"framework": FRAMEWORK, **((noted and noted["data"]) or {})}
        handoff = {"reason": "Agent transfer", "from_": data.from_agent or "", "data": given}
        self.point(node, lambda around: around.handoff(data.to_agent, **handoff))

    def _end_custom(self, node: Traced, data: Any, error: BaseException | None, noted: SpanError | None) -> None:
        self.point(node, lambda around: around.system(data.name, metadata=data.data))

    def _end_agent(self, node: Traced, data: Any, error: BaseException | None, noted: SpanError | None) -> None:
        self.open(node)
        assert node.recorded is not None
        for name in ("tools", "handoffs"):
            if (names := get(data, name)) and name not in node.about:
                node.recorded.span.set({name: list(names)})
        self.failed(node, error, noted)

    def _end_task(self, node: Traced, data: Any, error: BaseException | None, noted: SpanError | None) -> None:
        # Not before: a guardrail may hold back what an agent has come to.
        if error is None:
            self.told(node, output=node.output)

    def failed(self, node: Traced, error: BaseException | None, noted: SpanError | None) -> None:
        """An error that the framework has noted at a span, but that leaves it by no exception."""
        if error is None and noted and node.recorded is not None:
            node.recorded.span.fail(words_of(noted))

    # What both the processor and the hooks tell

    def answered(self, node: Traced, response: Any, usage: Any, given: Any = None) -> None:
        """What a model said, and what follows from it."""
        assert node.recorded is not None
        answer, turn, span = answer_of(response), node.parent or node, node.recorded.span
        if answer is None:
            if usage is not None:
                span.response("", **tokens_of(usage))
            return
        more = {"finish_reason": answer.finish_reason, "response_id": answer.response_id}
        more["model"] = answer.model
        if given and ((agent := node.agent()) is None or agent.call is None):
            # Without the hooks, it is known only now what was asked.
            span.response(request={"messages": messages_of(text(get(response, "instructions")), given)})
        span.response(answer.content(), **tokens_of(usage), **more)
        for call in answer.calls:
            turn.calls[call["name"]].append(call)
        for item in answer.hosted:
            self.hosted(turn, item)
        run = node.run()
        if run is not None:
            run.output = answer.text
            if given and not run.told_input:
                self.told(run, asked=asked(messages_of(None, given)))

    def hosted(self, node: Traced, item: Any) -> None:
        """What was done at OpenAI's while the model thought: searches read data."""
        kind = text(item.get("type"))
        if kind in ("file_search_call", "web_search_call"):
            documents = [text(as_dict(each).get("file_id")) for each in as_list(item.get("results"))]
            source = kind.removesuffix("_call")
            self.point(node, lambda around: around.data_access(source, documents=list(filter(None, documents))))
        elif kind == "mcp_call":
            server, name = text(item.get("server_label")), text(item.get("name"))
            request = {"tool_name": name, "arguments": arguments_of(item.get("arguments"))}
            calling = self.recorder.mcp(server, "call_tool", method="call_tool", request=request)
            with OpenSpan(self.recorder, calling, self.around(node)) as made:
                made.span.response(summary_of(name, {"text": item.get("output")}))
                if failure := item.get("error"):
                    made.span.fail(text(failure) or str(failure))

    def told(self, run: Traced, *, asked: str = "", output: Any = None) -> None:
        """What the user said and was told, if the session is the bridge's own: in another, the program says it."""
        top = run.top()
        if top.outer is None and asked:
            run.told_input = True
            about = {"agent": top.about["agent_name"]} if "agent_name" in top.about else None
            self.point(top, lambda around: around.input(asked, metadata=about))
        if top.outer is None and output not in (None, ""):
            about = {"agent": top.about["agent_name"]} if "agent_name" in top.about else None
            self.point(top, lambda around: around.output(output, metadata=about))
