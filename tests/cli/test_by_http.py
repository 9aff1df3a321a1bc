"""Commands that ask a collector by HTTP: what they find, what arrives, and what they say where that cannot be."""

from __future__ import annotations

import json
import socket
import subprocess
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
import trustme

from chaukas_spec_lite import BlockingChaukasClient, Event, EventType
from chaukas_spec_lite.cli.http_source import HttpSource
from chaukas_spec_lite.retry import NEVER
from tests.cli.recordings import here, recorded
from tests.cli.serving import COMMAND, Served, environment, run, serving
from tests.patience import HANG, without_slowness

BOTH = "--http", "127.0.0.1:0"
EVENTS = [
    Event(event_id="plain", session_id="s", tenant_id="a", agent_id='a"&=+% é'),
    Event(event_id="without JSON", session_id="s", tenant_id="b", metadata={"x": float("nan")}),
    Event.parse(bytes(Event(event_id="of a newer schema", session_id="s", type=EventType(99))) + b"\xfa\x7f\x01x"),
]


def client(served: Served) -> BlockingChaukasClient:
    return BlockingChaukasClient(served.grpc, retry=NEVER, timeout=HANG, environ={})


def url(served: Served) -> str:
    return served.clients["CHAUKAS_ENDPOINT"]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("served"), "--store", "memory:", *BOTH) as served:
        with client(served) as sending:
            sending.ingest_events(EVENTS)
        yield served


def exported(folder: Path, *arguments: str, **env: str) -> list[Event]:
    done = here(folder, "export", *arguments, "--format", "delim", "--output", "f", **env)
    assert done.returncode == 0, done.stderr
    return recorded(folder / "f")


def test_events_come_as_they_were_sent(served: Served, tmp_path: Path) -> None:
    found = exported(tmp_path, "--endpoint", url(served))
    assert sorted(map(bytes, found)) == sorted(map(bytes, EVENTS))


@pytest.mark.parametrize(
    ("asked", "which"),
    [
        (["--tenant", "b"], [1]),
        (["--type", "99"], [2]),
        (["--agent", 'a"&=+% é'], [0]),
        (["--session", "nobody's"], []),
        (["--limit", "0"], []),
        (["--until", "2026-01-01"], []),
    ],
    ids=str,
)
def test_conditions_are_those_of_the_other_door(
    served: Served, tmp_path: Path, asked: list[str], which: list[int]
) -> None:
    assert exported(tmp_path, "--endpoint", url(served), *asked) == [EVENTS[each] for each in which]
    assert exported(tmp_path, "--endpoint", served.grpc, *asked) == [EVENTS[each] for each in which]


def test_the_environment_says_where_and_whose(served: Served, tmp_path: Path) -> None:
    here_by_http = {"CHAUKAS_ENDPOINT": url(served), "CHAUKAS_TENANT_ID": "b"}
    assert exported(tmp_path, **here_by_http) == [EVENTS[1]]
    assert exported(tmp_path, "--tenant", "a", **here_by_http) == [EVENTS[0]]
    # Our own variable is looked at first, and is one of gRPC whatever its form.
    assert len(exported(tmp_path, CHAUKAS_ENDPOINT=url(served), CHAUKAS_GRPC_ENDPOINT=f"http://{served.grpc}")) == 3


def test_this_machine_is_not_looked_for_behind_a_proxy(served: Served, tmp_path: Path) -> None:
    assert len(exported(tmp_path, "--endpoint", url(served), http_proxy="http://127.0.0.1:1")) == 3


def test_every_page_is_asked_for(tmp_path: Path) -> None:
    events = [Event(event_id=f"{each}", session_id="s") for each in range(1234)]
    with serving(tmp_path, "--store", "memory:", *BOTH) as served:
        with client(served) as sending:
            sending.ingest_events(events)
        assert exported(tmp_path, "--endpoint", url(served)) == events
        assert exported(tmp_path, "--endpoint", url(served), "--limit", "501") == events[:501]


# What arrives


def test_whatever_arrives_is_shown_by_http(tmp_path: Path) -> None:
    now = datetime.now(timezone.utc)
    late = [
        Event(event_id="of yesterday", session_id="s", timestamp=now - timedelta(days=1)),
        Event(event_id="of others", session_id="t", timestamp=now),
        Event(event_id="timeless", session_id="s"),
    ]
    with serving(tmp_path, "--store", "memory:", *BOTH) as served, client(served) as sending:
        sending.ingest_events([Event(event_id=f"old {n}", session_id="s", timestamp=now) for n in range(3)])
        process = subprocess.Popen(
            [*COMMAND, "tail", "--endpoint", url(served), "--last", "2", "--session", "s", "--format", "jsonl"],
            cwd=tmp_path,
            env=environment(tmp_path),
            encoding="utf-8",
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert process.stdout is not None

        def shown() -> str:
            assert process.stdout is not None
            return str(json.loads(process.stdout.readline())["event_id"])

        assert [shown(), shown()] == ["old 1", "old 2"]
        sending.ingest_events(late)
        assert [shown(), shown()] == ["of yesterday", "timeless"]
        sending.ingest_events([Event(event_id="the last", session_id="s")])
        assert shown() == "the last"
        # Amid a request that the collector keeps waiting.
        process.send_signal(2)
        out, err = process.communicate(timeout=HANG)
        assert (process.returncode, out, without_slowness(err).strip()) == (130, "", "interrupted")


# Mistakes


def refused(folder: Path, endpoint: str, **env: str) -> str:
    done = here(folder, "query", "--endpoint", endpoint, **env)
    assert (done.returncode, done.stdout) == (1, "")
    *waits, line = done.stderr.splitlines()
    assert not waits or (len(waits) == 1 and waits[0].startswith("No answer yet, "))
    return line.removeprefix("Error: ")


def test_each_mistake_is_one_sentence(served: Served, tmp_path: Path) -> None:
    http = url(served)
    host = http.removeprefix("http://")
    events = f"{http}/api/events"
    other = f"http://{served.grpc}"
    assert refused(tmp_path, other) == (
        f"{other}/api/events: it does not speak HTTP/1: of a gRPC port, write --endpoint {served.grpc}"
    )
    assert refused(tmp_path, host) == (
        f"{host} speaks HTTP, and not gRPC: for a collector's HTTP door, write --endpoint {http}"
    )
    assert refused(tmp_path, f"https://{host}").endswith(f": without TLS, write {http}")
    assert refused(tmp_path, f"{http}/sessions").startswith(f"{http}/sessions answers with text/html; ")
    assert refused(tmp_path, f"{http}/api").startswith(f"{http}/api/api/events: 404: there is no collector that ")
    assert "user or password" in refused(tmp_path, f"http://me:secret@{host}")
    assert "secret" not in refused(tmp_path, f"http://me:secret@{host}")
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # and does not listen: whoever connects is refused
        nobody = f"http://127.0.0.1:{held.getsockname()[1]}"
        found = refused(tmp_path, nobody, CHAUKAS_TIMEOUT="0.001")
        assert found == f"{nobody}/api/events: refused: is a collector running there?"
    done = here(tmp_path, "query", "--endpoint", http, "--text", "x" * 1001)
    assert (done.returncode, done.stderr) == (
        1,
        f"Error: {events}: 400 QueryFilter.text_query: 1001 characters are more than the 1000 allowed\n",
    )


BEARER = "authorization: Bearer <key>"


def test_a_key_is_asked_for(tmp_path: Path) -> None:
    key = run(tmp_path, "keys", "add", "--tenant", "acme").stdout.strip()
    writer = run(tmp_path, "keys", "add", "--tenant", "acme", "--write").stdout.strip()
    with serving(tmp_path, "--store", "memory:", *BOTH) as served:
        http = url(served)
        # What to do is said once: the collector says it.
        without = refused(tmp_path, http)
        assert without.endswith(f": 401 the call was refused: it sent no key: set CHAUKAS_API_KEY, or send {BEARER}")
        unknown = refused(tmp_path, http, CHAUKAS_API_KEY="ck_x_y")
        assert unknown.endswith(": 401 the call was refused: its key is not known here, or was revoked")
        assert f"{http}/api/events: 403 " in refused(tmp_path, http, CHAUKAS_API_KEY=writer)
        done = here(tmp_path, "query", "--endpoint", http, CHAUKAS_API_KEY=key)
        assert (done.returncode, done.stderr) == (0, "No events were found.\n")


def test_by_tls_the_certificate_is_checked(tmp_path: Path) -> None:
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    certificate.private_key_and_cert_chain_pem.write_to_path(tmp_path / "own.pem")
    with serving(tmp_path, "--store", "memory:", *BOTH, "--tls-cert", "own.pem") as served:
        http = url(served)
        assert http.startswith("https://")
        done = here(tmp_path, "query", "--endpoint", http, SSL_CERT_FILE="ca.pem")
        assert (done.returncode, done.stderr) == (0, "No events were found.\n")
        assert "SSL_CERT_FILE names the file of whom to trust" in refused(tmp_path, http)
        # Each door says how it is to be asked: http is none, and gRPC has a scheme of its own.
        plain = refused(tmp_path, http.replace("https", "http"), CHAUKAS_TIMEOUT="0.001")
        assert plain.endswith(f": with TLS, write {http}")


def test_a_key_that_goes_in_plain_text_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    def said(address: str) -> str:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("CHAUKAS_API_KEY", "ck_x_y")
            HttpSource(address, "--endpoint")
        return capsys.readouterr().err

    assert said("http://collector.example:4319") == (
        "The key goes to collector.example:4319 in plain text: use https://\n"
    )
    assert said("https://collector.example") == said("http://127.0.0.1:4319") == said("http://[::1]:4319") == ""


def test_a_collector_that_comes_later_is_waited_for(tmp_path: Path) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
    process = subprocess.Popen(
        [*COMMAND, "query", "--endpoint", f"http://127.0.0.1:{port}"],
        cwd=tmp_path,
        env=environment(tmp_path, CHAUKAS_TIMEOUT=f"{HANG}"),
        encoding="utf-8",
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stderr is not None
    assert process.stderr.readline().startswith("No answer yet, it is tried again: http://127.0.0.1:")
    with serving(tmp_path, "--store", "memory:", "--http", f"127.0.0.1:{port}"):
        out, err = process.communicate(timeout=HANG)
    assert (process.returncode, out, without_slowness(err)) == (0, "", "No events were found.\n")
