"""``chaukas-lite serve --audit-key`` as users run it: its key is told, and a kill contradicts no checkpoint."""

from __future__ import annotations

import base64
import contextlib
import subprocess
import sys
import threading
from pathlib import Path

import httpx
import pytest

from chaukas_spec_lite import BlockingChaukasClient, Event, EventBatch
from chaukas_spec_lite.audit.keys import COSIGNATURE, VerifierKey
from chaukas_spec_lite.audit.merkle import verify_consistency
from chaukas_spec_lite.audit.notes import Checkpoint, SignedNote
from chaukas_spec_lite.audit.proofs import InclusionProof
from chaukas_spec_lite.retry import NEVER
from chaukas_spec_lite.spec.client.v1.client import IngestEventBatchRequest
from tests.cli.serving import ROOT, Served, environment, run, serving
from tests.collector.log_keys import KEYS, NAME, NEW, OLD, WITNESS, read
from tests.patience import HANG, wait_until

BINARY = {"Content-Type": "application/x-protobuf"}
HTTP = ("--http", "127.0.0.1:0")


@pytest.fixture
def key(tmp_path: Path) -> Path:
    OLD.write(tmp_path / "log.key")
    return tmp_path / "log.key"


def url(served: Served) -> str:
    return served.clients["CHAUKAS_ENDPOINT"]


def get(served: Served, path: str, **parameters: object) -> httpx.Response:
    return httpx.get(url(served) + path, params={name: str(each) for name, each in parameters.items()}, timeout=HANG)


def newest(served: Served) -> str:
    """The newest checkpoint; empty if there is none yet."""
    found = get(served, "/audit/checkpoint", tenant_id="acme")
    assert found.status_code in (200, 404), found.text
    return found.content.decode() if found.status_code == 200 else ""


def covering(served: Served, size: int) -> str:
    """The newest checkpoint once it is of so many entries."""
    seen: list[str] = []

    def covers() -> bool:
        seen.append(newest(served))
        return bool(seen[-1]) and Checkpoint.of(SignedNote.parse(seen[-1])).size >= size

    wait_until(covers)
    return seen[-1]


def post(served: Served, *events: Event) -> httpx.Response:
    body = bytes(IngestEventBatchRequest(event_batch=EventBatch(events=[*events])))
    return httpx.post(f"{url(served)}/events/batch", content=body, headers=BINARY, timeout=HANG)


def event(number: int) -> Event:
    return Event(event_id=f"{number}", tenant_id="acme")


def check_grown(served: Served, old: str, keys: list[VerifierKey] = KEYS) -> None:
    """Check that the log has grown out of a checkpoint that was seen."""
    before, now = read(old, "acme", keys[:1]), read(newest(served), "acme", keys)
    found = get(served, "/audit/consistency", tenant_id="acme", **{"from": before.size, "to": now.size})
    assert found.status_code == 200, found.text
    path = [base64.b64decode(each) for each in found.json()["hashes"]]
    verify_consistency(before.size, now.size, before.root, now.root, path)


def test_a_log_is_signed_told_witnessed_and_outlives_its_collector(tmp_path: Path, key: Path) -> None:
    witness = str(WITNESS.verifier(COSIGNATURE))
    options = ("--audit-key", key, "--witness-key", witness, "--worm", *HTTP)
    with serving(tmp_path, *options, "--checkpoint-events", "3", "--checkpoint-seconds", "1h") as served:
        assert f"The audit log is signed by {KEYS[0]}" in served.said
        for number in range(3):
            assert post(served, event(number)).status_code == 202
        seen = covering(served, 3)
        capabilities = get(served, "/v1/capabilities").json()
        assert (capabilities["audit_proofs"], capabilities["worm_retention"]) == (True, True)
        with BlockingChaukasClient(served.grpc, retry=NEVER, timeout=HANG, environ={}) as client:
            found = client.get_capabilities()
            assert (found.audit_proofs, found.worm_retention) == (True, True)
        note = SignedNote.parse(seen).cosign(WITNESS, 1_700_000_000)
        cosigned = httpx.post(
            f"{url(served)}/audit/cosignatures",
            content=str(note).encode(),
            headers={"Content-Type": "text/plain"},
            timeout=HANG,
        )
        assert cosigned.content.decode() == str(note)
        # What is new when it stops gets its checkpoint.
        post(served, event(3))
        status, errors = served.end()
        assert (status, "Traceback" in errors) == (0, False)
    NEW.write(tmp_path / "new.key")
    variables = {
        "CHAUKAS_AUDIT_KEY": f"{key}:{tmp_path / 'new.key'}",
        "CHAUKAS_WITNESS_KEY": witness,
        "CHAUKAS_CHECKPOINT_SECONDS": "1h",
    }
    with serving(tmp_path, *HTTP, **variables) as served:
        assert [line for line in served.said if "signed by" in line] == [
            f"The audit log is signed by {each.verifier()}" for each in (OLD, NEW)
        ]
        both = [*KEYS, NEW.verifier()]
        wait_until(lambda: SignedNote.parse(covering(served, 4)).verify(both) == both)
        check_grown(served, seen, both)
        assert get(served, "/audit/keys").json()["witnesses"] == [witness]
        proof = InclusionProof.parse(get(served, "/audit/proof", event_id="3").content.decode())
        assert proof.verify(bytes(event(3)), f"{NAME}/tenant/acme", both).size == 4


def test_no_kill_leaves_a_checkpoint_that_a_later_one_contradicts(tmp_path: Path, key: Path) -> None:
    seen: list[str] = []
    count = 0
    for _ in range(3):
        with serving(tmp_path, "--audit-key", key, "--checkpoint-seconds", "10ms", *HTTP) as served:
            for old in seen[-1:]:
                check_grown(served, old)
            told: list[str] = []

            def write(served: Served = served, first: int = count) -> None:
                with contextlib.suppress(httpx.HTTPError):
                    for number in range(first, first + 100_000, 5):
                        post(served, *map(event, range(number, number + 5)))

            writing = threading.Thread(target=write)
            writing.start()

            def has_grown(served: Served = served, told: list[str] = told) -> bool:
                if (note := newest(served)) not in ("", *told[-1:]):
                    told.append(note)
                return len(told) >= 4

            wait_until(has_grown)
            served.process.kill()
            writing.join(HANG)
            assert not writing.is_alive()
            seen += told
            count += 100_000
    with serving(tmp_path, "--audit-key", key, "--checkpoint-seconds", "10ms", *HTTP) as served:
        post(served, event(-1))
        sizes = [read(old, "acme").size for old in seen]
        assert sizes == sorted(sizes)
        covering(served, sizes[-1] + 1)
        for old in seen:
            check_grown(served, old)
        status, errors = served.end()
        assert (status, "no further checkpoint" in errors) == (0, False)


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--audit-key", "none.key"], "Error: audit_key: none.key cannot be read: No such file or directory"),
        (
            ["--audit-key", "wrong.key"],
            "Error: key file: wrong.key has no private key; it would begin with PRIVATE+KEY",
        ),
        (
            ["--audit-key", "log.key", "--audit-key", "log.key"],
            f"Error: audit_key: the same key of {NAME} is given twice",
        ),
        (["--worm"], "Error: worm: is given without audit_key, the key that the log is signed with"),
        (["--witness-key", str(WITNESS.verifier(COSIGNATURE))], "Error: witness_key: is given without audit_key"),
        (["--witness-key", str(KEYS[0])], f"Error: witness_key: {NAME} is the key of a log; that of a witness has the"),
        (["--witness-key", "key"], "Error: witness_key: has to be name+id+base64, an Ed25519 key as signed notes have"),
    ],
)
def test_what_cannot_be_is_one_sentence(arguments: list[str], problem: str, tmp_path: Path, key: Path) -> None:
    (tmp_path / "wrong.key").write_text("no key\n")
    done = run(tmp_path, "serve", "--store", "memory:", "--grpc", "127.0.0.1:0", "--http", "off", *arguments)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(problem)
    assert len(done.stderr.splitlines()) == 1


def test_without_the_extra_it_says_how_to_install_it(tmp_path: Path, key: Path) -> None:
    program = (
        f"import sys; sys.modules.update(cryptography=None); sys.argv[1:] = ['serve', '--audit-key', {str(key)!r}];"
        "from chaukas_spec_lite.__main__ import main; sys.exit(main())"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env=environment(tmp_path), timeout=HANG,
        check=False, cwd=ROOT,
    )  # fmt: skip
    assert done.returncode == 1
    assert "pip install 'chaukas-spec-lite[audit]'" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_file_may_name_several_keys(tmp_path: Path, key: Path) -> None:
    NEW.write(tmp_path / "new.key")
    config = tmp_path / "collector.toml"
    config.write_text(f"audit-key = [{str(key)!r}, {str(tmp_path / 'new.key')!r}]\nworm = true\n")
    with serving(tmp_path, "--config", config, "--store", "memory:") as served:
        assert sum("signed by" in line for line in served.said) == 2
