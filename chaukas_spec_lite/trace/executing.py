"""An executor of threads whose work knows what it is part of."""

from __future__ import annotations

import concurrent.futures
from collections.abc import Callable, Iterable, Iterator
from typing import Any, ParamSpec, TypeVar

from chaukas_spec_lite.errors import SettingTypeError

P = ParamSpec("P")
Result = TypeVar("Result")


class ContextExecutor(concurrent.futures.Executor):
    """Runs work in the context of whoever submits it.

    Args:
        executor: What runs it. Shutting down either is shutting down both.
        wrap: Makes a function that runs in the current context.

    Raises:
        SettingTypeError: The executor is none, or its work runs in other processes.
    """

    def __init__(self, executor: concurrent.futures.Executor, wrap: Callable[[Any], Any]) -> None:
        if not isinstance(executor, concurrent.futures.Executor):
            raise SettingTypeError("executor", f"has to be an Executor, not {type(executor).__name__}")
        if any(each.__name__ == "ProcessPoolExecutor" for each in type(executor).__mro__):
            raise SettingTypeError(
                "executor",
                "has to run its work in threads: to another process, send recorder.inject({}) as an argument",
            )
        self._executor = executor
        self._wrap = wrap

    def submit(
        self, fn: Callable[P, Result], /, *args: P.args, **kwargs: P.kwargs
    ) -> concurrent.futures.Future[Result]:
        """Submit work, as ``Executor.submit`` does."""
        wrapped: Callable[P, Result] = self._wrap(fn)
        return self._executor.submit(wrapped, *args, **kwargs)

    def map(
        self, fn: Callable[..., Result], *iterables: Iterable[Any], timeout: float | None = None, chunksize: int = 1,
        **settings: Any,
    ) -> Iterator[Result]:  # fmt: skip
        """Submit work for each element, as ``Executor.map`` does."""
        wrapped: Callable[..., Result] = self._wrap(fn)
        return self._executor.map(wrapped, *iterables, timeout=timeout, chunksize=chunksize, **settings)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Shut the executor down, as ``Executor.shutdown`` does."""
        self._executor.shutdown(wait, cancel_futures=cancel_futures)
