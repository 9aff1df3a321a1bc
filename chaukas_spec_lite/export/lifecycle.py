"""What has to happen to exporters when their process forks or ends."""

from __future__ import annotations

import atexit
import os
import threading
import weakref
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
        """Save what can be saved: the interpreter ends."""
        ...


FORK_WAIT = 10.0
"""How long a fork waits for that of another thread. Whoever holds what the other one needs would wait for ever."""

_members: dict[int, weakref.ref[Member]] = {}
"""By ``id``. Unlike a ``WeakSet`` it can be listed while other threads change it."""


def join(member: Member) -> None:
    """Tell a member of forks and of the end, for as long as it is referenced elsewhere."""
    key, forget = id(member), _members.pop  # the module's names may be gone when the last one is
    _members[key] = weakref.ref(member, lambda _: forget(key, None))


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
        for member in _all():
            member.after_fork(in_child=True)


_forks = _Forks()


def _at_exit() -> None:
    for member in _all():
        member.at_exit()


# When this is imported, which happens once, and not with the first exporter: two threads may make theirs together.
atexit.register(_at_exit)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_forks.begin, after_in_parent=_forks.go_on, after_in_child=_forks.begin_anew)
