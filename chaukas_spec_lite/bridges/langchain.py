"""Records what LangChain and LangGraph do, by a callback handler, for ``invoke`` and ``ainvoke`` alike.

    chain.invoke("Where is my order?", config={"callbacks": [ChaukasCallbackHandler(recorder)]})

The handler is told of each run with its id and its parent's, so runs that go on at once do not mix.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID
from weakref import WeakKeyDictionary

from chaukas_spec_lite.bridges.langchain_reading import (
    Said,
    arguments_of,
    documents_of,
    is_control_flow,
    model_of,
    parameters_of,
    request_of,
    said_at_last,
    token_text,
    tool_output,
)
from chaukas_spec_lite.bridges.langchain_runs import ChainRun
from chaukas_spec_lite.bridges.runs import MOST_OPEN, OpenRuns, OpenSpan, as_dict, texts
from chaukas_spec_lite.trace.failures import is_cancellation
from chaukas_spec_lite.trace.safety import never_raising

try:
    from langchain_core.callbacks import BaseCallbackHandler
except ImportError as error:
    raise ImportError(
        "this bridge needs langchain-core: pip install 'chaukas-spec-lite[langchain]'", name=error.name
    ) from error

if TYPE_CHECKING:
    from langchain_core.documents import Document
    from langchain_core.messages import BaseMessage
    from langchain_core.outputs import LLMResult

    from chaukas_spec_lite import Recorder
    from chaukas_spec_lite.trace.scopes import Scope

FRAMEWORK = "langchain"

_RETRY = "retry:attempt:"
"""The tag that ``with_retry`` gives to each further attempt."""


class ChaukasCallbackHandler(BaseCallbackHandler):
    """Records runs of LangChain and LangGraph with a recorder.

    A chain or graph that the program starts becomes a session, unless a span of the recorder is open: then it is part
    of that. Agents are those of ``create_agent``, compiled graphs, and what ``agents`` names. Other chains are not
    recorded themselves; what happens in them is. No method raises.

    Args:
        recorder: Where to record.
        agents: Names of chains and nodes of graphs that are agents, too.
        most_open: How many runs that have not ended are remembered. With one more, the oldest is ended as
            ``CANCELLED``, with ``left_open`` in its metadata.
    """

    run_inline = True
    """Called on the spot, not in another thread: events keep their order, and what tools record is inside of them."""

    def __init__(self, recorder: Recorder, *, agents: Collection[str] = (), most_open: int = MOST_OPEN) -> None:
        self._recorder = recorder
        self._agents = frozenset([agents] if isinstance(agents, str) else agents)
        self._runs: OpenRuns[ChainRun] = OpenRuns(most_open)
        self._outside: WeakKeyDictionary[Scope, Scope | None] = WeakKeyDictionary()
        """For sessions and agents of the bridge, what of the program's they are in."""

    # Chains, graphs, agents

    @never_raising
    def on_chain_start(
        self,
        serialized: dict[str, Any] | None,
        inputs: Any,
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        tags: list[str] | None = None,
        metadata: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """Begin a session or an agent, or only remember whose parent this is."""
        run = self._begin(run_id, parent_run_id, tags, metadata)
        name = kwargs.get("name") or (serialized or {}).get("name") or ""
        is_agent = run.begins_agent or name == "LangGraph" or name in self._agents
        if run.parent is None and run.outer is None:
            about = {"framework": FRAMEWORK, **({"agent_name": name} if is_agent else {})}
            if thread := (metadata or {}).get("thread_id"):
                about["thread_id"] = thread
            session = self._recorder.session(name, metadata=about)
            self._outside[session] = None
            run.session = OpenSpan(self._recorder, session, None)
            self._asked(run, inputs)
        if is_agent:
            agent = self._recorder.agent(name, agent_id=name, metadata={"framework": FRAMEWORK})
            run.recorded = OpenSpan(self._recorder, agent, run.around())
            self._outside[agent] = run.top().outer

    @never_raising
    def on_chain_end(self, outputs: Any, *, run_id: UUID, **kwargs: Any) -> None:
        """End it."""
        run = self._take(run_id)
        if run is None:
            return
        # Of a chain that is streamed into, the input is known at last.
        self._asked(run, kwargs.get("inputs"))
        if run.recorded is not None or run.session is not None:
            told = said_at_last(outputs)
            if run.recorded is not None:
                run.recorded.span.set(output=told)
            if run.session is not None and told not in ("", None):
                run.session.span.output(told)
        run.end()

    def _asked(self, run: ChainRun, inputs: Any) -> None:
        if run.session is not None and not run.asked and (asked := said_at_last(inputs)) not in ("", {"input": ""}):
            run.asked = True
            run.session.span.input(asked)

    @never_raising
    def on_chain_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        """End it as failed, or as cancelled."""
        self._fail(run_id, error)

    # Models

    @never_raising
    def on_chat_model_start(
        self,
        serialized: dict[str, Any] | None,
        messages: list[list[BaseMessage]],
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        tags: list[str] | None = None,
        metadata: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """Begin the call of a chat model."""
        run = self._begin(run_id, parent_run_id, tags, metadata)
        self._start_model(run, serialized, request_of(messages[0] if messages else [], kwargs), metadata, kwargs)

    @never_raising
    def on_llm_start(
        self,
        serialized: dict[str, Any] | None,
        prompts: list[str],
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        tags: list[str] | None = None,
        metadata: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """Begin the call of a model that completes texts."""
        run = self._begin(run_id, parent_run_id, tags, metadata)
        self._start_model(run, serialized, {"prompt": prompts[0] if prompts else ""}, metadata, kwargs)

    def _start_model(
        self,
        run: ChainRun,
        serialized: dict[str, Any] | None,
        request: dict[str, Any],
        metadata: dict[str, Any] | None,
        kwargs: dict[str, Any],
    ) -> None:
        given = as_dict(kwargs.get("invocation_params"))
        provider, model = model_of(metadata or {}, given, serialized or {})
        span = self._recorder.model(provider, model, request=request, **parameters_of(metadata or {}, given))
        run.recorded = OpenSpan(self._recorder, span, run.around(), current=False)

    @never_raising
    def on_llm_new_token(self, token: Any, *, run_id: UUID, **kwargs: Any) -> None:
        """Take a part of the answer."""
        if (span := self._span(run_id)) is not None:
            span.chunk("".join(texts(token)))

    @never_raising
    def on_stream_event(self, event: Any, *, run_id: UUID, **kwargs: Any) -> None:
        """Take a part of the answer, of the newer way to stream."""
        if (span := self._span(run_id)) is not None and (text := token_text(event)) is not None:
            span.chunk(text)

    @never_raising
    def on_llm_end(self, response: LLMResult, *, run_id: UUID, **kwargs: Any) -> None:
        """End the call of a model."""
        run = self._take(run_id)
        if run is None or run.recorded is None:
            return
        said = Said(response)
        run.recorded.span.response(
            said.content(),
            **said.tokens(),
            finish_reason=said.finish_reason,
            response_id=said.response_id,
            model=said.model,
        )
        run.end()

    @never_raising
    def on_llm_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        """End the call of a model as failed, or as cancelled."""
        self._fail(run_id, error)

    @never_raising
    def on_retry(self, retry_state: Any, *, run_id: UUID, **kwargs: Any) -> None:
        """Record that a model or chain tries again by itself."""
        run = self._runs.get(run_id)
        if run is not None:
            pause = getattr(getattr(retry_state, "next_action", None), "sleep", 0) or 0
            outcome = getattr(retry_state, "outcome", None)
            reason = outcome.exception() if outcome is not None and outcome.failed else ""
            self._around(run).retry(retry_state.attempt_number, backoff_ms=pause * 1000, reason=reason or "")

    # Tools and data

    @never_raising
    def on_tool_start(
        self,
        serialized: dict[str, Any] | None,
        input_str: str,
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        tags: list[str] | None = None,
        metadata: dict[str, Any] | None = None,
        inputs: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """Begin the call of a tool."""
        run = self._begin(run_id, parent_run_id, tags, metadata)
        name = (serialized or {}).get("name") or kwargs.get("name") or ""
        arguments = arguments_of(inputs, input_str)
        tool = self._recorder.tool(name, arguments=arguments, call_id=kwargs.get("tool_call_id") or "")
        run.recorded = OpenSpan(self._recorder, tool, run.around())

    @never_raising
    def on_tool_end(self, output: Any, *, run_id: UUID, **kwargs: Any) -> None:
        """End the call of a tool; a message that it failed is its failure."""
        run = self._take(run_id)
        if run is None or run.recorded is None:
            return
        result, failed = tool_output(output)
        if failed:
            run.recorded.span.fail(result if isinstance(result, str) else str(result))
        else:
            run.recorded.span.result(result)
        run.end()

    @never_raising
    def on_tool_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        """End the call of a tool as failed, or as cancelled."""
        self._fail(run_id, error)

    @never_raising
    def on_retriever_start(
        self,
        serialized: dict[str, Any] | None,
        query: str,
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        tags: list[str] | None = None,
        metadata: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """Remember what is searched for."""
        run = self._begin(run_id, parent_run_id, tags, metadata)
        known = metadata or {}
        name = known.get("ls_vector_store_provider") or known.get("ls_retriever_name")
        run.datasource = name or kwargs.get("name") or (serialized or {}).get("name") or "retriever"
        run.query = query

    @never_raising
    def on_retriever_end(self, documents: Sequence[Document], *, run_id: UUID, **kwargs: Any) -> None:
        """Record what was found, as ``DATA_ACCESS``."""
        run = self._take(run_id)
        if run is not None:
            found = documents_of(documents)
            about = {"query": run.query, "found": len(documents)}
            self._around(run).data_access(run.datasource, documents=found, metadata=about)

    @never_raising
    def on_retriever_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        """Record that the search failed."""
        run = self._take(run_id)
        if run is not None:
            self._around(run).error(error, metadata={"datasource": run.datasource, "query": run.query})

    @never_raising
    def on_custom_event(self, name: str, data: Any, *, run_id: UUID, **kwargs: Any) -> None:
        """Record an event of the program's own, as ``SYSTEM``."""
        run = self._runs.get(run_id)
        around = self._recorder if run is None else self._around(run)
        around.system(name, metadata={"data": data})

    def close(self) -> None:
        """End the runs that are still open, for a program that ends with them."""
        self._runs.give_up_all("closed")

    # What they have in common

    def _begin(
        self, run_id: UUID, parent_run_id: UUID | None, tags: list[str] | None, metadata: dict[str, Any] | None
    ) -> ChainRun:
        parent = None if parent_run_id is None else self._runs.get(parent_run_id)
        run = ChainRun(parent, str((metadata or {}).get("lc_agent_name") or ""))
        if parent is None:
            # A run that is streamed is left open between its parts, and what is run there is no part of it.
            current = self._recorder.current
            run.outer = self._outside.get(current, current) if current is not None else None
        for tag in tags or ():
            attempt = tag.removeprefix(_RETRY)
            if attempt != tag and attempt.isdecimal() and parent is not None:
                # The tag counts the attempt that begins; the event the one that failed.
                self._around(parent).retry(int(attempt) - 1, reason=parent.failure or "")
        if parent is not None:
            parent.inner[id(run)] = run
        self._runs.put(run_id, run)
        return run

    def _take(self, run_id: UUID) -> ChainRun | None:
        """The run that ends."""
        run = self._runs.take(run_id)
        if run is not None:
            run.close()
        return run

    def _fail(self, run_id: UUID, error: BaseException) -> None:
        run = self._take(run_id)
        if run is None:
            return
        if run.parent is not None:
            run.parent.failure = f"{type(error).__name__}: {error}"
        if is_control_flow(error) or is_cancellation(error):
            # With it ends what is still open within: not every version tells of a tool that is cancelled.
            run.cancel()
        else:
            run.end(error)

    def _span(self, run_id: UUID) -> Any:
        run = self._runs.get(run_id)
        return None if run is None or run.recorded is None else run.recorded.span

    def _around(self, run: ChainRun) -> Any:
        """What a moment in a run is recorded with: the nearest span, or the recorder."""
        span = run.around()
        return self._recorder if span is None else span
