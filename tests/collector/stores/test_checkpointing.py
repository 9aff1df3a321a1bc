"""Checkpoints of a collector: when they are made, that several collectors agree, and that none contradicts another."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaukas_spec_lite.audit.merkle import leaf_hash, prove_consistency, root_of, verify_consistency
from chaukas_spec_lite.audit.notes import Checkpoint, SignedNote
from chaukas_spec_lite.collector import checkpointing, last_signed
from chaukas_spec_lite.collector.checkpointing import Checkpointer, CheckpointPace
from chaukas_spec_lite.collector.checkpoints import Checkpoints, SignedCheckpoint
from chaukas_spec_lite.collector.cosigning import cosignatures, merged
from chaukas_spec_lite.collector.last_signed import LastSigned
from chaukas_spec_lite.collector.log_signer import MAX_ORIGIN, LogSigner
from chaukas_spec_lite.collector.refused_logs import RefusedLogs
from chaukas_spec_lite.collector.stores.base import EventRow, Store
from chaukas_spec_lite.collector.stores.event_log import EventLog, hashes_for
from chaukas_spec_lite.collector.stores.memory_log import MemoryLog
from chaukas_spec_lite.errors import SettingError, StoreError
from tests.collector.log_keys import KEYS, NAME, NEW, OLD, OTHER, SIGNER, WITNESS, WITNESSES, read
from tests.collector.stores.conftest import ONE_OF_EACH, place_in
from tests.collector.stores.events import row
from tests.collector.stores.places import PLACES, Place
from tests.collector.stores.test_every_store import opened
from tests.patience import AGES, HANG, run
from tests.profiles import searched


@pytest.fixture(params=ONE_OF_EACH)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    yield from place_in(request, tmp_path)


@dataclass
class Setting:
    """A store, and the time."""

    store: Store
    log: EventLog
    now: float = 0.0
    refused: int = 0

    def checkpointer(
        self,
        events: int | None = 10,
        seconds: float = 60.0,
        *,
        signer: LogSigner = SIGNER,
        last: LastSigned | None = None,
        refusals: RefusedLogs | None = None,
    ) -> Checkpointer:
        def refuse() -> None:
            self.refused += 1

        pace = CheckpointPace(events, seconds)
        return Checkpointer(self.log, signer, pace, refuse, lambda: self.now, last=last, refusals=refusals)

    async def add(self, *numbers: int, tenant: str = "acme") -> None:
        await self.store.add(many(numbers, tenant))

    async def sizes(self, tenant: str = "acme") -> list[int]:
        """Of all checkpoints, each of which is genuine, and grown into by the log as it is."""
        kept = await self.log.checkpoints(tenant, None, 1000)
        head = await self.log.head(tenant)
        for each in kept:
            checkpoint = read(each.note, tenant)
            assert checkpoint.size == each.size
            proof = await hashes_for(self.log, tenant, lambda h, size=each.size: prove_consistency(h, size, head.size))  # type: ignore[misc]
            verify_consistency(each.size, head.size, checkpoint.root, head.root, proof)
        return [each.size for each in reversed(kept)]


def many(numbers: Sequence[int], tenant: str = "acme") -> list[EventRow]:
    return [row(f"{number}", tenant_id=tenant) for number in numbers]


def with_log(place: Place, steps: Callable[[Setting], Awaitable[None]]) -> None:
    async def main() -> None:
        async with opened(place.store(log=True)) as store:
            assert store.log is not None
            await steps(Setting(store, store.log))

    run(main())


@pytest.mark.parametrize(
    ("new", "waited", "due"),
    [(0, 1e9, False), (1, 59.9, False), (1, 60.0, True), (9, 0.0, False), (10, 0.0, True), (11, 0.0, True)],
)
def test_when_a_checkpoint_is_due(new: int, waited: float, due: bool) -> None:
    assert CheckpointPace(10, 60.0).is_due(new, waited) is due
    assert CheckpointPace(None, 60.0).is_due(new, waited) is (new > 0 and waited >= 60)


def test_a_checkpoint_comes_with_enough_events_or_time(place: Place) -> None:
    async def steps(setting: Setting) -> None:
        checkpointer = setting.checkpointer()
        await checkpointer.look()
        await setting.add(*range(9))
        await checkpointer.look()
        assert await setting.sizes() == []
        await setting.add(9)
        await checkpointer.look()
        assert await setting.sizes() == [10]
        await setting.add(10)
        setting.now = 1000.0  # The time counts from when the event was first seen.
        await checkpointer.look()
        setting.now += 59.0
        await setting.add(11)
        await checkpointer.look()
        assert await setting.sizes() == [10]
        setting.now += 1.0
        await checkpointer.look()
        await checkpointer.look()
        assert await setting.sizes() == [10, 12]
        await setting.add(0, tenant="other")
        await setting.add(12)
        await checkpointer.look(everything=True)
        assert (await setting.sizes(), await setting.sizes("other"), setting.refused) == ([10, 12, 13], [1], 0)
        assert read((await setting.log.checkpoints("acme"))[0].note, "acme").root == root_of(
            leaf_hash(each.data) for each in many(range(13))
        )

    with_log(place, steps)


def test_several_collectors_on_one_store_go_by_each_others_checkpoints(place: Place) -> None:
    async def steps(setting: Setting) -> None:
        one, two = setting.checkpointer(), setting.checkpointer()
        await setting.add(*range(5))
        await one.look()
        await two.look()
        await setting.add(*range(5, 10))
        await one.look()
        await setting.add(10)
        await two.look()  # It is due by what this one has seen, and the other one has signed it.
        assert await setting.sizes() == [10]
        setting.now = 60.0
        await two.look()
        await one.look()
        await setting.add(*range(11, 21))
        await one.look()
        await two.look(everything=True)
        assert (await setting.sizes(), setting.refused) == ([10, 11, 21], 0)

    with_log(place, steps)


@searched(100)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 12)), max_size=8))
def test_whatever_collectors_do_no_checkpoint_contradicts_another(turns: list[tuple[int, int]]) -> None:
    async def steps(setting: Setting) -> None:
        all_of_them = [setting.checkpointer() for _ in range(3)]
        count = 0
        for which, new in turns:
            await setting.add(*range(count, count + new))
            count += new
            setting.now += 25.0
            await all_of_them[which].look(everything=new == 7)
        sizes = await setting.sizes()
        assert sizes == sorted(set(sizes))
        assert setting.refused == 0

    with PLACES["memory"](Path()) as place:
        with_log(place, steps)


def test_the_newest_checkpoint_gets_the_signature_of_a_new_key_and_keeps_those_of_witnesses(place: Place) -> None:
    async def steps(setting: Setting) -> None:
        await setting.add(*range(10))
        await setting.checkpointer().look()
        checkpoints = Checkpoints(setting.log, SIGNER)
        found = await checkpoints.latest("acme")
        assert found is not None
        cosigned = cosignatures(found.note.cosign(WITNESS, 7), WITNESSES)
        await checkpoints.keep("acme", found, lambda note: merged(note, cosigned))
        both = LogSigner((OLD, NEW))
        changed = setting.checkpointer(signer=both)
        await changed.look()
        (kept,) = await setting.log.checkpoints("acme", None, 10)
        read(kept.note, "acme", [*KEYS, WITNESSES[0], NEW.verifier()])
        await setting.add(*range(10, 20))
        await changed.look()
        read((await setting.log.checkpoints("acme"))[0].note, "acme", both.verifiers)

    with_log(place, steps)


def test_cosignatures_that_come_at_once_are_all_kept(place: Place) -> None:
    async def steps(setting: Setting) -> None:
        await setting.add(*range(10))
        await setting.checkpointer().look()
        checkpoints = Checkpoints(setting.log, SIGNER)
        found = await checkpoints.latest("acme")
        assert found is not None
        for key, seconds in ((WITNESS, 1), (OTHER, 2), (WITNESS, 3)):
            given = cosignatures(found.note.cosign(key, seconds), WITNESSES)
            # Each goes by the note as it was at first, as if all had read it before the others wrote.
            await checkpoints.keep("acme", found, lambda note, given=given: merged(note, given))  # type: ignore[misc]
        now = await checkpoints.latest("acme")
        assert now is not None
        assert now.note == found.note.cosign(WITNESS, 3).cosign(OTHER, 2)

    with_log(place, steps)


# What a person with the database, but not the key, may do


async def rewritten(setting: Setting, place: Place, stack: AsyncExitStack, rows: Sequence[EventRow]) -> Setting:
    """A database with other events, in whose log every hash is right, and with the checkpoints as they were."""
    store = await stack.enter_async_context(opened(place.store(log=True)))
    log = store.log
    assert isinstance(log, MemoryLog)
    await store.add(rows)
    for kept in await setting.log.checkpoints("acme", None, 100):
        log._trees["acme"].checkpoints[kept.size] = kept.note
    return Setting(store, log)


def altered(numbers: Sequence[int]) -> list[EventRow]:
    rows = many(numbers)
    rows[3] = row("3", tenant_id="acme", agent_id="another")
    return rows


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        (altered(range(10)), "the first 10 of its 10 entries are not those of the checkpoint"),
        (altered(range(20)), "are not those of the checkpoint"),
        (many([*range(3), *range(4, 20)]), "are not those of the checkpoint"),
        (many([1, 0, *range(2, 20)]), "are not those of the checkpoint"),
        (many(range(7)), "it has 7 entries, and a checkpoint is of 10"),
    ],
    ids=["altered", "altered and grown", "removed", "swapped", "cut off"],
)
@pytest.mark.parametrize("restarted", [False, True])
def test_a_rewritten_log_is_not_signed(
    rows: list[EventRow], why: str, restarted: bool, place: Place, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def steps(setting: Setting) -> None:
        await setting.add(*range(10))
        checkpointer = setting.checkpointer()
        await checkpointer.look()
        async with AsyncExitStack() as stack:
            elsewhere = stack.enter_context(PLACES["memory"](tmp_path))
            forged = await rewritten(setting, elsewhere, stack, rows)
            # The same file, as a collector that runs sees it.
            if restarted:
                checkpointer = forged.checkpointer()
            else:
                checkpointer._events = forged.log
                checkpointer._checkpoints = Checkpoints(forged.log, SIGNER)
            for _ in range(2):
                await checkpointer.look(everything=True)
            assert [each.size for each in await forged.log.checkpoints("acme", None, 100)] == [10]
        (told,) = [each for each in caplog.records if each.levelno == logging.CRITICAL]
        assert f"{NAME}/tenant/acme: no further checkpoint is signed" in told.getMessage()
        assert why in told.getMessage()
        assert setting.refused + forged.refused == 2

    with_log(place, steps)


@pytest.mark.parametrize("by_another", [False, True], ids=["put there", "signed by another collector"])
def test_a_newer_checkpoint_of_another_history_is_not_gone_by(by_another: bool, place: Place, tmp_path: Path) -> None:
    """Somebody put it there; or an older copy of the database is in place, on which a collector has started."""

    async def steps(setting: Setting) -> None:
        await setting.add(*range(10))
        checkpointer = setting.checkpointer()
        await checkpointer.look()
        async with AsyncExitStack() as stack:
            elsewhere = stack.enter_context(PLACES["memory"](tmp_path))
            store = await stack.enter_async_context(opened(elsewhere.store(log=True)))
            assert store.log is not None
            other = Setting(store, store.log)
            await other.add(*range(5), *range(20, 27))
            if by_another:
                await other.checkpointer().look()
            else:
                root = (await other.log.head("acme")).root
                await other.log.keep_checkpoint("acme", 12, str(LogSigner((NEW,)).sign("acme", 12, root)))
            checkpointer._events = other.log
            checkpointer._checkpoints = Checkpoints(other.log, SIGNER)
            await checkpointer.look(everything=True)
            assert setting.refused == 1
            await other.add(*range(30, 45))
            await checkpointer.look()
            assert [each.size for each in await other.log.checkpoints("acme", None, 9)] == [12]
        assert setting.refused == 2

    with_log(place, steps)


def test_a_log_whose_tree_is_not_that_of_its_head_is_not_signed(place: Place) -> None:
    async def steps(setting: Setting) -> None:
        await setting.add(*range(10))
        checkpointer = setting.checkpointer()

        async def hashes(tenant: str, level: int, first: int, count: int) -> list[bytes]:
            return [bytes(32)] * count

        setting.log.hashes = hashes  # type: ignore[method-assign,assignment]
        await checkpointer.look()
        assert await setting.log.checkpoints("acme") == []
        assert setting.refused == 1

    with_log(place, steps)


@pytest.mark.parametrize("more", [False, True], ids=["no note", "a note that says more"])
def test_a_damaged_checkpoint_is_not_signed_and_other_logs_are_all_the_same(more: bool, place: Place) -> None:
    """A key that is new signs the newest checkpoint, too, but only what a collector would have written itself."""

    async def steps(setting: Setting) -> None:
        await setting.add(*range(10))
        await setting.add(*range(10), tenant="other")
        text = SIGNER.sign("acme", 10, (await setting.log.head("acme")).root).text
        damaged = str(SignedNote(f"{text}all of this is true\n").sign(OTHER)) if more else "no note"
        await setting.log.keep_checkpoint("acme", 10, damaged)
        with pytest.raises(StoreError, match="the checkpoint of 10 entries that is kept for tenant 'acme' is damaged"):
            await setting.checkpointer().look()
        assert [each.note for each in await setting.log.checkpoints("acme", None, 9)] == [damaged]
        assert await setting.sizes("other") == [10]

    with_log(place, steps)


def test_another_text_of_the_same_size_is_never_written_over(place: Place) -> None:
    async def steps(setting: Setting) -> None:
        await setting.add(*range(3))
        checkpoints = Checkpoints(setting.log, SIGNER)
        notes = [SIGNER.sign("acme", 3, bytes([each]) * 32) for each in range(2)]
        found = [SignedCheckpoint(note, Checkpoint.of(note)) for note in notes]
        await checkpoints.keep("acme", found[0], lambda note: note, is_new=True)
        with pytest.raises(StoreError, match="a checkpoint of 3 entries with another root is kept"):
            await checkpoints.keep("acme", found[1], lambda note: note, is_new=True)
        assert [each.note for each in await setting.log.checkpoints("acme", None, 9)] == [str(notes[0])]

    with_log(place, steps)


def test_a_log_keeps_its_name(place: Place) -> None:
    async def steps(setting: Setting) -> None:
        await setting.add(*range(10))
        await setting.checkpointer().look()
        renamed = setting.checkpointer(signer=LogSigner((WITNESS,)))
        with pytest.raises(SettingError, match=f"the store has the log '{NAME}/tenant/acme', and a log keeps its name"):
            await renamed.start()
        same = setting.checkpointer()
        await same.start()
        await setting.add(10)
        await same.stop(HANG)
        assert await setting.sizes() == [10, 11]

    with_log(place, steps)


def test_a_store_that_hangs_holds_up_no_stop(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    async def steps(setting: Setting) -> None:
        checkpointer = setting.checkpointer()
        await checkpointer.start()
        await setting.add(*range(3))

        async def heads(*_: object) -> object:
            await asyncio.sleep(AGES)
            return []

        setting.log.heads = heads  # type: ignore[method-assign,assignment]
        await checkpointer.stop(0.01)
        await checkpointer.stop(0.01)
        assert await setting.sizes() == []

    with_log(place, steps)
    assert "there was no time left to sign it" in caplog.text


def test_a_failing_look_is_told_and_the_next_one_is_made(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    async def steps(setting: Setting) -> None:
        await setting.add(*range(10))
        checkpointer = setting.checkpointer()
        real, failures = setting.log.heads, [StoreError("the disk is full"), ZeroDivisionError("ours")]

        async def heads(*given: object) -> object:
            if len(failures) > 0:
                raise failures.pop(0)
            return await real(*given)  # type: ignore[arg-type]

        setting.log.heads = heads  # type: ignore[method-assign,assignment]
        for _ in range(3):
            await checkpointer._try_to_look()
        assert await setting.sizes() == [10]

    with_log(place, steps)
    assert "checkpoints could not be made, which is tried again: the disk is full" in caplog.text


def test_whatever_goes_wrong_with_one_log_keeps_no_other_from_being_signed(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    async def steps(setting: Setting) -> None:
        for tenant in ("acme", "other"):
            await setting.add(*range(10), tenant=tenant)
        real = setting.log.hashes

        async def hashes(tenant: str, *given: int) -> list[bytes]:
            if tenant == "acme":
                raise ZeroDivisionError("ours")
            return await real(tenant, *given)

        setting.log.hashes = hashes  # type: ignore[method-assign,assignment]
        await setting.checkpointer()._try_to_look()
        assert len(await setting.log.checkpoints("other")) == 1
        assert await setting.log.checkpoints("acme") == []

    with_log(place, steps)
    assert "checkpoints could not be made, which is tried again" in caplog.text


def test_keys_that_do_not_go_together_are_refused(tmp_path: Path) -> None:
    files = []
    for number, key in enumerate((OLD, NEW, WITNESS)):
        files.append(tmp_path / f"{number}.key")
        key.write(files[-1])
    assert LogSigner.read(files[:2]) == LogSigner((OLD, NEW))
    for given_, why in (
        (files, "the keys of one log have one name, and these have several: example.com/collector, witness.example/w"),
        ([files[0], files[0]], "the same key of example.com/collector is given twice"),
        ([tmp_path / "none"], "none cannot be read: No such file or directory"),
    ):
        with pytest.raises(SettingError, match=why) as caught:
            LogSigner.read(given_)
        assert caught.value.name == "audit_key"


# What is remembered


def remembering(folder: Path) -> LastSigned:
    last = LastSigned(NAME, [folder / "log.key"])
    last.read()
    return last


def test_what_was_signed_is_on_the_disk_before_anybody_sees_it(place: Place, tmp_path: Path) -> None:
    """A collector is killed in between: the next one shows the checkpoint that it finds beside the key."""

    async def steps(setting: Setting) -> None:
        await setting.add(*range(10))
        real, setting.log.keep_checkpoint = setting.log.keep_checkpoint, failing  # type: ignore[method-assign]
        with pytest.raises(StoreError, match="killed"):
            await setting.checkpointer(last=remembering(tmp_path)).look()
        setting.log.keep_checkpoint = real  # type: ignore[method-assign]
        assert await setting.sizes() == []
        await setting.checkpointer(last=remembering(tmp_path)).look()
        assert await setting.sizes() == [10]
        assert str((await setting.log.checkpoints("acme"))[0].note) == (tmp_path / "log.key.state").read_text()
        assert setting.refused == 0

    async def failing(*_: object) -> str:
        raise StoreError("killed")

    with_log(place, steps)


def test_what_another_collector_has_signed_is_remembered_too(place: Place, tmp_path: Path) -> None:
    async def steps(setting: Setting) -> None:
        await setting.add(*range(10))
        one, two = setting.checkpointer(), setting.checkpointer(last=remembering(tmp_path))
        await two.look()
        await setting.add(*range(10, 20))
        await one.look()
        await two.look()
        assert (tmp_path / "log.key.state").read_text() == (await setting.log.checkpoints("acme"))[0].note
        assert await setting.sizes() == [10, 20]

    with_log(place, steps)


def test_a_log_that_goes_while_a_collector_runs_is_told_and_one_that_comes_back_is_signed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def steps(setting: Setting) -> None:
        refusals = RefusedLogs()
        await setting.add(*range(10))
        await setting.add(*range(10), tenant="other")
        checkpointer = setting.checkpointer(refusals=refusals)
        await checkpointer.look()
        assert not refusals
        assert isinstance(setting.log, MemoryLog)
        gone = setting.log._trees.pop("acme")
        await checkpointer.look()
        assert (refusals.why("acme"), refusals.why("other")) == ("it has 0 entries, and a checkpoint is of 10", "")
        setting.log._trees["acme"] = gone
        await checkpointer.look()
        assert not refusals
        await setting.add(*range(10, 20))
        await checkpointer.look()
        assert await setting.sizes() == [10, 20]

    with PLACES["memory"](tmp_path) as place:
        with_log(place, steps)
    assert len([each for each in caplog.records if each.levelno == logging.CRITICAL]) == 1


def test_memory_is_bounded_and_logs_that_have_no_room_in_it_are_signed_all_the_same(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpointing, "MAX_KNOWN", 3)

    async def steps(setting: Setting) -> None:
        checkpointer = setting.checkpointer()
        tenants = "abcdefg"
        for turn in range(3):
            for tenant in tenants:
                await setting.add(*range(turn * 5, turn * 5 + 5), tenant=tenant)
            await checkpointer.look()
            await checkpointer.look()
            assert len(checkpointer._known) == 3
        assert {tenant: await setting.sizes(tenant) for tenant in tenants} == {
            tenant: [10] if tenant in "abc" else [5, 10, 15] for tenant in tenants
        }
        await checkpointer.look(everything=True)
        assert await setting.sizes("a") == [10, 15]
        assert setting.refused == 0

    with_log(place, steps)


def test_what_is_known_of_more_logs_than_there_is_room_for_is_not_written_again_and_again(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpointing, "MAX_KNOWN", 2)
    monkeypatch.setattr(last_signed, "MAX_LOGS", 3)
    state = tmp_path / "log.key.state"

    async def steps(setting: Setting) -> None:
        for tenant in "abcdefg":
            await setting.add(*range(10), tenant=tenant)
        await setting.checkpointer().look()
        checkpointer = setting.checkpointer(last=remembering(tmp_path))
        await setting.add(*range(10, 20), tenant="g")
        await checkpointer.look()
        await checkpointer.look()
        before = state.stat()
        for _ in range(3):
            await checkpointer.look()
        assert state.stat() == before
        # What was signed stays, whatever is seen of others that were signed before.
        assert sorted(remembering(tmp_path).tenants) == ["a", "b", "g"]

    with_log(place, steps)


def test_a_name_for_which_no_checkpoint_has_room_is_told_and_keeps_no_other_log_from_being_signed(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    longest = "x" * (MAX_ORIGIN - len(f"{NAME}/tenant/"))

    async def steps(setting: Setting) -> None:
        for tenant in (longest, f"{longest}x", "\u00fc" * 100_000, "zzz"):
            await setting.add(*range(10), tenant=tenant)
        checkpointer = setting.checkpointer()
        for _ in range(2):
            await checkpointer.look()
        assert (await setting.sizes(longest), await setting.sizes("zzz")) == ([10], [10])
        assert await setting.log.checkpoints(f"{longest}x") == []

    with_log(place, steps)
    (told,) = caplog.records
    assert "characters is not signed: checkpoints hold no such names" in told.getMessage()
