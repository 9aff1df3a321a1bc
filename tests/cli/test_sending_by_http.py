"""Commands that hand events to a collector by HTTP: what arrives, what is refused, and what stays where it was."""

from __future__ import annotations

import asyncio
import errno
import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import NoReturn

import pytest
import trustme

from chaukas_spec_lite import BlockingChaukasClient, BlockingExporter, Event, StatusCode
from chaukas_spec_lite.cli.http_door import DoorClient, HttpDoorError
from chaukas_spec_lite.cli.takers import TellingTaker
from chaukas_spec_lite.client.settings import Settings
from chaukas_spec_lite.errors import ConnectError, StatusError
from tests.cli.recordings import RECORDING, here, recorded, written
from tests.cli.serving import Served, serving
from tests.patience import HANG

BOTH = "--http", "127.0.0.1:0"
EVENTS = recorded()


def url(served: Served) -> str:
    return served.clients["CHAUKAS_ENDPOINT"]


def stored(folder: Path, endpoint: str) -> dict[str, Event]:
    assert here(folder, "export", "--endpoint", endpoint, "--output", "stored.delim").returncode == 0
    return {each.event_id: each for each in recorded(folder / "stored.delim")}


def leave_in_spool(folder: Path) -> None:
    """What a program leaves that found no collector."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        client = BlockingChaukasClient(f"127.0.0.1:{held.getsockname()[1]}", environ={})
        with BlockingExporter(client, spool=folder / "spool") as exporter:
            exporter.emit(Event(event_id="left", session_id="s"))
            exporter.close(0)
        client.close()


@pytest.mark.parametrize("variable", [False, True], ids=["option", "variable"])
def test_files_are_sent_as_they_are(tmp_path: Path, variable: bool) -> None:
    with serving(tmp_path, "--store", "memory:", *BOTH) as served:
        # The second of the lines that serve prints does, for what is to be sent as for what is to be seen.
        named = {} if not variable else {"CHAUKAS_ENDPOINT": url(served)}
        options = () if variable else ("--endpoint", url(served))
        for _ in range(2):
            done = here(tmp_path, "send", *options, RECORDING, **named)
            assert (done.returncode, done.stdout, done.stderr[:16]) == (0, "", "57 events sent (")
        assert stored(tmp_path, url(served)) == {each.event_id: each for each in EVENTS}


def test_what_is_refused_is_told_with_the_reason(tmp_path: Path) -> None:
    key = here(tmp_path, "keys", "add", "--tenant", "other").stdout.strip()
    large = Event(event_id="large", tenant_id="other", metadata={"text": "x" * (2 << 20)})
    (tmp_path / "f").write_bytes(written([large, Event(event_id="good", tenant_id="other"), EVENTS[0]], "delim"))
    with serving(tmp_path, "--store", "events.db", *BOTH, "--max-body", "1MiB") as served:
        done = here(tmp_path, "send", "--endpoint", url(served), "f", CHAUKAS_API_KEY=key)
    told = done.stderr.splitlines()
    assert (done.returncode, told[0][:13]) == (1, "1 event sent ")
    assert any(line.startswith(f"Refused: event {EVENTS[0].event_id}: ") and "tenant" in line for line in told)
    assert any(line.startswith("Refused: event large: ") for line in told)
    assert told[-1].startswith("Error: 2 events were refused: ")
    found = here(tmp_path, "export", "--store", "events.db", "--output", "stored.delim")
    assert found.returncode == 0
    assert [each.event_id for each in recorded(tmp_path / "stored.delim")] == ["good"]


def test_a_spool_is_drained(tmp_path: Path) -> None:
    leave_in_spool(tmp_path)
    with serving(tmp_path, "--store", "memory:", *BOTH) as served:
        done = here(tmp_path, "drain", "spool", CHAUKAS_ENDPOINT=url(served))
        assert (done.returncode, done.stderr) == (0, "1 event found, 1 sent.\n")
        assert set(stored(tmp_path, url(served))) == {"left"}
        again = here(tmp_path, "dead-letters", "--send", "--endpoint", url(served), "spool")
        assert (again.returncode, again.stderr) == (0, "0 events tried again, 0 sent.\n")


# Mistakes


class _Page(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(b"<p>Welcome</p>")

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def pages() -> Generator[str, None, None]:
    """A web server that has a page for everything."""
    with HTTPServer(("127.0.0.1", 0), _Page) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join(HANG)


def test_a_web_page_is_no_receipt(tmp_path: Path) -> None:
    said = "/events/batch answers with a web page, and takes no events: the address is the one that "
    leave_in_spool(tmp_path)
    with pages() as page, serving(tmp_path, "--store", "memory:", *BOTH) as served:
        assert refused(tmp_path, page).startswith(f"{page}{said}")
        lost = here(tmp_path, "drain", "--endpoint", page, "spool")
        assert lost.returncode == 1
        assert f" bytes are left in spool: {page}{said}" in lost.stderr
        # It is there for who takes it.
        done = here(tmp_path, "drain", "--endpoint", url(served), "spool")
        assert (done.returncode, done.stderr) == (0, "1 event found, 1 sent.\n")


def refused(folder: Path, endpoint: str, **env: str) -> str:
    """What is said of a wrong key or address, at once, whatever the patience."""
    done = here(folder, "send", "--endpoint", endpoint, "--patience", f"{10 * HANG}", RECORDING, **env)
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines()
    return line.removeprefix("Error: ")


def test_each_wrong_door_is_one_sentence_at_once(tmp_path: Path) -> None:
    with serving(tmp_path, "--store", "memory:", *BOTH) as served:
        http, grpc = url(served), served.grpc
        host = http.removeprefix("http://")
        other = f"{host} speaks HTTP, and not gRPC: for a collector's HTTP door, write --endpoint {http}"
        assert refused(tmp_path, host) == other
        # Our own variable is one of gRPC, whatever its form.
        done = here(tmp_path, "send", RECORDING, CHAUKAS_GRPC_ENDPOINT=http)
        assert (done.returncode, done.stderr) == (1, f"Error: {other}\n")
        assert refused(tmp_path, f"http://{grpc}").endswith(
            f": it does not speak HTTP/1: of a gRPC port, write --endpoint {grpc}"
        )
        assert refused(tmp_path, f"https://{host}").endswith(f": without TLS, write {http}")
        assert "404: nothing takes events there" in refused(tmp_path, f"{http}/api")


def test_a_collector_that_is_away_is_told_at_once_and_waited_for(tmp_path: Path) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # and does not listen: whoever connects is refused
        address = f"127.0.0.1:{held.getsockname()[1]}"
        for endpoint in address, f"http://{address}":
            done = here(tmp_path, "send", "--endpoint", endpoint, "--patience", "0.2", RECORDING)
            first, last = done.stderr.splitlines()
            assert first.startswith("Nothing is taken yet, it is tried again: ")
            assert first.endswith("refused: is a collector running there?")
            assert last.startswith("Error: nothing was taken for 0.2 seconds: ")


@pytest.mark.parametrize(
    "error",
    [
        BrokenPipeError(errno.EPIPE, "Broken pipe"),
        ConnectionAbortedError(errno.ECONNABORTED, "aborted"),
        OSError(errno.ENETUNREACH, "Network is unreachable"),
        OSError(errno.EHOSTUNREACH, "No route to host"),
        socket.gaierror(socket.EAI_AGAIN, "try again"),
    ],
    ids=repr,
)
def test_what_comes_of_a_network_that_is_away_is_waited_for(monkeypatch: pytest.MonkeyPatch, error: OSError) -> None:
    """By HTTP as by gRPC. A collector that ends amid a batch breaks the pipe of who sends it."""

    def away(*_: object, **__: object) -> NoReturn:
        raise urllib.error.URLError(error)

    monkeypatch.setattr(urllib.request.OpenerDirector, "open", away)
    with pytest.raises(HttpDoorError) as caught:
        DoorClient("http://127.0.0.1:1", None).post("/events/batch", b"")
    assert caught.value.passing


def test_an_address_at_which_something_was_taken_is_no_mistake_from_then_on(capsys: pytest.CaptureFixture[str]) -> None:
    """Where the network is away, names are not known, and a proxy may answer for the collector."""
    away = ConnectError("the name cannot be resolved: Name or service not known")

    class Taking:
        settings = Settings.load("127.0.0.1:1", environ={})
        answers: Iterator[Exception | None] = iter([None, away, None, away])

        async def send(self, encoded_events: Sequence[bytes], /) -> int:
            if (error := next(self.answers)) is not None:
                raise error
            return 0

        async def ingest_event(self, event: bytes, /) -> None:
            raise AssertionError("nothing was rejected")

    async def main() -> None:
        taker = TellingTaker(Taking())
        for error in None, away, None:
            if error is None:
                assert await taker.send([b""]) == 0
            else:
                with pytest.raises(ConnectError):
                    await taker.send([b""])
                assert taker.mistake is None
        fresh = TellingTaker(Taking())
        with pytest.raises(ConnectError):
            await fresh.send([b""])
        assert fresh.mistake is away

    asyncio.run(main())
    assert capsys.readouterr().err.count("it is tried again") == 1


def leave_dead_letters(folder: Path) -> None:
    """What a program leaves whose event was refused."""

    class Refusing:
        async def send(self, encoded_events: Sequence[bytes]) -> None:
            raise StatusError("no", status=StatusCode.INVALID_ARGUMENT, rpc="IngestEventBatch")

    with BlockingExporter(Refusing(), spool=folder / "letters") as exporter:
        exporter.emit(Event(event_id="refused", session_id="s"))
        exporter.flush(HANG)


def at_once(folder: Path, endpoint: str, **env: str) -> list[str]:
    """What each command that sends says of a mistake, at once, whatever time it is given."""
    said = [refused(folder, endpoint, **env)]
    for command in ("drain", "spool"), ("dead-letters", "--send", "letters"):
        done = here(folder, *command, "--endpoint", endpoint, "--timeout", f"{10 * HANG}", **env)
        counted, line = done.stderr.splitlines()
        assert (done.returncode, done.stdout, counted.endswith(" 0 sent.")) == (1, "", True)
        said.append(line)
    return said


@pytest.fixture
def left(tmp_path: Path) -> Path:
    """A folder with events that are to be sent."""
    leave_in_spool(tmp_path)
    leave_dead_letters(tmp_path)
    return tmp_path


def test_a_wrong_key_ends_each_command_at_once_by_each_door(left: Path) -> None:
    reader = here(left, "keys", "add", "--tenant", "acme", "--read").stdout.strip()
    with serving(left, "--store", "memory:", *BOTH) as served:
        for endpoint in served.grpc, url(served):
            for key, why in ("ck_x_y", "its key is not known here, or was revoked"), (reader, "does not allow writing"):
                said = at_once(left, endpoint, CHAUKAS_API_KEY=key)
                assert [line.endswith(why) for line in said] == [True] * 3, said
        # Asked again and again with a wrong key, a collector would shut out who asks, and who comes from there later.
        _, logged = served.end()
        assert "too many wrong keys" not in logged


def test_a_wrong_address_ends_each_command_at_once(left: Path) -> None:
    with serving(left, "--store", "memory:", *BOTH) as served:
        http, grpc = url(served), served.grpc
        for endpoint, why in [
            (http.removeprefix("http://"), f"for a collector's HTTP door, write --endpoint {http}"),
            (f"http://{grpc}", f"it does not speak HTTP/1: of a gRPC port, write --endpoint {grpc}"),
            (f"{http}/api", "404: nothing takes events there: is the endpoint what stands before /events?"),
            (f"grpcs://{grpc}", "does the peer speak TLS? If not, leave out grpcs:// or https://"),
            # No event is at fault for the name of a host that cannot be one.
            ("a..b:50051", "the host name is not valid: "),
        ]:
            said = at_once(left, endpoint)
            assert [why in line for line in said] == [True] * 3, said
        sent = here(left, "drain", "--endpoint", grpc, "spool")
        assert (sent.returncode, sent.stderr) == (0, "1 event found, 1 sent.\n")


def test_a_certificate_that_is_not_trusted_ends_each_command_at_once(left: Path) -> None:
    trustme.CA().issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(left / "own.pem")
    with serving(left, "--store", "memory:", *BOTH, "--tls-cert", "own.pem") as served:
        for endpoint in served.grpc, url(served):
            said = at_once(left, endpoint)
            assert [line.endswith(": SSL_CERT_FILE names the file of whom to trust") for line in said] == [True] * 3


def test_by_tls_each_door_has_its_scheme(tmp_path: Path) -> None:
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    certificate.private_key_and_cert_chain_pem.write_to_path(tmp_path / "own.pem")
    with serving(tmp_path, "--store", "memory:", *BOTH, "--tls-cert", "own.pem") as served:
        trusted = {"SSL_CERT_FILE": str(tmp_path / "ca.pem")}
        http, grpc = url(served), served.grpc
        assert (http[:8], grpc[:8]) == ("https://", "grpcs://")
        for endpoint in http, grpc:
            done = here(tmp_path, "send", "--endpoint", endpoint, RECORDING, **trusted)
            assert (done.returncode, done.stderr[:16]) == (0, "57 events sent (")
        swapped = refused(tmp_path, grpc.replace("grpcs", "https"), **trusted)
        assert swapped.endswith(f": it does not speak HTTP/1: of a gRPC port, write --endpoint {grpc}")
        swapped = refused(tmp_path, http.replace("https", "grpcs"), **trusted)
        assert swapped.endswith(f": for a collector's HTTP door, write --endpoint {http}")


@pytest.mark.parametrize("command", ["send", "sessions"])
def test_what_is_no_collector_is_told_with_what_to_do(tmp_path: Path, command: str) -> None:
    def said(*arguments: str, **env: str) -> str:
        files = [str(RECORDING)] if command == "send" else []
        done = here(tmp_path, command, *arguments, *files, **env)
        assert (done.returncode, done.stdout) == (1, "")
        return done.stderr

    # As the tutorial has it, for the program that records.
    assert said(CHAUKAS_ENDPOINT="file:run.jsonl") == (
        "Error: CHAUKAS_ENDPOINT: is file: and no collector: "
        "name the file as an argument, or give a collector's address with --endpoint\n"
    )
    assert said("--endpoint", "sqlite:events.db").startswith(
        "Error: --endpoint: is sqlite: and no collector: commands that look take a store by --store; "
    )
    assert "console: and no collector" in said(CHAUKAS_ENDPOINT="console:tree")
