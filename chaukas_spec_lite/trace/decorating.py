"""Makes functions that record their calls out of functions."""

from __future__ import annotations

import functools
import inspect
from collections.abc import AsyncGenerator, Callable, Generator
from typing import TYPE_CHECKING, Any

from chaukas_spec_lite.errors import SettingTypeError
from chaukas_spec_lite.trace.capture import RETURN, Capture, Capturing
from chaukas_spec_lite.trace.context import Node
from chaukas_spec_lite.trace.safety import told

if TYPE_CHECKING:
    from chaukas_spec_lite.trace.scopes import Scope

_OWNERS = ("self", "cls", "mcs")
"""Names of first parameters that are no arguments of a call."""


def decorate(template: Scope, function: Any, capture: Capture) -> Any:
    """Make a function whose calls are spans like a template.

    Args:
        template: Each call's span is made with its ``again``.
        function: What is decorated.
        capture: What is recorded of arguments and results.

    Raises:
        SettingTypeError: It cannot be decorated.
        SettingError: ``capture``, if it is the decorator's own, names an argument that the function has not.
    """
    if is_method_object(function):
        # The decorator stands above @classmethod: what it has made is taken apart, and made again.
        kind = function.__class__
        return kind(_wrapped(template, function.__func__, capture, issubclass(kind, classmethod)))
    wrong = type(function).__name__
    if isinstance(function, (property, functools.cached_property)):
        raise SettingTypeError("function", f"has to be a function, not a {wrong}: write the decorator below @{wrong}")
    if isinstance(function, type) or not callable(function):
        raise SettingTypeError(
            "function",
            f"has to be a function, not {'the class ' if isinstance(function, type) else ''}"
            f"{getattr(function, '__qualname__', None) or type(function).__qualname__}; decorate its methods",
        )
    return _wrapped(template, function, capture, False)


def is_method_object(function: object) -> bool:
    """Whether something is what ``classmethod`` or ``staticmethod`` makes."""
    return isinstance(function, (classmethod, staticmethod))


def _wrapped(template: Scope, function: Callable[..., Any], capture: Capture, is_classmethod: bool) -> Any:
    template = template.for_calls()
    template.name_after(getattr(function, "__name__", "") or type(function).__name__)
    # The recorder's is for all functions, which have not all of its names.
    strict = template.own_capture is not None
    call = _Call(template, function, _capturing(function, capture, is_classmethod, strict))
    asked = _called(function)
    if inspect.iscoroutinefunction(asked):
        wrapper: Any = call.coroutine_function()
    elif inspect.isasyncgenfunction(asked):
        wrapper = call.async_generator_function()
    elif inspect.isgeneratorfunction(asked):
        wrapper = call.generator_function()
    else:
        wrapper = call.plain_function()
    return functools.update_wrapper(wrapper, function)


def _called(function: Any) -> Any:
    """The function that a call of something calls: it says what kind it is."""
    if _is_plain(function):
        return function
    return function.__class__.__call__  # an object that can be called


def _is_plain(function: object) -> bool:
    return inspect.isroutine(function) or isinstance(function, functools.partial)


def _capturing(function: Callable[..., Any], capture: Capture, is_classmethod: bool, strict: bool) -> Capturing:
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (ValueError, TypeError):  # of some functions written in C
        return Capturing(capture)
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    names = [each.name for each in parameters if each.kind in kinds]
    rest = next((each.name for each in parameters if each.kind is inspect.Parameter.VAR_POSITIONAL), "")
    # A bound method's signature has no `self` any more.
    skip = 1 if is_classmethod or (names and names[0] in _OWNERS) else 0
    capturing = Capturing(capture, names[skip:], rest, skip)
    if strict and not any(each.kind is inspect.Parameter.VAR_KEYWORD for each in parameters):
        called = getattr(function, "__qualname__", "") or type(function).__qualname__
        capturing.refuse_unknown([each.name for each in parameters][skip:], called)
    return capturing


class _Call:
    """What a decorated function does around a call of the original."""

    def __init__(self, template: Scope, function: Callable[..., Any], capturing: Capturing) -> None:
        self.template = template
        self.function = function
        self.capturing = capturing

    def begin(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Scope:
        """Make the span of a call and begin it, before the function can change its arguments."""
        span = self.template.for_calls()
        try:
            span.take_arguments(self.capturing.arguments(args, kwargs))
        except Exception as error:  # the call goes on
            told(error)
        span.enter()
        return span

    def result(self, span: Scope, value: object) -> None:
        if not self.capturing.result:
            return
        try:
            span.take_result(self.capturing.value(RETURN, value))
        except Exception as error:  # the call has its result
            told(error)

    def item(self, stack: _Stack, value: object) -> None:
        """Take note of what a generator has yielded."""
        if not self.capturing.result:
            return
        try:
            value = self.capturing.value(RETURN, value)
            if not stack.span.take_item(value):
                stack.items.append(value)
        except Exception as error:  # the consumer gets it all the same
            told(error)

    def items(self, stack: _Stack) -> None:
        """Take what a generator has yielded as its result, unless it has another."""
        if stack.items.count:
            stack.span.set(items=stack.items.count)
            stack.span.take_result(stack.items.value())

    def plain_function(self) -> Callable[..., Any]:
        function, begin, result = self.function, self.begin, self.result

        def wrapper(*args: Any, **kwargs: Any) -> Any:
            try:
                span = begin(args, kwargs)
            except RecursionError:  # Where there is no room, the program goes on unrecorded.
                return function(*args, **kwargs)
            try:
                value = function(*args, **kwargs)
            except BaseException as error:
                span.leave(error)
                raise
            result(span, value)
            span.leave(None)
            return value

        return wrapper

    def coroutine_function(self) -> Callable[..., Any]:
        function, begin, result = self.function, self.begin, self.result

        async def wrapper(*args: Any, **kwargs: Any) -> Any:
            span = begin(args, kwargs)
            try:
                value = await function(*args, **kwargs)
            except BaseException as error:
                span.leave(error)
                raise
            result(span, value)
            span.leave(None)
            return value

        return wrapper

    def generator_function(self) -> Callable[..., Any]:
        function, call = self.function, self

        def wrapper(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
            stack = _Stack(call.begin(args, kwargs))
            try:
                generator = function(*args, **kwargs)
                value = yield from _steps(stack, generator, call)
            except BaseException as error:
                call.items(stack)
                stack.leave(error)
                raise
            if value is not None:
                call.result(stack.span, value)
            call.items(stack)
            stack.leave(None)
            return value

        return wrapper

    def async_generator_function(self) -> Callable[..., Any]:
        function, call = self.function, self

        async def wrapper(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
            stack = _Stack(call.begin(args, kwargs))
            generator = function(*args, **kwargs)
            step: Callable[[], Any] = functools.partial(generator.__anext__)
            try:
                while True:
                    stack.enter()
                    try:
                        value = await step()
                    except StopAsyncIteration:
                        break
                    finally:
                        stack.exit()
                    call.item(stack, value)
                    try:
                        sent = yield value
                    except GeneratorExit:
                        stack.enter()
                        try:
                            await generator.aclose()
                        finally:
                            stack.exit()
                        raise
                    except BaseException as error:
                        step = functools.partial(generator.athrow, error)
                    else:
                        step = functools.partial(generator.asend, sent)
            except BaseException as error:
                call.items(stack)
                stack.leave(error)
                raise
            call.items(stack)
            stack.leave(None)

        return wrapper


_MAX_ITEMS = 100
"""How many items of a generator are recorded, unless they are all texts."""
_MAX_TEXT = 100_000
"""Characters of texts that a generator has yielded that are recorded."""


class _Items:
    """What a generator has yielded, as far as it is recorded: keeping all would keep it in memory."""

    __slots__ = ("_characters", "_kept", "_texts", "count")

    def __init__(self) -> None:
        self.count = 0
        self._kept: list[object] = []
        self._texts = True
        self._characters = 0

    def append(self, value: object) -> None:
        self.count += 1
        if self._texts and isinstance(value, str):
            self._characters += len(value)
            if self._characters <= _MAX_TEXT:
                self._kept.append(value)
            return
        self._texts = False
        if len(self._kept) < _MAX_ITEMS:
            self._kept.append(value)

    def value(self) -> object:
        """The texts as one, and other items as a list."""
        return "".join(map(str, self._kept)) if self._texts else self._kept[:_MAX_ITEMS]


class _Stack:
    """The open spans of a decorated generator, which are its context's only while it runs."""

    __slots__ = ("_context", "_inside", "_outside", "items", "span")

    def __init__(self, span: Scope) -> None:
        self.span = span
        self.items = _Items()
        self._context = span.context()
        self._outside: Node | None = None
        self._inside = span.set_aside()

    def enter(self) -> None:
        self._outside = self._context.swap(self._inside)

    def exit(self) -> None:
        self._inside = self._context.swap(self._outside)
        self._outside = None

    def leave(self, error: BaseException | None) -> None:
        """End the span, whosever context this is."""
        self.enter()
        try:
            self.span.leave(error)
        finally:
            self.exit()


def _steps(stack: _Stack, generator: Generator[Any, Any, Any], call: _Call) -> Generator[Any, Any, Any]:
    """Run a generator to its end, as ``yield from`` would, but for the stack around each step."""
    step: Callable[[], Any] = functools.partial(next, generator)
    while True:
        stack.enter()
        try:
            value = step()
        except StopIteration as stopped:
            return stopped.value
        finally:
            stack.exit()
        call.item(stack, value)
        try:
            sent = yield value
        except GeneratorExit:
            stack.enter()
            try:
                generator.close()
            finally:
                stack.exit()
            raise
        except BaseException as error:
            step = functools.partial(generator.throw, error)
        else:
            step = functools.partial(next, generator) if sent is None else functools.partial(generator.send, sent)
