from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.collector.stores.places import PLACES, POSTGRES_PLACES, Place
from tests.collector.stores.postgres_server import FAST, PostgresServer

KINDS = [*PLACES, *(pytest.param(name, marks=pytest.mark.stores) for name in POSTGRES_PLACES)]
ONE_OF_EACH = ["memory", "sqlite", pytest.param("postgres", marks=pytest.mark.stores)]
"""For what does not depend on whether texts are indexed."""


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A server for all tests, each of which makes databases of its own."""
    server = PostgresServer(FAST)
    yield server
    server.stop()


@pytest.fixture
def database(postgres: PostgresServer) -> Iterator[str]:
    """The address of an empty database."""
    name = postgres.create_database()
    yield postgres.address(name)
    postgres.run_sql(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def place_for(request: pytest.FixtureRequest, directories: pytest.TempPathFactory) -> Iterator[Place]:
    """The kind of store that a fixture of a whole module has as its parameter."""
    if request.param in POSTGRES_PLACES:
        server: PostgresServer = request.getfixturevalue("postgres")
        yield POSTGRES_PLACES[request.param](server.address(server.create_database()))
        return
    with PLACES[request.param](directories.mktemp("store")) as made:
        yield made


def place_in(request: pytest.FixtureRequest, folder: Path) -> Iterator[Place]:
    """The kind of store that a fixture of each test has as its parameter."""
    if request.param in POSTGRES_PLACES:
        yield POSTGRES_PLACES[request.param](request.getfixturevalue("database"))
        return
    with PLACES[request.param](folder) as made:
        yield made


@pytest.fixture(params=KINDS)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """Every kind of store in turn."""
    yield from place_in(request, tmp_path)
