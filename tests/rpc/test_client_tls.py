"""TLS: who is trusted, who is not, and that nothing ever goes in plain text instead."""

from __future__ import annotations

import asyncio
import ssl
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
import trustme

from chaukas_spec_lite.client.client import ChaukasClient
from chaukas_spec_lite.errors import ChaukasError, HTTP1Error, RpcError, SettingError, SettingTypeError, TLSError
from chaukas_spec_lite.retry import NEVER, RetryPolicy
from chaukas_spec_lite.rpc.client.keepalive import Keepalive
from chaukas_spec_lite.rpc.client.tls import Tls
from tests.patience import AGES, run
from tests.rpc import faulty

QUICK = RetryPolicy(initial=0.01, maximum=0.05)
PATIENT: dict[str, Any] = {"retry": NEVER, "timeout": AGES, "attempt_timeout": AGES}
"""Settings of a client whose calls are tried once, and end for other reasons than their deadlines, or hang."""


class Authority:
    """An authority, and what it signs."""

    def __init__(self, folder: Path) -> None:
        self.ca = trustme.CA()
        self.file = folder / "ca.pem"
        self.ca.cert_pem.write_to_path(self.file)
        self.folder = folder

    def server(self, *names: str, alpn: str | None = "h2", clients: bool = False, **issue: Any) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.ca.issue_cert(*(names or ("localhost", "127.0.0.1")), **issue).configure_cert(context)
        if alpn:
            context.set_alpn_protocols([alpn])
        if clients:
            context.verify_mode = ssl.CERT_REQUIRED
            self.ca.configure_trust(context)
        return context

    def client(self) -> dict[str, Any]:
        made = self.ca.issue_cert("client@example")
        cert, key = self.folder / "cert.pem", self.folder / "key.pem"
        made.cert_chain_pems[0].write_to_path(cert)
        made.private_key_pem.write_to_path(key)
        return {"cert_file": cert, "key_file": key}


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


async def outcome(context: ssl.SSLContext | None, tls: Any, form: str = "https://{}") -> Exception | None:
    """Make one call, and return what it raised."""
    async with (
        faulty.faulty(faulty.ok(), context=context) as (server, address),
        ChaukasClient(
            form.format(address), tls=tls, retry=NEVER, timeout=AGES, attempt_timeout=AGES, api_key="sesame"
        ) as client,
    ):
        try:
            await client.get_capabilities()
        except ChaukasError as error:
            assert not server.requests
            return error
        assert server.requests[0].headers["authorization"] == "Bearer sesame"
        assert server.requests[0].headers[":scheme"] == "https"
        return None


def test_trusted_by_its_authority(authority: Authority) -> None:
    async def main() -> None:
        tls = Tls(ca_file=authority.file)
        assert await outcome(authority.server(), tls) is None
        assert await outcome(authority.server(), tls, "{}") is None
        context = ssl.create_default_context(cafile=authority.file)  # it lacks ALPN, which we see to
        assert await outcome(authority.server(), context) is None
        named = Tls(ca_file=authority.file, server_name="collector.internal")
        assert await outcome(authority.server("collector.internal"), named) is None

    run(main())


def test_over_a_unix_socket(authority: Authority, tmp_path: Path) -> None:
    """It has no name of its own, whether the context is made of files or the caller's."""

    async def main() -> None:
        path = tmp_path / "socket"
        context = authority.server("collector.internal")
        own = ssl.create_default_context(cafile=authority.file)
        async with faulty.faulty(faulty.ok(), context=context) as (server, _):
            loop = asyncio.get_running_loop()
            listening = await loop.create_unix_server(lambda: faulty.Connection(server), path, ssl=context)
            for trust in ({"ca_file": authority.file}, {"ssl_context": own}):
                async with ChaukasClient(f"unix:{path}", tls=Tls(server_name="collector.internal", **trust)) as client:
                    await client.get_capabilities()
                async with ChaukasClient(f"unix:{path}", tls=Tls(server_name="elsewhere", **trust)) as client:
                    with pytest.raises(TLSError, match="not trusted"):
                        await client.get_capabilities()
            assert len(server.requests) == 2
            listening.close()

    run(main())


def test_not_trusted(authority: Authority) -> None:
    async def main() -> None:
        tls = Tls(ca_file=authority.file)
        old = datetime(2020, 1, 1, tzinfo=timezone.utc)
        new = datetime(2020, 2, 1, tzinfo=timezone.utc)
        for context, argument, words in [
            (authority.server(not_before=old, not_after=new), tls, "expired"),
            (authority.server("elsewhere"), tls, "not valid for"),
            (authority.server(), True, "unable to get|self-signed|self signed"),
            (authority.server(), None, "unable to get|self-signed|self signed"),
        ]:
            error = await outcome(context, argument)
            assert isinstance(error, TLSError)
            with pytest.raises(TLSError, match=words):
                raise error
            assert "not trusted" in error.details
            # Whom to trust is said where that would help: nobody makes another name, or another day, a good one.
            assert ("SSL_CERT_FILE" in error.details) is words.startswith("unable")
            assert not error.retryable

    run(main())


def test_client_certificates(authority: Authority) -> None:
    async def main() -> None:
        context = authority.server(clients=True)
        assert await outcome(context, Tls(ca_file=authority.file, **authority.client())) is None
        error = await outcome(context, Tls(ca_file=authority.file))
        assert isinstance(error, RpcError)
        # The refusal may be overtaken by the end of the connection.
        assert isinstance(error, TLSError) or "client certificate" in error.details

    run(main())


def test_never_in_plain_text(authority: Authority) -> None:
    """The server does not speak TLS: the call fails, and the key is never sent."""

    async def main() -> None:
        error = await outcome(None, Tls(ca_file=authority.file))
        assert isinstance(error, RpcError)
        error = await outcome(None, True, "{}")
        assert isinstance(error, RpcError)

    run(main())


def test_plain_text_to_a_server_that_expects_tls(authority: Authority) -> None:
    async def main() -> None:
        async with (
            faulty.faulty(faulty.ok(), context=authority.server()) as (_, address),
            ChaukasClient(address, **PATIENT) as client,
        ):
            with pytest.raises(RpcError, match="TLS"):
                await client.get_capabilities()

    run(main())


def test_without_alpn_it_is_http1(authority: Authority) -> None:
    async def main() -> None:
        for alpn in (None, "http/1.1"):
            error = await outcome(authority.server(alpn=alpn), Tls(ca_file=authority.file))
            assert isinstance(error, HTTP1Error)
            assert "CHAUKAS_GRPC_ENDPOINT" in str(error)
            assert "CHAUKAS_ENDPOINT" in str(error)

    run(main())


def test_files_that_cannot_be_used(tmp_path: Path) -> None:
    empty = tmp_path / "empty.pem"
    empty.write_text("")
    for arguments, name in [
        ({"ca_file": tmp_path / "none"}, "tls.ca_file"),
        ({"ca_file": empty}, "tls.ca_file"),
        ({"cert_file": empty}, "tls.cert_file"),
        ({"key_file": empty}, "tls.key_file"),
    ]:
        with pytest.raises(SettingError) as caught:
            ChaukasClient("h:1", tls=Tls(**arguments))
        assert caught.value.name == name
    own = ssl.create_default_context()
    for tls, words in ((True, r"Tls\(server_name"), (own, r"Tls\(ssl_context=..., server_name")):
        with pytest.raises(SettingError, match=words):
            ChaukasClient("unix:/x", tls=tls)
    with pytest.raises(SettingError, match="load them into it"):
        ChaukasClient("h:1", tls=Tls(ca_file=empty, ssl_context=own))
    assert "hush" not in repr(Tls(key_password="hush"))


@pytest.mark.parametrize("name", ["ca_file", "cert_file", "key_file", "key_password", "server_name", "ssl_context"])
@pytest.mark.parametrize("value", [5, b"hush", True])
def test_values_of_the_wrong_type_are_refused_at_construction(name: str, value: Any) -> None:
    with pytest.raises(SettingTypeError, match=rf"^tls\.{name}: has to be .*, not (int|bytes|bool)") as caught:
        Tls(**{name: value})
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize("endpoint", ["h:1", "http://h:1", "https://h:1"])
@pytest.mark.parametrize("value", ["yes", 1, 0, ""])
def test_tls_of_the_wrong_type_is_refused(endpoint: str, value: Any) -> None:
    with pytest.raises(SettingTypeError, match=r"^tls: has to be True, Tls\(\.\.\.\) or an ssl\.SSLContext, not "):
        ChaukasClient(endpoint, tls=value)


def test_a_half_open_connection_over_tls_is_replaced(authority: Authority) -> None:
    """Closing TLS politely waits for the peer's word, which never comes: the channel must not wait with it."""

    async def main() -> None:
        tls = Tls(ca_file=authority.file)
        keepalive = Keepalive(time=0.2, timeout=0.5)
        async with (
            faulty.faulty(faulty.ok(), context=authority.server()) as (server, address),
            faulty.relay(address) as (between, front),
        ):
            settings = PATIENT | {"retry": QUICK}
            async with ChaukasClient(f"https://{front}", tls=tls, keepalive=keepalive, **settings) as client:
                await client.get_capabilities()
                between.freeze()
                await client.get_capabilities()
                await client.get_capabilities()
                assert between.accepted == 2
                between.freeze()  # and closing does not wait either
            assert len(server.connections) == 2

    run(main())
