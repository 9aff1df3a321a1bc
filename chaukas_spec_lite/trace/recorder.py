"""The recorder: one line for each step of an agent, with the trace kept."""

from __future__ import annotations

import concurrent.futures
import contextlib
import contextvars
import functools
import inspect
import os
from collections.abc import Callable, Generator, Iterable
from contextlib import AbstractContextManager
from types import TracebackType
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, cast

from chaukas_spec_lite import process
from chaukas_spec_lite.errors import SettingTypeError
from chaukas_spec_lite.misspelt import arguments_of
from chaukas_spec_lite.settings import Flag, Instance
from chaukas_spec_lite.trace.before_send import checked
from chaukas_spec_lite.trace.capture import Capture, check_capture, texts_of
from chaukas_spec_lite.trace.context import Place
from chaukas_spec_lite.trace.continuing import AcrossProcesses, place_of, position_of
from chaukas_spec_lite.trace.failures import MAX_STACK
from chaukas_spec_lite.trace.prices import Prices, PriceSource
from chaukas_spec_lite.trace.recording import Recording, Times, owner_of
from chaukas_spec_lite.trace.sampling import Sampler
from chaukas_spec_lite.trace.scopes import Scope
from chaukas_spec_lite.trace.sending import BeforeSend, RecorderStats, Sending, Sink
from chaukas_spec_lite.trace.steps import Steps

if TYPE_CHECKING:
    from typing_extensions import Self, Unpack

    from chaukas_spec_lite.sinks.options import RecorderOptions
    from chaukas_spec_lite.spec.common.v1.events import Event

P = ParamSpec("P")
Result = TypeVar("Result")

_FLAG, _CLOCK = Flag(), Instance(Times, "write clock=Times(now=..., monotonic_ns=...)")


class Recorder(Steps, AcrossProcesses):
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
        send_on_error: Whether an event at which one of them raises is sent all the same; it is kept back if not.
        sampler: Chooses which sessions and events are left out.
        prices: What models cost: ``{"gpt-4o": (2.50, 10.00)}`` in USD per million tokens of prompt and answer, a
            function, or ``"genai"`` for the table of the package genai-prices; see ``Prices``. Without it, calls have
            the cost that ``response`` is told.
        capture: What decorators record: True for arguments and results, False for neither, the names of arguments, with
            ``return`` for the result, or a function that gets a name and a value and returns what is recorded.
        parent: Headers or variables that another process made with ``inject`` or ``environment``: what is outside of
            any span here is inside of its span. ``os.environ``, in a process that it has started.
        enabled: Whether anything is recorded. If not, all calls are there and do nothing.
        stream: Whether each part of a streamed answer is an event too.
        max_stack: Characters kept of a stack trace; 0 for none.
        clock: The clocks, for tests.

    Raises:
        SettingTypeError: The sink has no ``emit``, ``before_send`` cannot be called, or another argument is of a type
            that cannot be meant.
    """

    def __init__(
        self,
        sink: Sink,
        *,
        tenant_id: str = "",
        project_id: str = "",
        branch: str = "",
        tags: Iterable[str] = (),
        before_send: BeforeSend | Iterable[BeforeSend] | None = None,
        send_on_error: bool = False,
        sampler: Sampler | None = None,
        prices: PriceSource | None = None,
        capture: Capture = True,
        parent: object = None,
        enabled: bool = True,
        stream: bool = False,
        max_stack: int = MAX_STACK,
        clock: Times | None = None,
    ) -> None:
        check_capture(capture)
        for name, given in (("enabled", enabled), ("stream", stream)):
            _FLAG(given, name)  # "no" would be yes
        if clock is not None:
            _CLOCK(clock, "clock")
        if isinstance(max_stack, bool) or not isinstance(max_stack, int):
            raise SettingTypeError("max_stack", f"has to be a number of characters, not {type(max_stack).__name__}")
        functions = checked(before_send)
        self._sending = Sending(sink, before_send=functions, sampler=sampler, send_on_error=send_on_error)
        self._redirected = functools.partial(Sending, before_send=functions, send_on_error=send_on_error)
        recording = Recording(
            self._sending,
            tenant_id=tenant_id,
            project_id=project_id,
            branch=branch,
            tags=tuple(texts_of(tags)),
            capture=capture,
            stream=stream,
            max_stack=max_stack,
            clock=clock,
            prices=Prices(prices) if prices is not None else None,
        )
        if parent is not None and (position := position_of(parent)) is not None:
            recording.outside = place_of(position, None)
        super().__init__(recording, enabled)
        if enabled:
            process.before_end(recording.end_all)

    @classmethod
    def to(cls, address: str | os.PathLike[str], **settings: Unpack[RecorderOptions]) -> Self:
        """Make a recorder whose events go to an address: ``Recorder.to("file:events.jsonl", project_id="bot")``.

        With ``CHAUKAS_DISABLED=1`` nothing is recorded, and one line of the log says so.

        Args:
            address: ``grpc://host:port`` (``grpcs://`` with TLS), ``https://host/path``, ``file:events.jsonl``,
                ``console:``, ``console:tree``, ``memory:`` or ``null:``; a path object for a file.
            settings: Those of the recorder, and those of ``open_sink``, such as ``spool`` and ``api_key``, by name.

        Raises:
            SettingError: The address or a setting cannot be used, or a file cannot be written to.
            TypeError: A setting has the wrong type, or there is none of that name.
        """
        if cast("object", address) is None:  # as of a variable that is not set
            raise SettingTypeError("address", "has to be text or a path, not None; Recorder.from_env() has none")
        return cls._opened(address, settings)

    @classmethod
    def from_env(cls, **settings: Unpack[RecorderOptions]) -> Self:
        """Make a recorder whose events go where the environment says.

        The first of these that is set says it: ``CHAUKAS_GRPC_ENDPOINT``; ``CHAUKAS_OUTPUT_MODE=file`` with
        ``CHAUKAS_OUTPUT_FILE``; ``CHAUKAS_ENDPOINT``. If none is, or with ``CHAUKAS_DISABLED=1``, nothing is recorded,
        and one line of the log says so. ``CHAUKAS_DEBUG=1`` shows each event on standard error. Tenant, project, branch
        and tags come from their variables. ``TRACEPARENT``, ``TRACESTATE`` and ``BAGGAGE``, which ``environment``
        makes, say what span of another process this one is inside of, unless ``parent`` does.

        Args:
            settings: As for ``to``. They win over variables, but for ``CHAUKAS_DISABLED``.

        Raises:
            SettingError: A variable or a setting cannot be used; its ``name`` says which.
            TypeError: A setting has the wrong type, or there is none of that name.
        """
        return cls._opened(None, settings)

    @classmethod
    def _opened(cls, address: str | os.PathLike[str] | None, settings: RecorderOptions) -> Self:
        # Here, because it brings the exporter and gRPC along, which a recorder with a sink of its own does not need.
        from chaukas_spec_lite.sinks.opening import sink_for

        sink, own = sink_for(address, settings, set(arguments_of(cls)) - {"sink"})
        if address is None:
            environ = settings.get("environ")
            own.setdefault("parent", os.environ if environ is None else environ)
        try:
            return cls(sink, **own)
        except BaseException:
            sink.close(0)
            raise

    @property
    def events(self) -> list[Event]:
        """The events of a recorder that keeps them, as one made by ``Recorder.to("memory:")`` does; oldest first.

        Raises:
            AttributeError: Its sink keeps none.
        """
        sink: Any = self._sending.sink
        events = getattr(sink, "events", None)
        if events is None:
            raise AttributeError(f"events go to {sink!r}, which keeps none: use Recorder.to('memory:')")
        return list(events)

    # Context

    @property
    def current(self) -> Scope | None:
        """The current span; None outside of any, and inside of one of another process."""
        found = owner_of(self._recording.context.current())
        return found if isinstance(found, Scope) else None

    @property
    def place(self) -> Place | None:
        """Where the program stands: the ids that an event would have here; None outside of any span."""
        return self._recording.here()

    def under(self, place: Scope | Place | None) -> AbstractContextManager[object]:
        """Let what happens within a ``with`` be inside of a span that was begun by hand, or is elsewhere.

        Args:
            place: The span, or a place. None, which ``current`` and ``place`` are outside of any span, changes nothing.
        """
        if isinstance(place, Scope) and place.span_id:
            return self._recording.context.at(place.place, place.reference)
        if isinstance(place, Place):
            return self._recording.context.at(place)
        return contextlib.nullcontext()  # it has not begun, or nothing is recorded, or this is no place

    def wrap(self, function: Callable[P, Result]) -> Callable[P, Result]:
        """Make a function that runs in a copy of the current context, wherever it is called: in a thread, say.

        Args:
            function: The function. It may be called more than once, and at the same time. Of a coroutine function, what
                it awaits is inside of the current span too.
        """
        if self._off is not None:
            return function
        stack = self._recording.context
        pinned = stack.pinned()
        if inspect.iscoroutinefunction(function):
            # Its body runs where it is awaited, with the other variables of that context.
            return cast("Callable[P, Result]", stack.carried(function, pinned))
        context = contextvars.copy_context()
        context.run(stack.swap, pinned)

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

    # Sending

    @property
    def enabled(self) -> bool:
        """Whether anything is recorded."""
        return self._off is None

    def flush(self, timeout: float = 30.0) -> bool:
        """Send what waits, where the sink can.

        Args:
            timeout: How many seconds to wait at most; below 0 counts as 0.

        Returns:
            Whether all went well, by what the sink says. False within an event loop, if the sink works in one:
            ``aflush`` waits for it there.

        Raises:
            SettingError: ``timeout`` is no number.
        """
        return self._sending.flush(timeout)

    def close(self, timeout: float | None = None) -> bool:
        """End spans that are still open, and the sink. Doing it again changes nothing.

        Args:
            timeout: How many seconds to take at most, below 0 as for ``flush``; None for the sink's own.

        Returns:
            Whether all went well, by what the sink says. False within an event loop, if the sink works in one:
            ``aclose`` ends it there.

        Raises:
            SettingError: ``timeout`` is no number.
        """
        self._recording.end_all("closed")
        return self._sending.close(timeout)

    async def aflush(self, timeout: float = 30.0) -> bool:
        """Do as ``flush`` does, in an event loop, which is not held up."""
        return await self._sending.aflush(timeout)

    async def aclose(self, timeout: float | None = None) -> bool:
        """Do as ``close`` does, in an event loop, which is not held up."""
        self._recording.end_all("closed")
        return await self._sending.aclose(timeout)

    @contextlib.contextmanager
    def redirect(self, sink: Sink) -> Generator[None, None, None]:
        """Let events go to another sink within a ``with``, in all threads and tasks: for tests.

        ``before_send`` is asked as before, a sampler is not. Where events went before, none arrive meanwhile.

        Args:
            sink: Where they go; it is not closed.
        """
        before = self._recording.sending
        self._recording.send_to(self._redirected(sink))
        try:
            yield
        finally:
            self._recording.send_to(before)

    def stats(self) -> RecorderStats:
        """Return how many events were recorded, and what became of them, in this process."""
        return self._sending.stats()

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        """Return the recorder itself: objects that hold one can be copied, as those that hold a logger can."""
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        raise TypeError(
            "a recorder cannot be pickled, as what it holds belongs to its process: make one in each process, "
            "with Recorder.from_env()"
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc_val: BaseException | None, exc_tb: TracebackType | None
    ) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc_val: BaseException | None, exc_tb: TracebackType | None
    ) -> None:
        await self.aclose()
