"""Addresses mean what they say, and what is no address is answered with what is meant most likely."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from chaukas_spec_lite import SettingError, SettingTypeError
from chaukas_spec_lite.sinks.address import (
    Address,
    ConsoleAddress,
    FileAddress,
    GrpcAddress,
    HttpAddress,
    MemoryAddress,
    NullAddress,
    parse_address,
)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        *((each, GrpcAddress(each)) for each in ("localhost:50051", "10.0.0.1:5", "[::1]:50051", "a:1,b:2")),
        *((each, GrpcAddress(each)) for each in ("grpc://h:1", "grpcs://h", "GRPC://h:1,grpc://i:2", "unix:/run/c")),
        *((each, GrpcAddress(each)) for each in ("dns:///h:1", "ipv4:10.0.0.1:5", "ipv6:[::1]:5", "my.log:5")),
        ("https://h", HttpAddress("https://h")),
        (" HTTPS://h/v1/ ", HttpAddress("https://h/v1")),
        ("http://127.0.0.1:8080", HttpAddress("http://127.0.0.1:8080")),
        ("https://[::1]:8443/x", HttpAddress("https://[::1]:8443/x")),
        ("file:a.jsonl", FileAddress("a.jsonl", "jsonl", False)),
        ("file:a.jsonl.gz", FileAddress("a.jsonl.gz", "jsonl", True)),
        ("FILE:A.DELIM", FileAddress("A.DELIM", "delim", False)),
        ("file:x/a.delim.gz", FileAddress("x/a.delim.gz", "delim", True)),
        ("file:~/a b%20.jsonl", FileAddress("~/a b%20.jsonl", "jsonl", False)),
        ("file:///var/a.delim", FileAddress("/var/a.delim", "delim", False)),
        ("file://localhost/var/a.delim", FileAddress("/var/a.delim", "delim", False)),
        ("file:///C:/a.delim", FileAddress("C:/a.delim", "delim", False)),
        (r"file:C:\a.delim", FileAddress(r"C:\a.delim", "delim", False)),
        (Path("a.jsonl"), FileAddress("a.jsonl", "jsonl", False)),
        ("console:", ConsoleAddress(False)),
        ("console://", ConsoleAddress(False)),
        ("console:lines", ConsoleAddress(False)),
        ("Console:Tree", ConsoleAddress(True)),
        ("memory:", MemoryAddress(None)),
        ("memory:1000", MemoryAddress(1000)),
        ("null:", NullAddress()),
    ],
)
def test_addresses(text: Any, address: Address) -> None:
    assert parse_address(text) == address


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty; write grpc://host:port"),
        ("grpc:h:1", "write grpc://host:port"),
        ("grpc://h", "h has no port"),
        ("grpcs://h/path", "holds a path"),
        ("localhost", "write its port, too: localhost:50051"),
        ("localhost:port", "localhost: the port has to be a number from 1 to 65535, as in localhost:50051"),
        ("grpc://", ": holds no host name: write host:port"),
        ("foo bar", "says nothing that is known here; write grpc://"),
        ("htps://h", "did you mean https://?"),
        ("consol:", "did you mean console:?"),
        ("console", "did you mean console:?"),
        ("memory", "did you mean memory:?"),
        ("stdout", "did you mean console:?"),
        ("none", "did you mean null:?"),
        ("console:tre", "did you mean console:tree?"),
        ("memory:0", "as in memory:1000, not 0"),
        ("memory:lots", "as in memory:1000, not lots"),
        ("null:x", "takes nothing more"),
        ("sqlite:x", "sqlite: is nothing that events can be sent to; write grpc://"),
        ("events.jsonl", "for a file write file:events.jsonl"),
        ("./events", "for a file write file:./events"),
        (r"C:\events.jsonl", r"for a file write file:C:\events.jsonl"),
        ("file:", "without a path"),
        ("file://events.jsonl", "write file:events.jsonl"),
        ("file:events.json", "let it end in .jsonl"),
        ("file:events", "let it end in .jsonl"),
        ("file:events.jsonl/", "let it end in .jsonl"),
        ("file:a\0.jsonl", "null character"),
        ("file:/dev/null", "write null:"),
        ("https:/h", "is not a URL"),
        ("https://", "is not a URL"),
        ("https://h:x", "is not a URL"),
        ("https://h:99999", "is not a URL"),
        ("https://a b", "is not a URL"),
        ("https://h/?key=hush", "holds a query"),
        ("https://h/#hush", "holds a query"),
        ("https://h/v1/events", "ends in /events, which is appended to it"),
        ("https://h/v1/events/batch", "ends in /events/batch"),
        ("https://u:hush@h", "give an api_key instead"),
        ("grpc://u:hush@h:1", "give an api_key instead"),
        ("u:hush@h:1", "is nothing that events can be sent to"),
        ("postgres://u:hush@h/db", "postgres: is nothing that events can be sent to"),
        ("hush@h.jsonl", "file: before it"),
    ],
)
def test_mistakes(text: str, said: str) -> None:
    with pytest.raises(SettingError) as caught:
        parse_address(text, "CHAUKAS_ENDPOINT")
    assert str(caught.value).startswith("CHAUKAS_ENDPOINT: ")
    assert said in str(caught.value)
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize("given", [5, None, b"null:", ["null:"]])
def test_other_types_are_refused(given: Any) -> None:
    with pytest.raises(SettingTypeError, match="has to be text like"):
        parse_address(given)
