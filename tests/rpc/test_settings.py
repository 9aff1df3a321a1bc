"""Settings: from arguments, else from the environment, and mistakes that name where they were made."""

from __future__ import annotations

import dataclasses
import pickle
import traceback
from typing import Any

import pytest

from chaukas_spec_lite.client.client import ChaukasClient
from chaukas_spec_lite.client.settings import Settings
from chaukas_spec_lite.errors import SettingError
from chaukas_spec_lite.retry import RetryPolicy
from chaukas_spec_lite.rpc.client import endpoint
from chaukas_spec_lite.rpc.client.endpoint import Tcp, Unix
from chaukas_spec_lite.rpc.client.keepalive import Keepalive
from chaukas_spec_lite.rpc.client.metadata import headers_of
from chaukas_spec_lite.rpc.transport.limits import Framing

ENVIRONMENT = {
    "CHAUKAS_GRPC_ENDPOINT": "grpc.example:443",
    "CHAUKAS_ENDPOINT": "https://http.example",
    "CHAUKAS_API_KEY": "sesame",
    "CHAUKAS_TENANT_ID": "acme",
    "CHAUKAS_PROJECT_ID": "demo",
    "CHAUKAS_TIMEOUT": "2.5",
    "CHAUKAS_BATCH_SIZE": "7",
    "CHAUKAS_FLUSH_INTERVAL": "1",
    "CHAUKAS_MAX_BATCH_BYTES": "1000",
    "CHAUKAS_TAGS": "a, b,,c",
    "CHAUKAS_BRANCH": "main",
}


def test_defaults_are_those_of_the_sdk() -> None:
    settings = Settings.load("h:1", environ={})
    assert (settings.timeout, settings.batch_size, settings.flush_interval) == (30.0, 20, 5.0)
    assert (settings.max_batch_bytes, settings.tags, settings.branch, settings.api_key) == (262144, (), "", None)
    with pytest.raises(dataclasses.FrozenInstanceError):
        settings.timeout = 1  # type: ignore[misc]


def test_the_environment_fills_in_what_is_not_given() -> None:
    settings = Settings.load(environ=ENVIRONMENT)
    assert str(settings.endpoint) == "grpc.example:443"
    assert (settings.api_key, settings.tenant_id, settings.project_id) == ("sesame", "acme", "demo")
    assert (settings.timeout, settings.batch_size, settings.flush_interval) == (2.5, 7, 1.0)
    assert (settings.max_batch_bytes, settings.tags, settings.branch) == (1000, ("a", "b", "c"), "main")
    given = Settings.load("h:1", tenant_id="t", timeout=1, tags=[], environ=ENVIRONMENT)
    assert (str(given.endpoint), given.tenant_id, given.timeout, given.tags) == ("h:1", "t", 1.0, ())


def test_the_sdk_s_variable_stands_in_unless_it_is_an_http_endpoint() -> None:
    environ = {"CHAUKAS_ENDPOINT": "grpc.example:443", "CHAUKAS_GRPC_ENDPOINT": " "}
    assert Settings.load(environ=environ).endpoint == endpoint.Endpoint((Tcp("grpc.example", 443),), tls=None)
    for target in ("dns:///h:1", "ipv4:192.0.2.1:1"):
        assert Settings.load(environ={"CHAUKAS_ENDPOINT": target}).endpoint == endpoint.parse(target)
    for path in ("unix:/x", "unix:///x", "unix:/y, unix:///x"):
        assert Settings.load(environ={"CHAUKAS_ENDPOINT": path}).endpoint.addresses[-1] == endpoint.Unix(
            path.removeprefix("unix:/y, ").removeprefix("unix:").replace("///", "/")
        )
    for url in ("https://api.chaukas.ai", "http://me:hush@localhost:8080/v1", "HTTPS://h"):
        environ = {"CHAUKAS_ENDPOINT": url}
        with pytest.raises(SettingError, match=r"chaukas-sdk's HTTP endpoint.*set CHAUKAS_GRPC_ENDPOINT") as caught:
            Settings.load(environ=environ)
        assert caught.value.name == "CHAUKAS_ENDPOINT"
        assert "hush" not in str(caught.value)
        assert str(Settings.load("h:1", environ=environ).endpoint) == "h:1"
    with pytest.raises(SettingError, match="CHAUKAS_GRPC_ENDPOINT or CHAUKAS_ENDPOINT"):
        Settings.load(environ={})


def test_secrets_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    client = ChaukasClient(metadata={"x-token": "hush"})
    assert client.settings.api_key == "sesame"
    shown = repr(client) + repr(client.settings) + str(client.settings) + repr(vars(client))
    assert "sesame" not in shown
    assert "hush" not in shown


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("CHAUKAS_TIMEOUT", "soon"),
        ("CHAUKAS_TIMEOUT", "-1"),
        ("CHAUKAS_TIMEOUT", "inf"),
        ("CHAUKAS_TIMEOUT", "nan"),
        ("CHAUKAS_TIMEOUT", "1_000"),
        ("CHAUKAS_TIMEOUT", "\u0663"),
        ("CHAUKAS_BATCH_SIZE", "0"),
        ("CHAUKAS_BATCH_SIZE", "2.5"),
        ("CHAUKAS_FLUSH_INTERVAL", "0"),
        ("CHAUKAS_MAX_BATCH_BYTES", "many"),
        ("CHAUKAS_API_KEY", "two words"),
        ("CHAUKAS_GRPC_ENDPOINT", "ftp://h"),
    ],
)
def test_a_mistake_names_the_variable(variable: str, value: str) -> None:
    with pytest.raises(SettingError) as caught:
        Settings.load(environ=ENVIRONMENT | {variable: value})
    assert caught.value.name == variable
    assert str(caught.value).startswith(f"{variable}: ")
    assert isinstance(caught.value, ValueError)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)
    assert value not in str(caught.value) or variable != "CHAUKAS_API_KEY"


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ({"timeout": True}, "timeout"),
        ({"timeout": 0}, "timeout"),
        ({"attempt_timeout": 0}, "attempt_timeout"),
        ({"batch_size": True}, "batch_size"),
        ({"tenant_id": 5}, "tenant_id"),
        ({"tags": 5}, "tags"),
        ({"api_key": "a\nb"}, "api_key"),
        ({"metadata": {"Upper": "x"}}, "metadata"),
        ({"metadata": {"grpc-timeout": "x"}}, "metadata"),
        ({"metadata": {"x-bin": "x"}}, "metadata"),
        ({"metadata": {"x": "secret\n"}}, "metadata"),
        ({"metadata": {"authorization": "Basic x"}, "api_key": "k"}, "metadata"),
        ({"tls": "yes"}, "tls"),
        ({"endpoint": "http://h", "tls": True}, "tls"),
        ({"endpoint": "https://h", "tls": False}, "tls"),
    ],
)
def test_a_mistake_names_the_argument(arguments: dict[str, Any], name: str) -> None:
    with pytest.raises(SettingError) as caught:
        ChaukasClient(**{"endpoint": "h:1"} | arguments)
    assert caught.value.name == name
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "make",
    [
        lambda: RetryPolicy(initial=0),
        lambda: RetryPolicy(initial=6),
        lambda: RetryPolicy(multiplier=0.5),
        lambda: RetryPolicy(max_attempts=0),
        lambda: Framing(max_receive=0),
        lambda: Framing(max_send=2**31),
        lambda: Framing(compress_above=-1),
        lambda: Keepalive(time=0),
        lambda: Keepalive(timeout=float("inf")),
    ],
    ids=range(9),
)
def test_options_are_checked(make: Any) -> None:
    with pytest.raises(SettingError):
        make()


def test_metadata_is_never_indexed() -> None:
    headers = headers_of("k", [("x-a", "1"), ("x-b-bin", b"\xff\0"), ("x-a", "2")])
    assert [tuple(header) for header in headers] == [
        ("x-a", "1"),
        ("x-b-bin", "/wA"),
        ("x-a", "2"),
        ("authorization", "Bearer k"),
    ]
    assert not any(header.indexable for header in headers)


@pytest.mark.parametrize(
    ("text", "addresses", "tls"),
    [
        ("localhost:50051", [Tcp("localhost", 50051)], None),
        ("http://h", [Tcp("h", 80)], False),
        ("HTTPS://h/", [Tcp("h", 443)], True),
        ("https://h:8443", [Tcp("h", 8443)], True),
        ("grpc://h:50051", [Tcp("h", 50051)], None),
        ("grpcs://h", [Tcp("h", 443)], True),
        ("GRPCS://h:1,https://i", [Tcp("h", 1), Tcp("i", 443)], True),
        ("[::1]:50051", [Tcp("::1", 50051)], None),
        ("https://[fe80::1]", [Tcp("fe80::1", 443)], True),
        ("unix:/run/x.sock", [Unix("/run/x.sock")], None),
        ("unix:///run/x.sock", [Unix("/run/x.sock")], None),
        ("unix:x.sock", [Unix("x.sock")], None),
        ("a:1, b:2", [Tcp("a", 1), Tcp("b", 2)], None),
        (["a:1", "b:2"], [Tcp("a", 1), Tcp("b", 2)], None),
        ("dns:///h.example:50051", [Tcp("h.example", 50051)], None),
        ("dns:h.example:50051", [Tcp("h.example", 50051)], None),
        ("dns:///h.example", [Tcp("h.example", 443)], None),
        ("ipv4:192.0.2.1:50051", [Tcp("192.0.2.1", 50051)], None),
        ("ipv4:192.0.2.1:50051,192.0.2.2:50052", [Tcp("192.0.2.1", 50051), Tcp("192.0.2.2", 50052)], None),
        ("ipv6:[2001:db8::1]:50051", [Tcp("2001:db8::1", 50051)], None),
        ("ipv6:2001:db8::1", [Tcp("2001:db8::1", 443)], None),
        ("dns:50051", [Tcp("dns", 50051)], None),
    ],
    ids=range(22),
)
def test_endpoints(text: Any, addresses: list[Any], tls: bool | None) -> None:
    read = endpoint.parse(text)
    assert read == endpoint.Endpoint(tuple(addresses), tls)
    if tls is None:
        assert endpoint.parse(str(read)) == read


def test_the_scope_of_an_address_is_for_this_machine_only() -> None:
    (address,) = endpoint.parse("[fe80::1%eth0]:50051").addresses
    assert address == Tcp("fe80::1%eth0", 50051)
    assert (str(address), address.name, address.authority) == ("[fe80::1%eth0]:50051", "fe80::1", "[fe80::1]:50051")
    assert Tcp("h", 1).authority == "h:1"


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("", "is empty"),
        ("h", "no port"),
        ("h:", "no port"),
        ("h:0", "from 1 to 65535"),
        ("h:99999999", "from 1 to 65535"),
        ("h:x", "from 1 to 65535"),
        ("h:²", "from 1 to 65535"),
        ("::1", "in brackets"),
        ("me:hush:1", "in brackets"),
        ("https://[bad?key=hush", "is not a URL|no IPv6"),
        ("https://[hush]", "is not a URL|no IPv6"),
        ("[::1%hush", "not of the form"),
        ("[::1]hush", "not of the form"),
        ("h:1?key=hush", "from 1 to 65535"),
        ("https://h:hush", "from 1 to 65535"),
        ("https://h:hush/x", "path or query"),
        ("host hush", "has no port|no host name"),
        ("h hush:1", "no host name"),
        ("https://h\u2100hush", "is not a URL"),
        ("unix://hush", "without a path"),
        ("Bearer hush://x", "not a scheme"),
        ("[::1", "no IPv6|not of the form"),
        ("[x]:1", "no IPv6"),
        ("[::1]x", "not of the form"),
        (":1", "no host"),
        ("ftp://h", "not a scheme"),
        ("file://localhost", "not a scheme"),
        ("https://h/v1/events", "path"),
        ("https://h?token=hush", "path or query"),
        ("https://me:hush@h", "api_key"),
        ("unix:", "without a path"),
        ("unix://host/x", "without a path"),
        ("http://a,https://b", "mixes"),
        ("a:1,https://b", "mixes"),
        ("h/x:1", "no host"),
        ("dns://192.0.2.53/h:1", "DNS server to ask.*write dns:///host:port"),
        ("dns://h:1", "DNS server"),
        ("dns:///", "no host"),
        ("dns:///h:x", "from 1 to 65535"),
        ("dns:///hush@h:1", "user or password"),
        ("dns:///h:1/hush", "from 1 to 65535"),
        ("dns:///h/hush", "no host"),
        ("ipv4:h.example:1", "without an IPv4 address"),
        ("ipv4:192.0.2.1:99999", "from 1 to 65535"),
        ("ipv6:192.0.2.1", "no IPv6"),
        ("xds:///h", "not a scheme"),
    ],
)
def test_mistakes_in_endpoints(text: str, part: str) -> None:
    with pytest.raises(SettingError, match=part) as caught:
        endpoint.parse(text)
    shown = "".join(traceback.format_exception(caught.type, caught.value, None))
    assert "hush" not in shown
