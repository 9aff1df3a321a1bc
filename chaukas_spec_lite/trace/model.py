"""The span around a call of a language model."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from chaukas_spec_lite.ids import uuid7
from chaukas_spec_lite.spec.common.v1.events import (
    Author,
    CostDetails,
    Event,
    EventStatus,
    EventType,
    LLMInvocation,
    MessageContent,
)
from chaukas_spec_lite.trace.capture import Capture, Metadata, mapping_of, printed, text_of
from chaukas_spec_lite.trace.prices import details_of
from chaukas_spec_lite.trace.recording import Recording
from chaukas_spec_lite.trace.safety import never_raising, told
from chaukas_spec_lite.trace.scopes import Scope
from chaukas_spec_lite.trace.spans import ENDED

if TYPE_CHECKING:
    from typing_extensions import Self

Parameters: TypeAlias = "tuple[Any, Any, Any, Any, Any]"
"""Temperature, max_tokens, top_p, frequency_penalty and presence_penalty, None where they are not given."""

MAX_COLLECTED = 2_000_000
"""Characters of an answer that is streamed that are kept until its END: a generator may go on for days."""


class ModelSpan(Scope):
    """A call of a model: ``MODEL_INVOCATION_START`` and ``MODEL_INVOCATION_END`` by ``LLM`` with ``llm_invocation``.

    The END repeats provider, model and parameters, and adds what ``response`` and ``chunk`` were told.
    """

    _answer: dict[str, Any] | None = None
    _chunks: tuple[str, ...] | list[str] = ()
    _collected = 0
    _cost: CostDetails | float | Mapping[str, Any] | None = None
    _finish_reason = ""
    _first_ns = 0
    _late_request: Metadata | None = None
    _response_id = ""
    _start_time: datetime | None = None
    _tokens = (0, 0, 0)

    START, END, AUTHOR = EventType.MODEL_INVOCATION_START, EventType.MODEL_INVOCATION_END, Author.LLM

    def __init__(
        self,
        recording: Recording | None,
        provider: str,
        model: str,
        request: Metadata | None = None,
        parameters: Parameters = (None, None, None, None, None),
        metadata: Metadata | None = None,
        capture: Capture | None = None,
    ) -> None:
        self._provider = provider
        self._model = model
        self._request = request
        self._parameters = parameters
        super().__init__(recording, metadata, capture)

    def response(
        self,
        answer: object = None,
        *,
        prompt_tokens: int = 0,
        completion_tokens: int = 0,
        total_tokens: int = 0,
        finish_reason: str = "",
        response_id: str = "",
        cost: CostDetails | float | Mapping[str, Any] | None = None,
        model: str = "",
        request: Metadata | None = None,
    ) -> None:
        """Take what the model has answered, for the END. What a further call leaves out stays as it was.

        Args:
            answer: A text, recorded as ``{"content": ...}``, or a mapping; None for what ``chunk`` has collected.
            prompt_tokens: Tokens that went in.
            completion_tokens: Tokens that came out.
            total_tokens: All of them; the sum of the two if 0.
            finish_reason: Why the model stopped, such as ``stop``.
            response_id: The provider's id of the answer.
            cost: What the call cost, in US dollars, or with all that is known of it; it is computed if None.
            model: The model that has answered, where it was not known before, or is another.
            request: What it was asked, where that was not known before.
        """
        if self._stage == ENDED:
            self._tell_late("response")
        try:
            if answer is not None:
                self._answer = mapping_of(answer, "content")
            if prompt_tokens or completion_tokens or total_tokens:
                self._take_tokens(prompt_tokens, completion_tokens, total_tokens)
            if finish_reason:
                self._finish_reason = finish_reason
            if response_id:
                self._response_id = response_id
            if cost is not None:
                self._cost = cost
            if model:
                self._model = model
            if request is not None:
                self._late_request = request
        except Exception as error:  # of odd values, which do not stop the program
            told(error, "ModelSpan.response")

    def _take_tokens(self, prompt: int, completion: int, total: int) -> None:
        if not prompt.__class__ is completion.__class__ is total.__class__ is int:
            prompt = self._count("prompt_tokens", prompt)
            completion, total = self._count("completion_tokens", completion), self._count("total_tokens", total)
        old = self._tokens
        if prompt or completion:
            prompt, completion = prompt or old[0], completion or old[1]
            self._tokens = prompt, completion, total or prompt + completion
        elif total:
            self._tokens = old[0], old[1], total

    def _count(self, name: str, tokens: object) -> int:
        """A number of tokens: that of a text or a float, too, as JSON and headers have them; else 0, and metadata."""
        try:
            return int(cast(Any, tokens or 0))
        except Exception:  # of whatever it is
            told(TypeError(f"{name} cannot be {printed(tokens)[:100]}"), "ModelSpan.response")
            self.set(**{name: tokens})
            return 0

    @never_raising
    def chunk(self, text: str) -> None:
        """Take a part of an answer that is streamed. The parts together are the response, unless ``response`` has one.

        The time from START to the first part is ``performance.latency_ms`` of the END. With ``Recorder(stream=True)``,
        each part is an event too: ``OUTPUT_EMITTED`` by ``LLM`` with ``is_partial``; the END then has ``is_final``.
        Behind two million characters the answer is cut: the metadata has ``characters_left_out``.

        Args:
            text: The part; an empty one counts as the first sign of life.
        """
        recording = self._recording
        if recording is None:
            return
        if not self._first_ns:
            self._first_ns = recording.monotonic_ns()
        text = text_of(text)
        if text:
            self._collect(text)
            if recording.stream and self._place.span_id:
                made, own = (EventType.OUTPUT_EMITTED, EventStatus.IN_PROGRESS, Author.LLM), uuid7()
                event = recording.event(*made, self._place, own, own, self._place.span_id)
                event.message = MessageContent("assistant", text)
                event.is_partial = True
                recording.emit(event)

    def _collect(self, text: str) -> None:
        if not isinstance(self._chunks, list):
            self._chunks = []
        kept = text[: max(0, MAX_COLLECTED - self._collected)]
        if kept:
            self._chunks.append(kept)
        self._collected += len(text)

    def _fill_start(self, event: Event) -> None:
        self._start_time = event.timestamp
        # By position, which is faster: no answer and no tokens yet, then the parameters.
        event.llm_invocation = LLMInvocation(
            self._provider, self._model, _asked(self._request), None, 0, 0, 0, *self._parameters, event.timestamp
        )

    def _fill_end(self, event: Event, metadata: dict[str, Any], elapsed_ms: float) -> None:
        event.response_id = self._response_id
        recording = self._recording
        if self._chunks:
            event.is_final = recording is not None and recording.stream
        if self._first_ns and event.performance is not None:
            event.performance.latency_ms = (self._first_ns - self._started_ns) / 1e6
        if self._cost is not None or (recording is not None and recording.prices is not None):
            event.cost = self._cost_details(metadata)
        if self._status is EventStatus.FAILED:
            # The content is the error, if there is one, so that readers look for these here.
            metadata.setdefault("name", self._model)
            metadata.setdefault("provider", self._provider)
            metadata.setdefault("model", self._model)
        else:
            answer = self._answer
            if answer is None and self._chunks:
                answer = {"content": "".join(self._chunks)}
                if self._collected > MAX_COLLECTED:
                    metadata.setdefault("characters_left_out", self._collected - MAX_COLLECTED)
            event.llm_invocation = LLMInvocation(
                self._provider,
                self._model,
                _asked(self._late_request),
                answer,
                *self._tokens,
                *self._parameters,
                self._start_time,
                event.timestamp,
                elapsed_ms,
                self._finish_reason,
            )

    def _cost_details(self, metadata: dict[str, Any]) -> CostDetails | None:
        """What the call cost, failed ones too: they have used what they have used. An odd cost goes to the metadata."""
        prompt, completion, _ = self._tokens
        if self._cost is not None:
            try:
                return details_of(self._cost, self._provider, prompt, completion, "cost")
            except Exception as error:  # of an odd cost, which must not take the END with it
                told(error, "ModelSpan.response")
                metadata.setdefault("cost", self._cost)
                return None
        prices = self._recording.prices if self._recording is not None else None
        return None if prices is None else prices.cost(self._provider, self._model, prompt, completion)

    def again(self) -> Self:
        """Make a span with the same settings, that has not begun."""
        settings = self._request, self._parameters, self._extra, self._capture
        return type(self)(self._recording, self._provider, self._model, *settings)

    def take_arguments(self, arguments: dict[str, Any] | None) -> None:
        """Take the arguments of a call that is about to be made: they are the request."""
        if arguments and self._request is None:
            self._request = arguments

    def take_result(self, value: object) -> None:
        """Take the result of the call: it is the response, unless the function has told one."""
        if self._answer is None and value is not None:
            self.response(value)

    def take_item(self, item: object) -> bool:
        """Take what a generator has yielded: a text is a part of the answer."""
        if not isinstance(item, str):
            return False
        self.chunk(item)
        return True


def _asked(request: object) -> dict[str, Any] | None:
    """A request as the mapping that the schema wants."""
    if request is None or request.__class__ is dict:
        return cast("dict[str, Any] | None", request)
    return mapping_of(request, "messages" if isinstance(request, list) else "prompt")
