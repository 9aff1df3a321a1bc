"""Addresses of stores."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from chaukas_spec_lite.collector.stores.memory import MemoryStore
from chaukas_spec_lite.collector.stores.opening import store_for
from chaukas_spec_lite.collector.stores.sqlite.store import SQLiteStore
from chaukas_spec_lite.errors import SettingError
from tests.collector.stores.events import texts


@pytest.mark.parametrize("address", [None, "memory:"])
def test_memory(address: str | None) -> None:
    assert isinstance(store_for(address, texts=texts), MemoryStore)


@pytest.mark.parametrize(
    ("address", "path"),
    [
        ("events.db", "events.db"),
        (Path("memory:"), "memory:"),
        ("sqlite:events.db", "events.db"),
        ("SQLite:events.db", "events.db"),
        ("sqlite:/var/events.db", "/var/events.db"),
        ("a:b", "a:b"),
        ("below/a:b.db", "below/a:b.db"),
        ("odd:name.db", "odd:name.db"),
    ],
)
def test_files(address: str | Path, path: str) -> None:
    store = store_for(address, texts=texts)
    assert isinstance(store, SQLiteStore)
    assert store.name == str(Path(path).absolute())


@pytest.mark.parametrize(
    ("address", "problem"),
    [
        ("", "store: names no file"),
        ("sqlite:", "store: names no file"),
        ("sqlite:///events.db", "store: a SQLite file is written sqlite:PATH, without //"),
        ("mysql://me:secret@host/db", "store: there is no store mysql:..."),
        ("memory:events", "store: there is no store memory:..."),
    ],
)
def test_no_stores(address: str, problem: str) -> None:
    with pytest.raises(SettingError, match=f"^{re.escape(problem)}") as caught:
        store_for(address, texts=texts)
    assert "secret" not in str(caught.value)


def test_a_store_in_memory_loads_no_database() -> None:
    program = (
        "import sys; from chaukas_spec_lite.collector.stores.opening import store_for; "
        "store_for(None, texts=str); print([name for name in sys.modules if name in ('sqlite3', 'asyncpg')])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
