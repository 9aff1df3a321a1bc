"""What the audit log proves over HTTP, on each kind of store, against another implementation of the tree."""

from __future__ import annotations

import base64
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from chaukas_spec_lite import Event
from chaukas_spec_lite.audit.merkle import root_of, tree_root, verify_consistency
from chaukas_spec_lite.audit.proofs import InclusionProof
from chaukas_spec_lite.audit.tiles import Tile, hashes_of_tiles
from chaukas_spec_lite.collector.callers import Caller
from chaukas_spec_lite.collector.checkpointing import Checkpointer, CheckpointPace
from chaukas_spec_lite.collector.receipts import Shape
from chaukas_spec_lite.collector.stores.asking import Tenancy
from chaukas_spec_lite.collector.stores.base import Deletion
from chaukas_spec_lite.collector.stores.memory import MemoryStore
from chaukas_spec_lite.errors import ProofError
from chaukas_spec_lite.wire.envelopes import batch_request
from tests.collector.doors.http_serving import Served, http_serving
from tests.collector.log_keys import KEYS, NAME, SIGNER, SIGNING, read
from tests.collector.stores.conftest import ONE_OF_EACH, place_in
from tests.collector.stores.places import Place
from tests.patience import run

ORIGIN = f"{NAME}/tenant/acme"


@pytest.fixture(params=ONE_OF_EACH)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    yield from place_in(request, tmp_path)


async def keep(served: Served, events: list[bytes]) -> None:
    """Store events, and sign."""
    await served.service.ingest(batch_request(b"", events), Shape.BATCH, Caller("acme", Tenancy("acme")))
    assert served.store.log is not None
    await Checkpointer(served.store.log, SIGNER, CheckpointPace(1, 60.0)).look()


async def get(served: Served, path: str, **parameters: object) -> Any:
    asked = {name.rstrip("_"): str(each) for name, each in parameters.items()}
    found = await served.client.get(path, params={"tenant_id": "acme", **asked})
    assert found.status_code == 200, found.text
    return found.json() if found.headers["content-type"] == "application/json" else found.content


@pytest.mark.skipif(sys.version_info < (3, 11), reason="pymerkle 7 needs Python 3.11")
def test_all_that_is_served_is_of_the_tree_that_another_implementation_has(place: Place) -> None:
    import pymerkle

    events = [bytes(Event(event_id=f"{number}", session_id=f"{number % 3}")) for number in range(300)]
    sizes = [1, 6, 7, 256, 300]
    tree = pymerkle.InmemoryTree(algorithm="sha256")
    for each in events:
        tree.append_entry(each)

    def make() -> MemoryStore:
        return cast("MemoryStore", place.store(log=True, worm=True))  # which has all that is asked of it

    async def main() -> None:
        async with http_serving(signing=SIGNING, make=make) as served:
            for begin, end in zip([0, *sizes], sizes, strict=False):
                await keep(served, events[begin:end])
            # What is deleted is proven as before.
            await served.store.delete(Deletion(Tenancy("acme"), "2", "asked for"))
            for size in sizes:
                checkpoint = read((await get(served, "/audit/checkpoint", size=size)).decode(), "acme")
                assert (checkpoint.size, checkpoint.root) == (size, tree.get_root(size))
                found = await get(served, "/audit/consistency", from_=size)
                path = [base64.b64decode(each) for each in found["hashes"]]
                verify_consistency(size, found["to"], tree.get_root(size), tree.get_root(300), path)
            for index in (0, 2, 5, 6, 255, 256, 299):
                proof = InclusionProof.parse((await get(served, "/audit/proof", event_id=index)).decode())
                assert proof.verify(events[index], ORIGIN, KEYS).root == tree.get_root(300)
                theirs = {bytes.fromhex(each) for each in tree.prove_inclusion(index + 1, 300).serialize()["path"]}
                assert (proof.index, {*proof.path} <= theirs) == (index, True)
                with pytest.raises(ProofError):
                    proof.verify(events[index] + b"x", ORIGIN, KEYS)
            tiles = {
                tile: await get(served, f"/audit/tile/{tile.path}")
                for tile in (Tile(0, 0), Tile(0, 1, 44), Tile(1, 0, 1))
            }
            assert tree_root(hashes_of_tiles(tiles.__getitem__, 300), 300) == tree.get_root(300)
            part = await get(served, "/audit/entries", limit=1000)
            leaves = [base64.b64decode(each["leaf"]) for each in part["entries"]]
            assert (root_of(leaves), part["next"]) == (tree.get_root(300), None)
            assert [each["event_id"] for each in part["entries"]] == [f"{number}" for number in range(300)]
            gone = [each["index"] for each in part["entries"] if each["data"] is None]
            assert gone == [*range(2, 300, 3)]
            assert {each["deleted"]["reason"] for each in part["entries"] if each["deleted"]} == {"asked for"}

    run(main())
