"""What has to happen to exporters when their process forks or ends."""

from __future__ import annotations

import atexit
import os
import sys
import threading
import weakref
from functools import cache
from typing import Protocol


class Member(Protocol):
    """Something that lives as long as the process, or less."""

    def before_fork(self) -> None:
        """Come to rest, so that the child's copy is whole."""
        ...

    def after_fork(self, in_child: bool) -> None:
        """Go on, should it rest; in the child start anew, whether it rested or not."""
        ...

    def at_exit(self) -> None:
        """Save what can be saved: the interpreter ends. May be called again."""
        ...

    def has_work(self) -> bool:
        """Whether something would be lost with it."""
        ...


FORK_WAIT = 10.0
"""How long a fork waits for that of another thread. Whoever holds what the other one needs would wait for ever."""

_kept: set[Member] = set()
"""Those that may have work. A program may refer to them nowhere: a local variable of ``main`` is gone at the end."""

_inherited: list[set[Member]] = []
"""What the parent kept. It is not finalized in a child either: that might touch what both share."""

_members: dict[int, weakref.ref[Member]] = {}
"""By ``id``. Unlike a ``WeakSet`` it can be listed while other threads change it."""


_finalizers: list[object] = []

_LAST = -100
"""A priority lower than those that ``multiprocessing`` uses itself: what they call may still emit."""


def join(member: Member) -> None:
    """Tell a member of forks and of the end, for as long as it is referenced elsewhere."""
    key, forget = id(member), _members.pop  # the module's names may be gone when the last one is
    _members[key] = weakref.ref(member, lambda _: forget(key, None))
    _watch_end()


def keep(member: Member) -> None:
    """Keep a member that nobody may refer to any more, until it is let go, or another one is kept and it has no work.

    Whoever gives it work calls this afterwards unless ``is_kept``.
    """
    for other in list(_kept):
        if not other.has_work():
            _kept.discard(other)
            if other.has_work():  # which it got between the two lines, from somebody who found it kept
                _kept.add(other)
    _kept.add(member)
    _watch_end_of_worker()


def is_kept(member: Member) -> bool:
    """Whether it was kept and has not been let go."""
    return member in _kept


def let_go(member: Member) -> None:
    """Keep a member no longer."""
    _kept.discard(member)


def _all() -> list[Member]:
    return [member for each in list(_members.values()) if (member := each()) is not None]


class _Forks:
    """Lets threads fork one after the other: the interpreter runs the hooks of several forks at the same time."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._depth = 0
        """Forks under way in the thread with the lock; more than one where a signal handler forks amid another."""

    def begin(self) -> None:
        """Bring all members to rest."""
        # Who waits in vain forks all the same: what the other thread keeps at rest is at rest.
        if self._lock.acquire(timeout=FORK_WAIT):
            self._depth += 1
            if self._depth == 1:
                for member in _all():
                    member.before_fork()

    def depth(self) -> int:
        """Tell how many forks of this thread are under way."""
        if not self._lock.acquire(blocking=False):
            return 0
        self._lock.release()
        return self._depth

    def go_on(self) -> None:
        """Let all members go on, unless this fork came amid another, which goes on now."""
        depth = self.depth()
        if depth:
            try:
                if depth == 1:
                    for member in _all():
                        member.after_fork(in_child=False)
            finally:
                self._depth -= 1
                self._lock.release()

    def begin_anew(self) -> None:
        """In a child, where locks are as other threads of its parent had them: let all members start anew."""
        # A fork that this one interrupted goes on in the child, too.
        self._depth = max(0, self.depth() - 1)
        self._lock = threading.RLock()
        for _ in range(self._depth):
            self._lock.acquire()
        _inherited.append(set(_kept))
        _kept.clear()
        _finalizers.clear()
        for member in _all():
            member.after_fork(in_child=True)


_forks = _Forks()


def _at_exit() -> None:
    for member in _all():
        member.at_exit()


@cache
def _watch_end() -> None:
    """Be called before what was registered earlier, such as the end of what the first exporter sends with.

    Two threads may come here together; being called twice does no harm.
    """
    atexit.register(_at_exit)


def _watch_end_of_worker() -> None:
    """Be called at the end of a process of ``multiprocessing``, too: those that it forks end without ``atexit``.

    It forgets what was registered before its process began, so this comes with the first work in it.
    """
    if "multiprocessing.util" in sys.modules and not _finalizers:
        from multiprocessing import parent_process, util

        if parent_process() is not None:
            _finalizers.append(util.Finalize(None, _at_exit, exitpriority=_LAST))


# Once, when this is imported.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_forks.begin, after_in_parent=_forks.go_on, after_in_child=_forks.begin_anew)
