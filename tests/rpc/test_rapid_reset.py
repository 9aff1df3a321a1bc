"""Calls that are begun and reset at once, by whoever comes again as soon as its connection has ended."""

from __future__ import annotations

from tests.rpc import rapid_reset
from tests.rpc.test_server_attacks import attacked, resets
from tests.sockets import until_closed


def test_who_leaves_and_comes_again_gets_no_new_budget() -> None:
    """A connection cost some 20 ms, however often one came again."""
    flood = resets()[:12_000]
    with attacked() as server:
        with server.connect() as peer:  # The first of an address is trusted, and has to be told to calm down.
            peer.sendall(flood)
            until_closed(peer)
        with server.costing_at_most(0.8):
            for _ in range(100):
                with server.connect() as peer:
                    peer.sendall(flood)
                    peer.recv(1)
            server.serves()


def test_rapid_resets_leave_the_server_time_for_others() -> None:
    """They kept it busy all the time, and others waited up to 14.7 s; now it is some hundredths of a second.

    How long others wait depends on what else the machine does, so only ``python -m tests.rpc.rapid_reset`` tells that.
    """
    with attacked() as server, server.costing_at_most(1.5):
        assert rapid_reset.waits(server, 3.0)
