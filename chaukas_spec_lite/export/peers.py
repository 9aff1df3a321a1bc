"""What the queues of one exporter learn from each other about the server that they share."""

from __future__ import annotations

from chaukas_spec_lite.export.batching import Batching
from chaukas_spec_lite.export.sender import Verdict


class Peers:
    """The decisions of all queues that send to one server. All of them are made on one event loop."""

    def __init__(self) -> None:
        self._members: list[Batching] = []

    def join(self, member: Batching) -> None:
        """Hear of the others from now on, and be heard."""
        self._members.append(member)

    def leave(self, member: Batching) -> None:
        """End that; leaving again does nothing."""
        self._members = [each for each in self._members if each is not member]

    def succeeded(self, member: Batching, now: float) -> None:
        """Tell the others that the server has taken a batch."""
        for each in self._members:
            if each is not member:
                each.others_succeeded(now)

    def failed(self, member: Batching, verdict: Verdict) -> None:
        """Tell the others that the server is not well; other failures are about the events, or may be."""
        if verdict is Verdict.LATER:
            for each in self._members:
                if each is not member:
                    each.others_failed()
