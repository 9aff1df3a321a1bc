"""Makes functions that record their calls out of functions."""

# sys._getframe is private by its name only:
# pyright: reportPrivateUsage=false

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import AsyncGenerator, Callable, Generator
from typing import TYPE_CHECKING, Any

from chaukas_spec_lite.errors import SettingTypeError
from chaukas_spec_lite.trace.capture import RETURN, Capture, Capturing
from chaukas_spec_lite.trace.context import Node, lends
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
    if isinstance(function, type) or not callable(function):
        raise SettingTypeError("function", f"has to be a function, not {_mistaken(function)}")
    return _wrapped(template, function, capture, False)


def _mistaken(function: object) -> str:
    """What something is that cannot be decorated, and what to write instead."""
    if isinstance(function, type):
        return f"the class {function.__qualname__}; decorate its methods"
    kind = type(function).__qualname__
    # A property, for example.
    return f"a {kind}; write this decorator below @{kind}" if hasattr(type(function), "__get__") else kind


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
            stack.span.take_items(stack.items.count, stack.items.value())

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
            try:
                span = begin(args, kwargs)
            except RecursionError:  # as above
                return await function(*args, **kwargs)
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
            stack = _Stack(call.begin(args, kwargs), lends(sys._getframe()))
            sent, thrown, result = None, None, None
            try:
                generator = function(*args, **kwargs)
                # Not `yield from`, which would close the generator where GeneratorExit is thrown in: what the generator
                # does then, such as to return a value from `close`, is for its consumer to see.
                while True:
                    stack.enter()
                    try:
                        value = generator.send(sent) if thrown is None else generator.throw(thrown)
                    except StopIteration as stopped:
                        result = stopped.value
                        break
                    finally:
                        sent = thrown = None  # Its traceback has this frame: they would keep each other alive.
                        stack.exit()
                    call.item(stack, value)
                    try:
                        sent = yield value
                    except BaseException as error:
                        thrown = stack.thrown(error)
            except BaseException as error:
                call.items(stack)
                stack.leave(error)
                raise
            if result is not None:
                call.result(stack.span, result)
            call.items(stack)
            stack.leave(None)
            return result

        return wrapper

    def async_generator_function(self) -> Callable[..., Any]:
        function, call = self.function, self

        async def wrapper(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
            stack = _Stack(call.begin(args, kwargs), lends(sys._getframe()))
            sent, thrown = None, None
            try:
                generator = function(*args, **kwargs)
                while True:
                    stack.enter()
                    try:
                        value = await (generator.asend(sent) if thrown is None else generator.athrow(thrown))
                    except StopAsyncIteration:
                        break
                    finally:
                        sent = thrown = None  # Its traceback has this frame: they would keep each other alive.
                        stack.exit()
                    call.item(stack, value)
                    try:
                        sent = yield value
                    except BaseException as error:
                        if generator.ag_frame is None:  # the garbage collector may have finalized it first
                            raise
                        # GeneratorExit, too, as what the generator does then is for its consumer to see.
                        thrown = stack.thrown(error)
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

    __slots__ = ("_context", "_inside", "_lent", "_outside", "items", "span")

    def __init__(self, span: Scope, lent: bool) -> None:
        self._lent = lent
        self.span = span
        self.items = _Items()
        self._context = span.context()
        self._outside: Node | None = None
        self._inside = None if lent else span.set_aside()
        if self._inside is not None and self._inside.asleep:
            self._inside.body = sys._getframe(1)  # pyright: ignore[reportPrivateUsage]  # what `inspect` does, too

    def enter(self) -> None:
        if not self._lent:
            self._outside = self._context.swap(self._inside)

    def exit(self) -> None:
        if not self._lent:
            self._inside = self._context.swap(self._outside)
            self._outside = None

    def thrown(self, error: BaseException) -> BaseException:
        """Take note of what the consumer throws in. The generator gets all of it, and may do with it what it likes."""
        if isinstance(error, GeneratorExit):
            self.span.cancel()  # Even if it returns in peace.
        return error

    def leave(self, error: BaseException | None) -> None:
        """End the span, whosever context this is."""
        self.enter()
        try:
            self.span.leave(error)
        finally:
            self.exit()
