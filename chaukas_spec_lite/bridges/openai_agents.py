"""Records what OpenAI Agents does: a tracing processor, which the framework tells of each step, and hooks of a run.

    add_trace_processor(tracing := ChaukasTracing(recorder))
    await Runner.run(agent, "Where is my order?", hooks=tracing.hooks)

The processor alone records everything, but some of it late: the framework tells it what a model was asked when the
answer is there. With the hooks, each START has what is known at that time. Nothing of the framework is replaced.
"""

from __future__ import annotations

import contextlib
from collections.abc import Generator
from typing import TYPE_CHECKING, Any

from chaukas_spec_lite.bridges.openai_nodes import Traced
from chaukas_spec_lite.bridges.openai_reading import (
    SETTINGS,
    asked,
    get,
    messages_of,
    output_of,
    provider_and_model,
    text,
)
from chaukas_spec_lite.bridges.openai_steps import FRAMEWORK, AgentSteps
from chaukas_spec_lite.bridges.runs import MOST_OPEN, OpenRuns, as_list, leaving
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
    from agents.tracing import Trace

    from chaukas_spec_lite import Recorder

_DEFAULT_WORKFLOW = "Agent workflow"


class ChaukasTracing(TracingProcessor):
    """Records traces and spans of OpenAI Agents with a recorder.

    A trace becomes a session, unless a span of the recorder is open where it begins: then it is part of that. Several
    processors may be registered, and runs may go on at once, in tasks and threads. No method raises.

    Args:
        recorder: Where to record.
        most_open: How many traces and spans that have not ended are remembered. With one more, the oldest is ended as
            ``CANCELLED``, with ``left_open`` in its metadata.
    """

    def __init__(self, recorder: Recorder, *, most_open: int = MOST_OPEN) -> None:
        self._recorder = recorder
        self._steps = AgentSteps(recorder)
        self._nodes: OpenRuns[Traced] = OpenRuns(most_open)
        self._hooks: RunHooks[Any] | None = None

    @property
    def hooks(self) -> RunHooks[Any]:
        """Hooks for ``Runner.run(..., hooks=...)``, which tell more, and earlier. One object serves all runs."""
        if self._hooks is None:
            self._hooks = _Hooks(self._steps, self._nodes)
        return self._hooks

    def hooks_with(self, own: RunHooks[Any]) -> RunHooks[Any]:
        """Make hooks that tell the recorder, and then hooks of the program's, as a run takes only one object.

        Args:
            own: The program's hooks. What they raise reaches the run, as without the recorder.
        """
        if self._hooks is None:
            self._hooks = _Hooks(self._steps, self._nodes)
        return _Both(self._steps, self._nodes, own)

    # What the framework calls

    @never_raising
    def on_trace_start(self, trace: Trace) -> None:
        """Begin a session, or go on in the one that is open."""
        node = Traced("trace", None)
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
            self._steps.end(node, leaving(node.before))

    @never_raising
    def on_span_start(self, span: TracedSpan[Any]) -> None:
        """Begin a span of ours for one of the framework's."""
        data = span.span_data
        parent = self._nodes.get(span.parent_id) or self._nodes.get(span.trace_id)
        node = Traced(data.type, parent)
        self._nodes.put(span.span_id, node)
        if data.type == "agent":
            node.name = data.name
            node.about = {"framework": FRAMEWORK, "role": "assistant"}
            node.opening = lambda: self._recorder.agent(node.name, agent_id=node.name, metadata=node.about)
            self._open_unless_hooks_come(node)
        elif data.type in ("response", "generation", "transcription", "speech"):
            self._steps.start_model(node, data)
        elif data.type == "function":
            self._steps.start_tool(node, data)
        elif data.type == "mcp_tools":
            listing = self._recorder.mcp(data.server or "", "list_tools", method="list_tools", request={})
            node.recorded = self._steps.begin(listing, node)

    @never_raising
    def on_span_end(self, span: TracedSpan[Any]) -> None:
        """End the span of ours."""
        node = self._nodes.take(span.span_id)
        if node is None:
            return
        error = leaving(node.before)
        self._steps.read(node, span.span_data, error, span.error)
        self._steps.end(node, error)

    @never_raising
    def shutdown(self, timeout: float | None = None) -> None:
        """End what is still open, and send what is recorded. The framework calls it as the program ends.

        Args:
            timeout: How many seconds sending may take, 5 if None.
        """
        self._nodes.give_up_all("the program ended")
        self._recorder.flush(5.0 if timeout is None else timeout)

    @never_raising
    def force_flush(self) -> None:
        """Send what is recorded."""
        self._recorder.flush()

    def _open_unless_hooks_come(self, node: Traced) -> None:
        """The START of an agent waits for what the hooks tell of it, or for the first thing that happens within."""
        if self._hooks is None:
            self._steps.open(node)


class _Hooks(RunHooks[Any]):
    """Tells the processor what the framework's tracing does not say, or says late."""

    def __init__(self, steps: AgentSteps, nodes: OpenRuns[Traced]) -> None:
        self._steps = steps
        self._nodes = nodes

    def _node(self) -> Traced | None:
        span = get_current_span()
        return None if span is None else self._nodes.get(span.span_id)

    async def on_agent_start(self, context: Any, agent: Any) -> None:
        with _told():
            node = self._node()
            if node is not None and (at_work := node.agent()) is not None and at_work.opening is not None:
                self._describe(at_work, context, agent)
                self._steps.open(at_work)

    def _describe(self, node: Traced, context: Any, agent: Any) -> None:
        _, model = provider_and_model(getattr(agent, "model", None))
        about = {
            "instructions": agent.instructions if isinstance(agent.instructions, str) else None,
            "tools": [text(get(tool, "name")) for tool in as_list(agent.tools)],
            "model": model,
        }
        node.about.update({name: value for name, value in about.items() if value})
        top, run = node.top(), node.run()
        if top.opening is not None:
            top.about.update(agent_name=node.name, **({"model": model} if model else {}))
        if run is not None and not run.told_input:
            self._steps.told(run, asked=asked(messages_of(None, get(context, "turn_input"))))

    async def on_agent_end(self, context: Any, agent: Any, output: Any) -> None:
        with _told():
            node = self._node()
            if node is not None and (at_work := node.agent()) is not None and at_work.recorded is not None:
                at_work.recorded.span.result(output_of(output))
                if (run := at_work.run()) is not None:
                    run.output = output_of(output)

    async def on_llm_start(self, context: Any, agent: Any, system_prompt: str | None, input_items: Any) -> None:
        with _told():
            node = self._node()
            if node is None or (at_work := node.agent()) is None:
                return
            request: dict[str, Any] = {"messages": messages_of(system_prompt, input_items)}
            if tools := [text(get(tool, "name")) for tool in as_list(agent.tools)]:
                request["tools"] = tools
            provider, model = provider_and_model(getattr(agent, "model", None))
            settings = getattr(agent, "model_settings", None)
            known = {name: get(settings, name) for name in SETTINGS if get(settings, name) is not None}
            at_work.call = {"provider": provider, "model": model, "request": request, **known}
            at_work.model = self._steps.begin(
                self._steps.recorder.model(**at_work.call), Traced("response", node), current=False
            )

    async def on_llm_end(self, context: Any, agent: Any, response: Any) -> None:
        with _told():
            node = self._node()
            at_work = None if node is None else node.agent()
            if at_work is not None and at_work.model is not None:
                # A model of somebody's own, which tells the framework's tracing nothing.
                model = Traced("response", node)
                model.recorded, at_work.model = at_work.model, None
                self._steps.answered(model, response, get(response, "usage"))
                model.recorded.end()


class _Both(_Hooks):
    """Those hooks, and then the program's."""

    def __init__(self, steps: AgentSteps, nodes: OpenRuns[Traced], own: RunHooks[Any]) -> None:
        super().__init__(steps, nodes)
        self._own = own
        for name in dir(own):
            if name.startswith("on_") and name not in vars(_Hooks):
                setattr(self, name, getattr(own, name))

    async def on_agent_start(self, context: Any, agent: Any) -> None:
        await super().on_agent_start(context, agent)
        await self._own.on_agent_start(context, agent)

    async def on_agent_end(self, context: Any, agent: Any, output: Any) -> None:
        await super().on_agent_end(context, agent, output)
        await self._own.on_agent_end(context, agent, output)

    async def on_llm_start(self, context: Any, agent: Any, system_prompt: str | None, input_items: Any) -> None:
        await super().on_llm_start(context, agent, system_prompt, input_items)
        await self._own.on_llm_start(context, agent, system_prompt, input_items)

    async def on_llm_end(self, context: Any, agent: Any, response: Any) -> None:
        await super().on_llm_end(context, agent, response)
        await self._own.on_llm_end(context, agent, response)


@contextlib.contextmanager
def _told() -> Generator[None]:
    try:
        yield
    except Exception as error:  # whatever a version of the framework does differently: the run goes on
        told(error)
