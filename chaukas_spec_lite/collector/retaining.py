"""Deletes what is too old or too much, for as long as a collector runs."""

from __future__ import annotations

import asyncio
import logging

from chaukas_spec_lite.collector.stores.base import Retention, Store
from chaukas_spec_lite.errors import StoreError

log = logging.getLogger(__name__)

INTERVAL = 60.0
"""How many seconds lie between two looks."""


async def retain_always(store: Store, retention: Retention, interval: float = INTERVAL) -> None:
    """Look now and after each interval, until it is cancelled.

    Args:
        store: The store, which is open.
        retention: What is kept.
        interval: The pause in seconds.
    """
    while True:
        try:
            deleted = await store.retain(retention)
        except StoreError as error:  # a full disk, a lost connection: the next time may be better
            log.error("what is too old or too much could not be deleted: %s", error)
        else:
            if deleted:
                log.info("%d events were too old or too much, and are deleted", deleted)
        await asyncio.sleep(interval)
