"""Whose process this is, and what has to happen when it forks or ends. No other module registers hooks for that.

Code that must behave differently in a forked child has five means:

* ``current`` identifies the process. What belongs to one process notes it when it is made and compares it when it is
  used.
* ``notice_fork`` does what a hook would have done, in a child that was forked in C, where no hook of Python runs (uWSGI
  is such a server). Every public call that uses what a process owns begins with it.
* ``after_fork_in_child`` registers a callback for every child.
* ``leave_to_parent`` keeps what a child inherited from being closed in the child.
* A ``Member`` starts anew in the child, and saves what can be saved when the interpreter ends.

In a child, the callbacks run in the order in which they were registered. They set aside the parent's open files and
event loops, so that afterwards each member can start again without using any of them. Nothing has to rest before a
fork: a child uses nothing of what it has a copy of.

At the end of the interpreter, or of a worker of ``multiprocessing`` or celery, come the callbacks of ``before_end``,
and then ``at_exit`` of each member.
"""

from __future__ import annotations

import atexit
import concurrent.futures.thread
import itertools
import logging
import os
import signal
import sys
import threading
import weakref
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager, suppress
from functools import cache
from types import FrameType, MethodType
from typing import Protocol

current = os.getpid
"""Returns the id of the process that runs. An object notes it when it is made, and compares it when it is used.

It is the system call itself, because hot paths call it, where one more call in Python would cost too much.
"""


# What a child inherited

_inherited: list[object] = []
"""Objects of the parent process. This list refers to them until the interpreter ends."""


def leave_to_parent(*things: object) -> None:
    """Keep objects of the parent process alive in a child.

    Destroying them would close connections, remove file descriptors from a selector, or write to a socket. Parent and
    child share all of these, so the parent would suffer from it.

    Args:
        things: Objects that the child will not use any more.
    """
    _inherited.append(things)


# Callbacks in the child

_callbacks: dict[int, Callable[[], Callable[[], object] | None]] = {}
"""By number, in the order of registration: a function that returns the callback, or None once its object is gone.

Unlike a ``WeakSet``, a dict can be listed while other threads change it.
"""

_numbers = itertools.count()


def after_fork_in_child(callback: Callable[[], object]) -> None:
    """Register a callback for forked children.

    It runs before anything else of the package runs there, with no other thread, and with locks as other threads of the
    parent held them.

    Args:
        callback: A function, or a bound method, which is called for as long as its object is referenced elsewhere.
    """
    _register(_callbacks, callback)


def _register(table: dict[int, Callable[[], Callable[[], object] | None]], callback: Callable[[], object]) -> None:
    # `pop` is bound now: at the end of the interpreter, this module's names may be gone before the object is.
    number, forget = next(_numbers), table.pop
    if isinstance(callback, MethodType):
        # Not a `WeakMethod`, whose own callback may fail at the end of the interpreter, when it is gone already.
        function, found = callback.__func__, weakref.ref(callback.__self__, lambda _: forget(number, None))
        table[number] = lambda: None if (thing := found()) is None else MethodType(function, thing)
    else:
        table[number] = lambda: callback


# Callbacks at the end

_endings: dict[int, Callable[[], Callable[[], object] | None]] = {}
"""As ``_callbacks``, for the end of the process."""


def before_end(callback: Callable[[], object]) -> None:
    """Register a callback for the end of the interpreter or worker, before members have their turn.

    Args:
        callback: A function, or a bound method, as for ``after_fork_in_child``. It may be called again.
    """
    _register(_endings, callback)
    watch_end()


def watch_end() -> None:
    """See to it that this process tells callbacks and members when it ends: to be called with the first work in it."""
    _watch_end()
    _watch_end_of_worker()


# Members


class Member(Protocol):
    """An object that is told that it is in a forked child, and when its process ends."""

    def after_fork(self) -> None:
        """Start anew: this is a child, and what waits is the parent's."""
        ...

    def at_exit(self) -> None:
        """Save what can be saved: the interpreter ends. May be called again."""
        ...

    def make_way(self, other: Member, /) -> None:
        """Let go of what another member that has work now may need, if nothing drives this one any more."""
        ...

    def has_work(self) -> bool:
        """Whether something would be lost if the object were destroyed now."""
        ...


_kept: set[Member] = set()
"""Members that may have work. The program may no longer refer to them: a local variable of ``main`` is gone at the end.
"""

_members: dict[int, weakref.ref[Member]] = {}
"""All members by ``id``, held weakly. Unlike a ``WeakSet``, a dict can be listed while other threads change it."""

_finalizers: list[object] = []
"""What was registered in this process with the libraries whose workers end without ``atexit``."""

_LAST = -100
"""A priority lower than those of ``multiprocessing``'s own finalizers, which may still emit events."""


def join(member: Member) -> None:
    """Make something a member, for as long as it is referenced elsewhere."""
    key, forget = id(member), _members.pop  # Bound now, as in `after_fork_in_child`.
    _members[key] = weakref.ref(member, lambda _: forget(key, None))
    _watch_end()


def keep(member: Member) -> None:
    """Keep a member alive that has work.

    To be called after a member was given work, unless ``is_kept``. It is kept until ``let_go``, or until another member
    is kept at a time when this one has no work.
    """
    # Members let themselves go only when they are closed. Those whose work is done are swept out here.
    for other in list(_kept - {member}):
        other.make_way(member)
        if not other.has_work():
            _kept.discard(other)
            # It may have got work between the two lines, from a thread that found it kept and so did not call `keep`.
            if other.has_work():
                _kept.add(other)
    _kept.add(member)
    _watch_end_of_worker()


def is_kept(member: Member) -> bool:
    """Whether a member was kept and has not been let go."""
    return member in _kept


def let_go(member: Member) -> None:
    """Keep a member no longer."""
    _kept.discard(member)


def _all() -> list[Member]:
    return [member for each in list(_members.values()) if (member := each()) is not None]


# Forks


class _Forks:
    """Lets everything start again in a child, once."""

    def __init__(self) -> None:
        self.process = current()
        """The process that all members belong to."""
        self.in_child = False
        """Whether this is a forked child."""
        self._noticing: dict[int, threading.RLock] = {}
        """The lock of ``notice``, by process: one that the parent holds says nothing about a child."""

    def after_in_child(self) -> None:
        """Set the parent's things aside, and let all members start again."""
        # Work that waits is the parent's to save. In the child it would be done twice.
        leave_to_parent(set(_kept))
        _kept.clear()
        _finalizers.clear()  # `multiprocessing` drops those of the parent in its children.
        callbacks = [call for each in list(_callbacks.values()) if (call := each()) is not None]
        self.in_child = True
        try:
            # A signal handler that emitted while members start again would use what they are about to set aside.
            with no_signals():
                _call_all([*callbacks, *(member.after_fork for member in _all())])
        finally:
            self.process = current()  # Last: until then, other threads that come to ``notice`` have to wait.

    def notice(self) -> None:
        """Do what has to be done in a child, unless a hook has done it."""
        with self._noticing.setdefault(current(), threading.RLock()):
            if self.process != current():
                self.after_in_child()


def _call_all(calls: Iterable[Callable[[], object]]) -> None:
    """Make every call, even if others fail; then raise the first error, which the interpreter reports.

    Otherwise one member's error, or Ctrl-C during its call, would leave the others to use what is the parent's, or lose
    what they hold at the end.
    """
    failures: list[BaseException] = []
    for call in calls:
        try:
            call()
        except BaseException as error:  # A signal handler may run during any call, and raise anything.
            failures.append(error)
    if failures:
        raise failures[0]


@contextmanager
def no_signals() -> Generator[None, None, None]:
    """Put off signals that this thread would handle, but for those of a crash, which ``faulthandler`` reports."""
    if not hasattr(signal, "pthread_sigmask"):  # On Windows, where nothing forks.
        yield
        return
    crashes = {signal.SIGSEGV, signal.SIGFPE, signal.SIGABRT, signal.SIGBUS, signal.SIGILL}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals() - crashes)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def notice_fork() -> None:
    """Notice that this is a forked child, if no hook of Python's has, and let everything start again in it.

    It costs a system call, so it may stand at the beginning of every public call.
    """
    if _forks.process != current():
        _forks.notice()


# The end


_ending: list[int] = []
"""The processes that have begun to end: this one, or its parent."""


def is_ending(frame: FrameType | None) -> bool:
    """Whether this process ends, and members save what they can, or will.

    Args:
        frame: What a signal handler has interrupted.
    """
    # A worker of ``multiprocessing`` does other things in here before members have their turn.
    while frame is not None and frame.f_code.co_name != "_exit_function":
        frame = frame.f_back
    return frame is not None or current() in _ending


def _at_exit(**_: object) -> None:
    _ending.append(current())
    # First, as it may be the first that happens in a child: what the parent holds is the parent's to save.
    notice_fork()
    endings = [call for each in list(_endings.values()) if (call := each()) is not None]
    _call_all([*endings, *(_ends(member) for member in _all())])


def _ends(member: Member) -> Callable[[], object]:
    def end() -> None:
        # Whoever presses Ctrl-C here does not want to wait. The member has saved what can be saved, and said what is
        # lost; a traceback would tell nothing more.
        with suppress(KeyboardInterrupt):
            member.at_exit()

    return end


@cache
def _watch_end() -> None:
    """Register ``_at_exit`` with the interpreter.

    ``atexit`` runs what was registered last first. So members end before anything that was registered
    earlier, such as the library that they send with. Two threads may come here together, because calling ``_at_exit``
    twice does no harm.
    """
    atexit.register(_at_exit)


def _watch_end_of_worker() -> None:
    """Register ``_at_exit`` with those whose forked processes end by ``os._exit``, without ``atexit``.

    When a process of ``multiprocessing``, or of celery's copy of it, begins, it clears what its parent had registered.
    So this comes with the first work in the process.
    """
    if _finalizers:
        return
    if "multiprocessing.util" in sys.modules:
        from multiprocessing import parent_process, util

        # ``parent_process`` knows no children of celery's copy (billiard), which runs the same finalizers.
        if parent_process() is not None or _forks.in_child:
            _finalizers.append(util.Finalize(None, _at_exit, exitpriority=_LAST))
    # The workers of celery's pool do not even run those; they send this signal before they end, and nobody else does.
    if (signals := sys.modules.get("celery.signals")) is not None and _forks.in_child:
        signals.worker_process_shutdown.connect(_at_exit, weak=False)
        _finalizers.append(signals)


_IMPORTED_BEFORE = (logging, concurrent.futures.thread)
"""Modules that have to be imported before the next lines are run.

``logging`` has hooks of its own: members may log while they start again, and its locks have to be new by then.

The first use of an executor would import ``concurrent.futures.thread`` in a loop's thread. At the interpreter's end
that import could wait for ever: for one in the main thread, within which the garbage collector waits for the loop.
"""

# Registered once, when this module is imported, because Python's fork hooks cannot be removed again.
_forks = _Forks()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forks.after_in_child)
