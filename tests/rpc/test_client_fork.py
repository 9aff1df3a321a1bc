"""After a fork the child connects for itself, and the parent never notices."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.patience import HANG

ROOT = Path(__file__).parents[2]

PROGRAM = """
import asyncio, json, os, sys, threading
from chaukas_spec_lite.client.client import ChaukasClient
from tests.rpc import faulty

async def serve(ready):
    async with faulty.faulty(faulty.ok()) as (server, address):
        ready.append((server, address, asyncio.get_running_loop(), stop := asyncio.Event()))
        await stop.wait()

ready = []
thread = threading.Thread(target=lambda: asyncio.run(serve(ready)))
thread.start()
while not ready:
    pass
server, address, loop, stop = ready[0]

async def parent(client):
    await client.get_capabilities()
    read, write = os.pipe()
    pid = os.fork()
    if not pid:
        try:
            # A loop is running here too, but it is the parent's: a child makes its own.
            asyncio._set_running_loop(None)
            asyncio.run(child(client, write))
        finally:
            os._exit(0)
    os.close(write)
    answer = await asyncio.to_thread(os.read, read, 1000)
    os.close(read)
    os.waitpid(pid, 0)
    await client.get_capabilities()
    await asyncio.sleep(0.05)
    return answer

async def child(client, write):
    try:
        await client.get_capabilities()
        await client.aclose()
        os.write(write, b"fine")
    except BaseException as error:
        os.write(write, repr(error).encode())

async def main():
    async with ChaukasClient(address) as client:
        answer = await parent(client)
        return answer.decode(), len(server.connections), server.closed, len(server.connections[0].requests)

result = asyncio.run(main())
loop.call_soon_threadsafe(stop.set)
thread.join()
print(json.dumps(result))
"""


@pytest.mark.parametrize("options", [[], ["-X", "dev"]], ids=["plain", "dev"])
def test_a_forked_child_leaves_the_parent_s_connection_alone(options: list[str]) -> None:
    # Python 3.12 and later warn of any fork with threads, which is what this is about.
    done = subprocess.run(
        [sys.executable, *options, "-W", "ignore::DeprecationWarning", "-c", PROGRAM],
        capture_output=True,
        text=True,
        timeout=HANG,
        cwd=ROOT,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answer, connections, closed, requests = json.loads(done.stdout)
    assert answer == "fine"
    assert connections == 2
    assert closed <= 1, "the parent's connection was closed"
    assert requests == 2, "the parent had to connect again, or the child used its connection"
    assert "Traceback" not in done.stderr, done.stderr
