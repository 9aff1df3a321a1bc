"""The exporter: events leave a program through it, by way of memory or a spool on disk, in batches.

An event goes from ``exporter`` through ``encoder`` and ``pipeline`` into ``queue``, which holds it in ``disk`` or
``memory``, and counts it in ``ledger``. From there the pipeline's task hands it to a ``sender``, as ``batching``
decides; ``recovery`` is a second pipeline, for what ended processes left. What people are told goes by ``reporter``.

What becomes of an event, and who counts that; ``emitted + recovered == sent + pending + dropped`` at every moment:

===============================  ==============================  ======================================================
it happens that                  the event then is               counted by
===============================  ==============================  ======================================================
``emit`` takes it                pending, on disk or in memory   ``Ledger.came``: emitted, and spooled or queued
``emit`` refuses it              dropped                         ``Ledger.refused``: emitted and dropped
what memory holds goes to disk   pending as before               nobody; ``Memory`` and ``Tally`` know how many each has
the server acknowledges it       sent                            ``Ledger.acknowledged``; ``Tally.done`` on disk
an attempt fails for now         pending as before               ``Ledger.retried``, the attempt
it is given up                   dropped                         ``Ledger.gave_up``; ``Tally.done`` on disk
its file is gone or damaged      dropped as ``spool_lost``       ``Tally.lose`` or ``remove``, then ``Ledger.lost``
another process has its log      that one's                      ``Ledger.elsewhere``: recovered falls by it
a log of an ended process is     pending here                    ``Ledger.adopted``: recovered
adopted
===============================  ==============================  ======================================================
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chaukas_spec_lite.export.draining import Drained, drain
    from chaukas_spec_lite.export.dropped import DeadLetter, Dropped, DropReason
    from chaukas_spec_lite.export.exporter import EventExporter
    from chaukas_spec_lite.export.sender import Sender
    from chaukas_spec_lite.export.settings import ExportSettings
    from chaukas_spec_lite.export.stats import Emitted, Stats

__all__ = [
    "DeadLetter",
    "Drained",
    "DropReason",
    "Dropped",
    "Emitted",
    "EventExporter",
    "ExportSettings",
    "Sender",
    "Stats",
    "drain",
]

_HOMES = {
    "DeadLetter": "export.dropped",
    "Drained": "export.draining",
    "DropReason": "export.dropped",
    "Dropped": "export.dropped",
    "Emitted": "export.stats",
    "EventExporter": "export.exporter",
    "ExportSettings": "export.settings",
    "Sender": "export.sender",
    "Stats": "export.stats",
    "drain": "export.draining",
}


def __getattr__(name: str) -> Any:
    """Load a name on first use (PEP 562), so that one module of this package does not bring the others along."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"chaukas_spec_lite.{_HOMES[name]}"), name)
