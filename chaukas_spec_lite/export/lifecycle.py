"""What has to happen to exporters when their process forks or ends."""

from __future__ import annotations

import atexit
import os
import weakref
from functools import cache
from typing import Protocol


class Member(Protocol):
    """Something that lives as long as the process, or less."""

    def before_fork(self) -> None:
        """Come to rest, so that the child's copy is whole."""
        ...

    def after_fork(self, in_child: bool) -> None:
        """Go on, or, in the child, start anew."""
        ...

    def at_exit(self) -> None:
        """Save what can be saved: the interpreter ends."""
        ...


_members: weakref.WeakSet[Member] = weakref.WeakSet()
_resting: list[Member] = []


def join(member: Member) -> None:
    """Tell a member of forks and of the end, for as long as it is referenced elsewhere."""
    _members.add(member)
    _watch()


@cache
def _watch() -> None:
    """Register once: the interpreter's hooks cannot be taken back."""
    atexit.register(_at_exit)
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(before=_before, after_in_parent=_after_in_parent, after_in_child=_after_in_child)


def _before() -> None:
    if _resting:  # two threads that began at the same moment may have registered twice
        return
    _resting[:] = list(_members)
    for member in _resting:
        member.before_fork()


def _after_in_parent() -> None:
    for member in _resting:
        member.after_fork(in_child=False)
    _resting.clear()


def _after_in_child() -> None:
    for member in _resting:
        member.after_fork(in_child=True)
    _resting.clear()


def _at_exit() -> None:
    for member in list(_members):
        member.at_exit()
