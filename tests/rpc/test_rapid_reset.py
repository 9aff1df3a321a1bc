"""Calls that are begun and reset at once, by whoever comes again as soon as its connection has ended."""

from __future__ import annotations

import statistics

from tests.rpc import rapid_reset
from tests.rpc.test_server_attacks import attacked, resets, until_closed


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


def test_rapid_resets_make_others_wait_for_moments_only() -> None:
    """They waited 14.7 s; it is some hundredths, as ``python -m tests.rpc.rapid_reset`` tells."""
    with attacked() as server:
        found = rapid_reset.waits(server, 2.0)
    assert max(found) < 3
    assert statistics.median(found) < 0.2
