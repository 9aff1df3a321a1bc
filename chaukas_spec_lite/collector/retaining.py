"""Deletes what is too old or too much, for as long as a collector runs."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable

from chaukas_spec_lite.collector.stores.base import Retention, Store
from chaukas_spec_lite.errors import StoreError
from chaukas_spec_lite.rationed_log import RationedLog, in_words

log = logging.getLogger(__name__)

INTERVAL = 60.0
"""How many seconds lie between two looks."""


async def retain_always(
    store: Store, retention: Retention, failed: Callable[[], None] = lambda: None, interval: float = INTERVAL
) -> None:
    """Look now and after each interval, until it is cancelled; whatever goes wrong with one look.

    Args:
        store: The store, which is open.
        retention: What is kept.
        failed: Called when a look has failed.
        interval: The pause in seconds.
    """
    rationed = RationedLog(log, INTERVAL, time.monotonic)
    while True:
        try:
            deleted = await store.retain(retention)
        # A full disk, a lost connection, a mistake of ours: the next time may be better. If nobody looked any more, the
        # disk would fill up.
        except Exception as error:
            failed()
            text = "what is too old or too much could not be deleted, and is tried again: %s"
            ours = None if isinstance(error, StoreError) else error
            rationed.log("failed", logging.ERROR, text, error if ours is None else in_words(error), error=ours)
        else:
            if deleted:
                log.info("%d events were too old or too much, and are deleted", deleted)
        await asyncio.sleep(interval)
