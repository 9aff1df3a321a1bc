"""From an address to a store: ``events.db``, ``sqlite:events.db``, ``memory:``, ``postgresql://...``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from chaukas_spec_lite.collector.stores.memory import MAX_BYTES, MemoryStore
from chaukas_spec_lite.errors import SettingError

if TYPE_CHECKING:
    from chaukas_spec_lite.collector.stores.base import Store, Texts

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):")
"""Of two characters and more: one is a drive of Windows."""
_CREDENTIALS = re.compile(r":.*@")
_KNOWN = "a path, sqlite:PATH, memory: or postgresql://USER@HOST/DATABASE"


def store_for(
    address: str | Path | None,
    *,
    texts: Texts,
    index_text: bool = False,
    max_memory: int = MAX_BYTES,
    log: bool = False,
    worm: bool = False,
) -> Store:
    """Make the store of an address; it still has to be opened.

    Args:
        address: The path of a SQLite file, also as ``sqlite:PATH``; ``memory:`` or None for one in memory;
            ``postgresql://...``, which needs the extra ``postgres``.
        texts: Tells what a search for text looks at in an encoded event.
        index_text: Whether such a search shall have an index, which costs time and space for each event.
        max_memory: The size in bytes of a store in memory; its oldest events make room.
        log: Whether it shall keep a log of its events. One that does goes on with it, whoever opens it.
        worm: Whether it shall keep one, with a record of each event that is deleted; this stays so, too.

    Raises:
        SettingError: There is no such store, or an extra is missing.
    """
    if address is None or address == "memory:":
        return MemoryStore(texts=texts, max_bytes=max_memory, log=log, worm=worm)
    path = address if isinstance(address, Path) else _path(address)
    if path is None:
        # What else stores stand on is loaded where it is used: importing a collector loads no driver.
        from chaukas_spec_lite.collector.stores.postgres.store import PostgresStore

        return PostgresStore(str(address), texts=texts, index_text=index_text, log=log, worm=worm)
    from chaukas_spec_lite.collector.stores.sqlite.store import SQLiteStore

    return SQLiteStore(path, texts=texts, index_text=index_text, log=log, worm=worm)


async def open_store(
    address: str | Path | None,
    *,
    texts: Texts,
    index_text: bool = False,
    max_memory: int = MAX_BYTES,
    log: bool = False,
    worm: bool = False,
) -> Store:
    """As ``store_for``, and open it; raises ``StoreError``, too."""
    store = store_for(address, texts=texts, index_text=index_text, max_memory=max_memory, log=log, worm=worm)
    await store.open()
    return store


def _path(address: str) -> Path | None:
    """The path of a SQLite file; None if the address is one of PostgreSQL."""
    found = _SCHEME.match(address)
    scheme = found[1].lower() if found else ""
    rest = address[found.end() :] if found else address
    if scheme in ("postgresql", "postgres"):
        if rest.startswith("//"):
            return None
        raise SettingError("store", "an address of PostgreSQL has // behind the colon: postgresql://USER@HOST/DATABASE")
    if scheme == "sqlite" and rest.startswith("//"):
        raise SettingError("store", "a SQLite file is written sqlite:PATH, without //")
    if scheme == "memory" or (scheme != "sqlite" and rest.startswith("//")):
        # Not the whole address, which may hold a password.
        raise SettingError("store", f"there is no store {scheme}:...; one is {_KNOWN}")
    path = rest if scheme == "sqlite" else address
    if scheme != "sqlite" and _CREDENTIALS.search(path):
        # A slip in an address, and no file: its password would be shown as the path everywhere.
        raise SettingError("store", f"looks like the address of a database, and not like one; a store is {_KNOWN}")
    if not path:
        raise SettingError("store", f"names no file; a store is {_KNOWN}")
    return Path(path)
