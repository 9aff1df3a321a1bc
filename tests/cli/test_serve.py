"""``chaukas-lite serve`` as users run it: in a process of its own, ended by signals, called by clients."""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from chaukas_spec_lite import BlockingChaukasClient, Event, EventBatch, EventType, RpcError, StatusCode
from chaukas_spec_lite.client.settings import Settings
from chaukas_spec_lite.retry import NEVER
from chaukas_spec_lite.spec.client.v1.client import IngestEventBatchRequest
from tests.cli.serving import COMMAND, ROOT, environment, run, serving
from tests.collector.stores.events import row as event_row
from tests.collector.stores.test_sqlite import make_format_1
from tests.patience import HANG, wait_until


def client(endpoint: str, api_key: str | None = None, **more: object) -> BlockingChaukasClient:
    return BlockingChaukasClient(endpoint, api_key=api_key, retry=NEVER, timeout=HANG, environ={}, **more)  # type: ignore[arg-type]


def stored(endpoint: str, api_key: str | None = None) -> list[str]:
    with client(endpoint, api_key) as asking:
        return sorted(event.event_id for event in asking.query_events())


def test_events_survive_it_in_a_file_of_the_users(tmp_path: Path) -> None:
    with serving(tmp_path) as served:
        assert served.said[0] == f"Events go to {tmp_path}/chaukas-lite/events.db"
        assert served.said[-1] == "There are no keys: whoever reaches it can read and write"
        with client(served.grpc) as sending:
            sending.ingest_events([Event(event_id=f"e{number}") for number in range(3)])
        status, errors = served.end()
        assert status == 0
        assert "Traceback" not in errors
        assert errors.splitlines()[-1].endswith("INFO     stopping: running calls have 5 seconds to finish")
    with serving(tmp_path) as served:
        assert stored(served.grpc) == ["e0", "e1", "e2"]


def test_the_lines_for_programs_can_be_pasted_and_the_first_event_is_told(tmp_path: Path) -> None:
    with serving(tmp_path, "--store", "memory:", "--http", "127.0.0.1:0") as served:
        lines = [line.strip() for line in served.said if line.startswith("    ")]
        script = "; ".join([*lines, "echo $CHAUKAS_GRPC_ENDPOINT $CHAUKAS_ENDPOINT"])
        done = subprocess.run(["sh", "-c", script], capture_output=True, encoding="utf-8", timeout=HANG, check=True)
        assert done.stdout.split() == [served.grpc, served.clients["CHAUKAS_ENDPOINT"]]
        with client(served.grpc) as sending:
            for _ in range(2):
                sending.ingest_event(Event(type=EventType.AGENT_START, agent_name="secret"))
        errors = served.end()[1]
    assert errors.count("the first event has arrived: AGENT_START; chaukas-lite show last draws its session") == 1
    assert "secret" not in errors


def test_both_doors_lead_to_one_store(tmp_path: Path) -> None:
    with serving(tmp_path, "--store", "memory:", "--http", "127.0.0.1:0") as served:
        url = served.clients["CHAUKAS_ENDPOINT"]
        body = bytes(IngestEventBatchRequest(event_batch=EventBatch(events=[Event(event_id="by-http")])))
        headers = {"Content-Type": "application/x-protobuf"}
        answer = httpx.post(f"{url}/events/batch", content=body, headers=headers, timeout=HANG)
        assert answer.status_code == 202, answer.text
        assert stored(served.grpc) == ["by-http"]
        assert httpx.get(f"{url}/healthz", timeout=HANG).status_code == 200
        status, errors = served.end()
        assert (status, "Traceback" in errors) == (0, False)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_lets_calls_finish_and_ends_with_0(number: signal.Signals, tmp_path: Path) -> None:
    with serving(tmp_path, "--store", "memory:") as served:
        with client(served.grpc) as sending:
            sending.ingest_event(Event(event_id="a"))
            status, errors = served.end(number)
        assert status == 0
        assert "Traceback" not in errors


def test_a_second_signal_ends_it_at_once(tmp_path: Path) -> None:
    """A client that stays connected and does not read keeps a collector waiting, for an hour here."""
    with serving(tmp_path, "--store", "memory:", "--grace", "1h") as served:
        host, _, port = served.grpc.rpartition(":")
        with socket.create_connection((host, int(port))) as idle:
            # The opening of HTTP/2, and a call whose body never comes.
            idle.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0]) + unfinished_call())
            wait_until(lambda: b"\x00" in idle.recv(1))
            served.process.send_signal(signal.SIGTERM)
            assert served.process.stderr is not None
            while "stopping" not in served.process.stderr.readline():
                pass
            status, errors = served.end()
        assert status == -signal.SIGTERM
        assert "Traceback" not in errors


def unfinished_call() -> bytes:
    import hpack

    path = "/chaukas.spec.client.v1.ChaukasClientService/IngestEvent"
    headers = {":method": "POST", ":scheme": "http", ":path": path, ":authority": "x", "te": "trailers"}
    block = hpack.Encoder().encode({**headers, "content-type": "application/grpc"})
    return len(block).to_bytes(3, "big") + bytes([1, 4, 0, 0, 0, 1]) + block


def test_a_port_in_use_is_one_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        for door, other in (("grpc", "http"), ("http", "grpc")):
            done = run(tmp_path, "serve", "--store", "memory:", f"--{door}", address, f"--{other}", "off")
            assert (done.returncode, done.stdout) == (1, "")
            assert done.stderr == (
                f"Error: {door} cannot listen on {address}: another program listens there; "
                f"stop it, or choose another port with --{door}\n"
            )


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--grpc", "0.0.0.0:0"], "Error: grpc: 0.0.0.0:0 can be reached from other machines"),
        (["--retain", "soon"], "Error: retain: has to be a duration such as 30d, 12h, 90s, or off, not 'soon'"),
        (["--store", "mysql://x"], "Error: store: there is no store mysql:..."),
        (["--keys", "none.json"], "chaukas-lite keys add"),
        (["--config", "none.toml"], "Error: none.toml: cannot be read: No such file or directory"),
        (["--tls-cert", "none.pem"], "Error: tls_cert: none.pem with the key in it cannot be used"),
        (["--http", "off", "--grpc", "off"], "nobody could reach the collector"),
        (["--store", "missing/events.db"], "/missing: make it, or choose another file"),
        (
            # Kept for documents, so that no machine has it (RFC 5737).
            ["--store", "memory:", "--insecure", "--grpc", "192.0.2.1:50051"],
            "Error: grpc cannot listen on 192.0.2.1:50051: this machine has no such address; "
            "choose another one with --grpc",
        ),
    ],
)
def test_what_cannot_be_is_one_sentence(arguments: list[str], problem: str, tmp_path: Path) -> None:
    doors = [] if "--grpc" in arguments else ["--grpc", "127.0.0.1:0"]
    http = [] if "--http" in arguments else ["--http", "off"]
    done = run(tmp_path, "serve", *doors, *http, *arguments)
    assert (done.returncode, done.stdout) == (1, "")
    assert problem in done.stderr
    assert len(done.stderr.splitlines()) == 1, done.stderr


def test_a_data_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file where a folder should be")
    done = run(tmp_path, "serve", "--grpc", "127.0.0.1:0", "--http", "off", XDG_DATA_HOME=str(tmp_path / "data"))
    assert (done.returncode, done.stdout) == (1, "")
    folder = tmp_path / "data" / "chaukas-lite"
    assert done.stderr == (
        f"Error: the folder of the events, {folder}, cannot be made: File exists: choose a file for them with --store\n"
    )


def test_each_option_comes_from_the_environment_and_a_file_too(tmp_path: Path) -> None:
    (tmp_path / "collector.toml").write_text('store = "memory:"\nlog = "text"\ngrace = "1s"\n')
    with serving(tmp_path, "--config", "collector.toml", CHAUKAS_GRACE="2s") as served:
        assert served.said[0] == "Events go to the collector's store in memory"
        _, errors = served.end()
        assert "running calls have 2 seconds to finish" in errors


def test_keys_are_needed_where_there_are_some(tmp_path: Path) -> None:
    key = run(tmp_path, "keys", "add", "--tenant", "acme").stdout.strip()
    other = run(tmp_path, "keys", "add", "--tenant", "other", "--write").stdout.strip()
    with serving(tmp_path, "--store", "memory:") as served:
        assert served.said[-1] == f"Callers need a key of {tmp_path}/chaukas-lite/keys.json"
        with client(served.grpc, key) as sending:
            sending.ingest_event(Event(event_id="mine", tenant_id="acme"))
        with client(served.grpc, other) as sending:
            sending.ingest_event(Event(event_id="theirs"))
        assert stored(served.grpc, key) == ["mine"]
        for api_key, code in ((None, StatusCode.UNAUTHENTICATED), (other, StatusCode.PERMISSION_DENIED)):
            with pytest.raises(RpcError) as caught:
                stored(served.grpc, api_key)
            assert caught.value.status is code
        id_ = key.split("_")[1]
        assert run(tmp_path, "keys", "revoke", id_).returncode == 0
        with pytest.raises(RpcError, match="revoked"):
            stored(served.grpc, key)
        _, errors = served.end()
        assert key not in errors


def test_a_key_sends_as_much_as_is_said_of_it(tmp_path: Path) -> None:
    """By both doors, whatever the collector says of all keys; the answer says when to come again."""
    limits = ["--rate", "0.001", "--burst", "2"]
    slow = run(tmp_path, "keys", "add", "--tenant", "acme", *limits).stdout.strip()
    fast = run(tmp_path, "keys", "add", "--tenant", "acme", "--rate", "1000000").stdout.strip()
    with serving(tmp_path, "--store", "memory:", "--http", "127.0.0.1:0", "--events-per-second", "0.0001") as served:
        with client(served.grpc, slow) as sending:
            sending.ingest_events([Event(event_id=f"a{number}") for number in range(3)])
            with pytest.raises(RpcError, match="more than it may") as caught:
                sending.ingest_event(Event(event_id="b"))
            assert caught.value.status is StatusCode.RESOURCE_EXHAUSTED
        url = served.clients["CHAUKAS_ENDPOINT"]
        body = bytes(IngestEventBatchRequest(event_batch=EventBatch(events=[Event(event_id="c")])))
        headers = {"Content-Type": "application/x-protobuf", "Authorization": f"Bearer {slow}"}
        answer = httpx.post(f"{url}/events/batch", content=body, headers=headers, timeout=HANG)
        assert answer.status_code == 429, answer.text
        assert 900 < int(answer.headers["retry-after"]) <= 1000, "one event, at one in a thousand seconds"
        with client(served.grpc, fast) as sending:
            for number in range(5):
                sending.ingest_events([Event(event_id=f"f{number}{each}") for each in range(10)])
        assert len(stored(served.grpc, fast)) == 53


def test_a_collector_that_cannot_read_its_keys_says_so_and_recovers(tmp_path: Path) -> None:
    key = run(tmp_path, "keys", "add", "--tenant", "acme").stdout.strip()
    path = tmp_path / "chaukas-lite" / "keys.json"
    with serving(tmp_path, "--store", "memory:", "--http", "127.0.0.1:0") as served:
        url = served.clients["CHAUKAS_ENDPOINT"]
        headers = {"Authorization": f"Bearer {key}"}

        def statuses() -> tuple[int, int]:
            health = httpx.get(f"{url}/healthz", timeout=HANG).status_code
            return health, httpx.get(f"{url}/v1/capabilities", headers=headers, timeout=HANG).status_code

        assert statuses() == (200, 200)
        path.rename(path.with_suffix(".away"))
        wait_until(lambda: statuses() == (503, 503))
        with pytest.raises(RpcError, match="cannot read its keys") as caught:
            stored(served.grpc, key)
        assert caught.value.status is StatusCode.UNAVAILABLE
        path.with_suffix(".away").rename(path)
        wait_until(lambda: statuses() == (200, 200))
        assert stored(served.grpc, key) == []
        _, errors = served.end()
    assert "nobody is let in until it can be read" in errors
    assert "can be read again" in errors


def begun_and_ended(home: Path, sign: str, *arguments: str) -> tuple[int, str]:
    """Start a collector, send SIGTERM once it has logged something; return its status and what it has said."""
    process = subprocess.Popen(
        [*COMMAND, "serve", "--store", "events.db", "--grpc", "127.0.0.1:0", "--http", "off", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        env=environment(home),
        cwd=home,
    )
    assert process.stderr is not None
    try:
        while sign not in (line := process.stderr.readline()):
            assert line, "it ended before it said that"
        process.send_signal(signal.SIGTERM)
        out, errors = process.communicate(timeout=HANG)
    finally:
        process.kill()
        process.communicate(timeout=HANG)
    assert "Traceback" not in errors
    assert "stopping before it has begun to serve" in errors
    return process.returncode, out


def test_sigterm_stops_a_migration_and_an_index(tmp_path: Path) -> None:
    """Both would take far longer than a signal: that they were not finished is what shows it, and not a clock."""
    path = tmp_path / "events.db"
    tags = [f"tag-{number}" for number in range(8)]
    make_format_1(path, [event_row(f"{number}", branch="x" * 200, tags=tags) for number in range(50_000)])
    assert begun_and_ended(tmp_path, "migrating 50000 events") == (0, "")
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (1,)
        assert connection.execute("SELECT count(*) FROM events").fetchone() == (50_000,)
    connection.close()
    assert run(tmp_path, "store", "migrate", "--store", "events.db").returncode == 0
    assert begun_and_ended(tmp_path, "indexing the texts", "--index-text") == (0, "")
    with sqlite3.connect(path) as connection:
        ((left,),) = connection.execute("SELECT value FROM settings WHERE name = 'indexed_from'")
    connection.close()
    assert left > 0


def test_what_it_makes_is_its_users_alone(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        run(tmp_path / "new" / "data", "keys", "add", "--tenant", "acme", cwd=tmp_path)
        with serving(tmp_path / "new" / "data", cwd=tmp_path) as served:
            assert served.grpc
            made = {str(each.relative_to(tmp_path)): stat.S_IMODE(each.stat().st_mode) for each in tmp_path.rglob("*")}
    finally:
        os.umask(before)
    folder = "new/data/chaukas-lite"
    assert made == {
        **dict.fromkeys(["new", "new/data", folder], 0o700),
        **{f"{folder}/{name}": 0o600 for name in ("keys.json", "keys.json.lock")},
        **{f"{folder}/events.db{end}": 0o600 for end in ("", "-wal", "-shm")},
    }


def test_json_logs_are_an_object_a_line_without_what_events_hold(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [*COMMAND, "serve", "--store", "memory:", "--grpc", "127.0.0.1:0", "--http", "off", "--log", "json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        env=environment(tmp_path),
    )
    assert process.stderr is not None
    lines = []
    try:
        while "no keys" not in (line := process.stderr.readline()):
            lines.append(json.loads(line))
        (endpoint,) = [line["client"].partition("=")[2] for line in lines if "client" in line]
        with client(endpoint) as sending:
            sending.ingest_event(Event(event_id="secret-id", branch="secret-branch"))
        process.send_signal(signal.SIGTERM)
        out, errors = process.communicate(timeout=HANG)
    finally:
        process.kill()
        process.communicate(timeout=HANG)
    lines += [json.loads(line) for line in errors.splitlines()]
    assert (process.returncode, out) == (0, "")
    assert {frozenset(line) - {"client"} for line in lines} == {frozenset(("time", "level", "logger", "message"))}
    assert lines[-1]["message"] == "stopping: running calls have 5 seconds to finish"
    assert "secret" not in errors


def test_two_may_share_a_file(tmp_path: Path) -> None:
    with serving(tmp_path, "--store", "events.db") as one, serving(tmp_path, "--store", "events.db") as two:
        with client(one.grpc) as sending:
            sending.ingest_event(Event(event_id="a"))
        with client(two.grpc) as sending:
            sending.ingest_event(Event(event_id="b"))
        assert stored(one.grpc) == stored(two.grpc) == ["a", "b"]
        one.process.kill()
        one.process.wait(HANG)
        assert stored(two.grpc) == ["a", "b"]


def test_a_database_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "other.db") as other:
        other.execute("CREATE TABLE theirs (x)")
    other.close()
    before = (tmp_path / "other.db").read_bytes()
    done = run(tmp_path, "serve", "--store", "other.db", "--grpc", "127.0.0.1:0", "--http", "off")
    assert (done.returncode, done.stdout) == (1, "")
    assert "not one of this collector" in done.stderr
    assert (tmp_path / "other.db").read_bytes() == before


def test_what_it_tells_clients_is_what_they_read(tmp_path: Path) -> None:
    with serving(tmp_path, "--store", "memory:") as served:
        settings = Settings.load(environ=served.clients)
        assert str(settings.endpoint) == served.grpc


def test_every_setting_is_an_option(tmp_path: Path) -> None:
    from chaukas_spec_lite.collector.settings import CollectorSettings
    from chaukas_spec_lite.settings import describe

    shown = run(tmp_path, "serve", "--help", COLUMNS="200").stdout
    for each in describe(CollectorSettings):
        assert f"--{each.name.replace('_', '-')}" in shown
        assert f"[{each.variable}]" in shown.replace("\n", " ").replace("  ", " ") or each.variable in shown


def test_without_the_extra_the_http_door_says_how_to_install_it(tmp_path: Path) -> None:
    program = (
        "import sys; sys.modules.update(uvicorn=None); sys.argv[1:] = ['serve', '--store', 'memory:', '--grpc',"
        "'127.0.0.1:0', '--http', '127.0.0.1:0']; from chaukas_spec_lite.__main__ import main; sys.exit(main())"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env=environment(tmp_path), timeout=HANG,
        check=False, cwd=ROOT,
    )  # fmt: skip
    assert done.returncode == 1
    assert "pip install 'chaukas-spec-lite[server]'" in done.stderr
    assert len(done.stderr.splitlines()) == 1
