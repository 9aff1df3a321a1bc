"""``chaukas-lite serve --audit-key`` as users run it: its key is told, and a kill contradicts no checkpoint."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from chaukas_spec_lite import BlockingChaukasClient
from chaukas_spec_lite.audit.keys import COSIGNATURE
from chaukas_spec_lite.audit.notes import SignedNote
from chaukas_spec_lite.audit.proofs import InclusionProof
from chaukas_spec_lite.retry import NEVER
from tests.cli.serving import ROOT, environment, run, serving
from tests.collector.log_keys import KEYS, NAME, NEW, OLD, WITNESS
from tests.collector.log_serving import HTTP, check_grown, covering, event, get, post, url
from tests.patience import HANG, wait_until


@pytest.fixture
def key(tmp_path: Path) -> Path:
    OLD.write(tmp_path / "log.key")
    return tmp_path / "log.key"


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
