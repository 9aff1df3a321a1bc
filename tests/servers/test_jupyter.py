"""Jupyter's kernel: cells that are interrupted, and kernels that are restarted, shut down or killed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from chaukas_spec_lite.blocking import BlockingChaukasClient, blocking_drain
from tests.patience import HANG, wait_until
from tests.servers.running import ROOT
from tests.serving import RunningCollector, running_collector

pytestmark = pytest.mark.servers

FIRST = """
import os, time
from chaukas_spec_lite import BlockingChaukasClient, BlockingExporter, Event, EventType

client = BlockingChaukasClient(os.environ["COLLECTOR"])
exporter = BlockingExporter(client, spool=os.environ.get("SPOOL"))

def emit(name):
    return exporter.emit(Event(type=EventType.SYSTEM, session_id="cell", agent_name=name)).value
"""


class Notebook:
    """A kernel, and the cells that are run in it."""

    def __init__(self, kernel: Any, client: Any) -> None:
        self.kernel = kernel
        self.client = client

    def run(self, cell: str) -> str:
        """Run a cell that succeeds; return the repr of its value."""
        shown: list[str] = []
        answer = self.client.execute_interactive(
            f"_value = None\n{cell}",
            timeout=HANG,
            user_expressions={"value": "_value"},
            output_hook=lambda message: shown.append(str(message["content"])),
        )["content"]
        assert answer["status"] == "ok", shown
        return str(answer["user_expressions"]["value"]["data"]["text/plain"])


@contextmanager
def notebook(endpoint: str, **variables: str) -> Iterator[Notebook]:
    manager = pytest.importorskip("jupyter_client.manager")
    environ = os.environ | {"COLLECTOR": endpoint, "PYTHONPATH": str(ROOT)} | variables
    kernel, client = manager.start_new_kernel(startup_timeout=HANG, env=environ)
    try:
        opened = Notebook(kernel, client)
        opened.run(FIRST)
        yield opened
    finally:
        client.stop_channels()
        kernel.shutdown_kernel(now=True)


def names(collector: RunningCollector) -> list[str]:
    return sorted(event.agent_name for event in collector.events(session_id="cell"))


@pytest.mark.parametrize("end", ["restart", "shutdown"])
def test_a_kernel_that_ends_in_order_sends_what_cells_emitted(end: str) -> None:
    with running_collector() as collector, notebook(f"127.0.0.1:{collector.port}") as opened:
        assert opened.run("_value = [emit(str(n)) for n in range(5)]") == str(["queued"] * 5)
        if end == "restart":
            opened.kernel.restart_kernel(now=False)
            opened.client.wait_for_ready(timeout=HANG)
            opened.run(FIRST)
            opened.run("emit('again'); _value = exporter.flush(30)")
            assert names(collector) == [*map(str, range(5)), "again"]
        else:
            opened.kernel.shutdown_kernel(now=False)
            assert names(collector) == [*map(str, range(5))]


def test_an_interrupted_cell_costs_nothing() -> None:
    with running_collector() as collector, notebook(f"127.0.0.1:{collector.port}") as opened:
        for cell in ("time.sleep(600)", "exporter.loop.run(__import__('asyncio').sleep(600))"):
            # Otherwise the kernel refuses, after the error, what comes in the next moment.
            opened.client.execute(f"print(emit('interrupted')); {cell}", stop_on_error=False)
            wait_until(lambda: opened.client.get_iopub_msg(timeout=HANG)["msg_type"] == "stream")
            opened.kernel.interrupt_kernel()
            assert opened.client.get_shell_msg(timeout=HANG)["content"]["ename"] == "KeyboardInterrupt"
            assert opened.run("emit('after'); _value = exporter.flush(30)") == "True"
        assert names(collector) == ["after", "after", "interrupted", "interrupted"]


def test_a_killed_kernel_leaves_its_spool(tmp_path: Path) -> None:
    with running_collector() as collector:
        endpoint = f"127.0.0.1:{collector.port}"
        with notebook(endpoint, SPOOL=str(tmp_path / "spool")) as opened:
            assert opened.run("_value = [emit(str(n)) for n in range(5)]") == str(["spooled"] * 5)
            opened.kernel.restart_kernel(now=True)
        with BlockingChaukasClient(endpoint) as client:
            assert blocking_drain(tmp_path / "spool", client, HANG).all_sent
        assert names(collector) == [*map(str, range(5))]
