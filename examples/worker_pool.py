"""Workers of multiprocessing that share one spool directory.

    CHAUKAS_GRPC_ENDPOINT=localhost:50051 python examples/worker_pool.py SPOOL_FOLDER

Each worker makes a client and an exporter of its own, once, in the pool's initializer: neither can be pickled. All of
them use the same spool directory, in which each has its own log. A worker that is killed leaves its log to the others.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
from typing import Any

from chaukas_spec_lite import BlockingChaukasClient, BlockingExporter, Event, EventStatus, EventType

exporter: BlockingExporter


def start_worker(spool: str) -> None:
    """Make this worker's exporter. When the worker ends, it sends what waits, for up to ``close_timeout`` seconds.

    What is left then stays in the spool, for whatever exports from there next.
    """
    global exporter  # noqa: PLW0603 (a worker has nothing else to keep it in)
    client = BlockingChaukasClient(tenant_id="acme", project_id="batch")
    exporter = BlockingExporter(client, spool=spool, close_timeout=30)


def job(number: int) -> int:
    """Do one piece of work, and record it."""
    agent = f"worker-{os.getpid()}"
    fields: dict[str, Any] = {"session_id": "batch-1", "span_id": f"job-{number}", "agent_name": agent}
    exporter.emit(Event(type=EventType.AGENT_START, status=EventStatus.STARTED, **fields))
    result = number * number
    metadata = {"output": result}
    exporter.emit(Event(type=EventType.AGENT_END, status=EventStatus.COMPLETED, metadata=metadata, **fields))
    return result


def main(spool: str) -> None:
    """Run twenty jobs in three workers."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(3, start_worker, (spool,)) as pool:
        print(sum(pool.map(job, range(20))))
        # Without these two lines, leaving ``with`` would kill the workers before they have sent everything.
        pool.close()
        pool.join()


if __name__ == "__main__":
    main(sys.argv[1])
