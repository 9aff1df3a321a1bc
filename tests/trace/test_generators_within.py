"""Generators that run within each other, begun in another order than they go on in. `test_any_program` found these."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import ExitStack

from chaukas_spec_lite import Recorder
from chaukas_spec_lite.trace.outline import outline


def test_the_latest_span_of_a_generator_is_the_parent_whatever_its_consumer_opens_meanwhile() -> None:
    recorder = Recorder.to("memory:")

    def steps() -> Iterator[None]:
        with recorder.tool("first"):
            yield
            with recorder.tool("second"):
                yield
                with recorder.tool("third"):
                    yield

    with recorder.agent("consumer"):
        running = steps()
        next(running)
        next(running)
        with recorder.tool("meanwhile"):
            next(running)
        running.close()
    assert (
        outline(recorder.events)
        == """\
agent consumer
  tool first [cancelled]
    tool second [cancelled]
      tool third [cancelled]
  tool meanwhile"""
    )


def test_a_decorated_generator_keeps_its_span_in_a_generator_that_goes_on_with_it() -> None:
    recorder = Recorder.to("memory:")

    @recorder.tool("stream")
    def stream() -> Iterator[int]:
        yield 1
        with recorder.tool("inside"):
            yield 2

    def consumer() -> Generator[int, Iterator[int], None]:
        with recorder.tool("consumer"):
            items = yield 0
            yield from items

    started = consumer()
    next(started)
    items = stream()
    next(items)
    assert started.send(items) == 2
    started.close()
    items = None  # type: ignore[assignment]  # nobody wants the rest
    assert (
        outline(recorder.events)
        == """\
tool consumer [cancelled]
tool stream [cancelled]
  tool inside [cancelled]"""
    )


def test_of_two_generators_that_run_the_inner_one_is_around() -> None:
    recorder = Recorder.to("memory:")

    def inner() -> Iterator[None]:
        with recorder.tool("inner"):
            yield
            recorder.system("from the inner one")
            yield

    def outer() -> Iterator[None]:
        within = inner()
        next(within)
        with recorder.tool("outer"):
            yield
            next(within)
            yield

    with ExitStack() as stack:
        running = outer()
        next(running)
        stack.enter_context(recorder.tool("meanwhile"))
        next(running)
        running.close()
    assert (
        outline(recorder.events)
        == """\
tool inner [cancelled]
  system from the inner one
tool outer [cancelled]
tool meanwhile"""
    )
