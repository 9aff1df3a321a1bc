"""What services know of a call beside the request, and what they add to the answer."""

from __future__ import annotations

import asyncio
import ssl
from typing import Any

import grpc
import pytest
import trustme
from grpclib.const import Status
from grpclib.exceptions import GRPCError

from chaukas_spec_lite.rpc.server.served import ServedCall, current_call, peer_name
from chaukas_spec_lite.rpc.server.server import MessageServer
from tests.patience import HANG, run
from tests.rpc.relay import PREFIX, Relay, Word


class Named(Relay):
    async def echo(self, request: Any) -> Any:
        call = current_call()
        call.trailing["x-peer"] = call.peer
        return Word(text=str(call.certificate_name))


def asked(context: ssl.SSLContext, credentials: grpc.ChannelCredentials) -> tuple[str, dict[str, str]]:
    """What the official client is answered, with the metadata behind the answer."""
    answers: list[tuple[str, dict[str, str]]] = []

    def official(port: int) -> None:
        with grpc.secure_channel(f"localhost:{port}", credentials) as channel:
            message, call = channel.unary_unary(f"{PREFIX}Echo").with_call(b"", timeout=HANG)
            answers.append((Word.parse(message).text, dict(call.trailing_metadata())))

    async def main() -> None:
        server = MessageServer([Named()])
        await server.start("127.0.0.1", 0, ssl=context)
        try:
            await asyncio.to_thread(official, server.port)
        finally:
            await server.stop(1)

    run(main())
    return answers[0]


@pytest.fixture(scope="module")
def ca() -> trustme.CA:
    return trustme.CA()


def context_of(ca: trustme.CA, verify: ssl.VerifyMode) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("localhost").configure_cert(context)
    ca.configure_trust(context)
    context.verify_mode = verify
    context.set_alpn_protocols(["h2"])
    return context


def credentials_of(ca: trustme.CA, made: trustme.LeafCert | None) -> grpc.ChannelCredentials:
    key = made and made.private_key_pem.bytes()
    chain = made and b"".join(pem.bytes() for pem in made.cert_chain_pems)
    return grpc.ssl_channel_credentials(ca.cert_pem.bytes(), key, chain)


@pytest.mark.parametrize(
    ("identity", "issue", "name"),
    [
        ("10.0.0.7", {"common_name": "acme writer"}, "acme writer"),
        ("writer@acme.example", {}, "writer@acme.example"),
        ("acme.example", {}, "acme.example"),
    ],
)
def test_a_client_is_known_by_the_name_in_its_certificate(
    ca: trustme.CA, identity: str, issue: dict[str, Any], name: str
) -> None:
    made = ca.issue_cert(identity, **issue)
    answer, trailing = asked(context_of(ca, ssl.CERT_REQUIRED), credentials_of(ca, made))
    assert answer == name
    assert trailing["x-peer"].startswith("127.0.0.1:")


def test_a_client_without_certificate_has_no_name(ca: trustme.CA) -> None:
    assert asked(context_of(ca, ssl.CERT_OPTIONAL), credentials_of(ca, None))[0] == "None"


def test_a_strangers_certificate_is_no_name_but_the_end(ca: trustme.CA) -> None:
    made = trustme.CA().issue_cert("acme.example")
    with pytest.raises(grpc.RpcError) as caught:
        asked(context_of(ca, ssl.CERT_OPTIONAL), credentials_of(ca, made))
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE


def test_what_a_service_adds_goes_along_with_an_error_too() -> None:
    class Failing(Relay):
        async def echo(self, request: Any) -> Any:
            current_call().trailing["x-more"] = "said"
            raise GRPCError(Status.ABORTED, "no")

    def official(port: int) -> None:
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            with pytest.raises(grpc.RpcError) as caught:
                channel.unary_unary(f"{PREFIX}Echo")(b"", timeout=HANG)
            assert caught.value.code() is grpc.StatusCode.ABORTED
            assert dict(caught.value.trailing_metadata()) == {"x-more": "said"}
            with pytest.raises(grpc.RpcError) as caught:
                channel.unary_unary(f"{PREFIX}Nothing")(b"", timeout=HANG)
            assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED

    async def main() -> None:
        server = MessageServer([Failing()])
        await server.start("127.0.0.1", 0)
        try:
            await asyncio.to_thread(official, server.port)
        finally:
            await server.stop(1)

    run(main())


def test_peers_are_named_as_they_are_written() -> None:
    assert peer_name(("::1", 5, 0, 0)) == "[::1]:5"
    assert peer_name(("127.0.0.1", 5)) == "127.0.0.1:5"
    assert peer_name("") == "unix"
    assert ServedCall({}, "", {"subject": (), "subjectAltName": ()}).certificate_name is None


def test_outside_of_a_call_there_is_none() -> None:
    with pytest.raises(LookupError):
        current_call()
