"""How long others wait while connections begin calls and reset them at once: ``python -m tests.rpc.rapid_reset``."""

from __future__ import annotations

import contextlib
import statistics
import sys
import threading
import time

import grpc

from tests.patience import HANG
from tests.rpc.relay import PREFIX
from tests.rpc.test_server_attacks import Attacked, attacked, resets
from tests.sockets import until_closed

ATTACKERS = 4


def waits(server: Attacked, seconds: float) -> list[float]:
    """Attack for so long, again and again; return how many seconds each call of another client took meanwhile."""
    flood, ends = resets(), time.monotonic() + seconds

    def attack() -> None:
        while time.monotonic() < ends:
            with server.connect() as peer:
                peer.settimeout(max(0.1, ends - time.monotonic()))
                # It is closed, or takes no more.
                with contextlib.suppress(OSError):
                    peer.sendall(flood)
                    until_closed(peer)

    attackers = [threading.Thread(target=attack) for _ in range(ATTACKERS)]
    found: list[float] = []
    with grpc.insecure_channel(f"127.0.0.1:{server.port}") as channel:
        for attacker in attackers:
            attacker.start()
        while time.monotonic() < ends:
            begun = time.monotonic()
            channel.unary_unary(f"{PREFIX}Echo")(b"", timeout=HANG, wait_for_ready=True)
            found.append(time.monotonic() - begun)
            time.sleep(0.01)
        for attacker in attackers:
            attacker.join()
    return found


def main(seconds: float = 6.0) -> None:
    """Print what was found."""
    with attacked() as server:
        found = waits(server, seconds)
    sys.stdout.write(
        f"{len(found)} calls while {ATTACKERS} connections reset others for {seconds} s: "
        f"median {statistics.median(found):.4f} s, longest {max(found):.3f} s\n"
    )


if __name__ == "__main__":
    main()
