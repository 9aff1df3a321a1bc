"""What the environment says: where events go, by a documented order, and whether anything is recorded at all."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from chaukas_spec_lite import SettingError
from chaukas_spec_lite.sinks.address import Address, ConsoleAddress, FileAddress, GrpcAddress, HttpAddress
from chaukas_spec_lite.sinks.environment import read
from chaukas_spec_lite.trace.switches import Switches, switches

HTTP = {"CHAUKAS_ENDPOINT": "https://api.chaukas.example"}
GRPC = {"CHAUKAS_GRPC_ENDPOINT": "localhost:50051"}
FILE = {"CHAUKAS_OUTPUT_MODE": "file", "CHAUKAS_OUTPUT_FILE": "/tmp/events.log"}


@pytest.mark.parametrize(
    ("environ", "address", "unused"),
    [
        ({}, None, ()),
        ({"CHAUKAS_ENDPOINT": "  "}, None, ()),
        (HTTP, HttpAddress("https://api.chaukas.example"), ()),
        (GRPC, GrpcAddress("localhost:50051"), ()),
        (GRPC | HTTP, GrpcAddress("localhost:50051"), ("CHAUKAS_ENDPOINT",)),
        ({"CHAUKAS_GRPC_ENDPOINT": "http://h:1"}, GrpcAddress("http://h:1"), ()),
        ({"CHAUKAS_ENDPOINT": "localhost:50051"}, GrpcAddress("localhost:50051"), ()),
        ({"CHAUKAS_ENDPOINT": "console:"}, ConsoleAddress(False), ()),
        ({"CHAUKAS_ENDPOINT": "file:a.delim"}, FileAddress("a.delim", "delim", False), ()),
        (FILE, FileAddress("/tmp/events.log", "jsonl", False), ()),
        (FILE | HTTP, FileAddress("/tmp/events.log", "jsonl", False), ("CHAUKAS_ENDPOINT",)),
        (FILE | GRPC | HTTP, GrpcAddress("localhost:50051"), ("CHAUKAS_OUTPUT_FILE", "CHAUKAS_ENDPOINT")),
        (FILE | {"CHAUKAS_OUTPUT_FILE": "a.jsonl.gz"}, FileAddress("a.jsonl.gz", "jsonl", True), ()),
        (FILE | {"CHAUKAS_OUTPUT_MODE": "api"}, None, ()),
    ],
)
def test_where_events_go(environ: Mapping[str, str], address: Address | None, unused: tuple[str, ...]) -> None:
    found = read(environ)
    assert (found.address, found.unused) == (address, unused)
    assert not address or environ[found.variable]


def test_what_events_are_given() -> None:
    environ = {
        "CHAUKAS_TENANT_ID": "acme",
        "CHAUKAS_PROJECT_ID": "bot",
        "CHAUKAS_BRANCH": "main",
        "CHAUKAS_TAGS": "a, b",
        "CHAUKAS_SPOOL": "/var/spool/chaukas",
        "CHAUKAS_BATCH_SIZE": "nonsense",  # the client's to refuse, where there is one
    }
    found = read(environ)
    assert found.settings == {"tenant_id": "acme", "project_id": "bot", "branch": "main", "tags": ("a", "b")}
    assert found.spool == "/var/spool/chaukas"
    assert read({}).settings == {}
    assert read({}).spool is None


@pytest.mark.parametrize(
    ("environ", "name"),
    [
        ({"CHAUKAS_ENDPOINT": "https://u:hush@h"}, "CHAUKAS_ENDPOINT"),
        ({"CHAUKAS_GRPC_ENDPOINT": "ftp://hush"}, "CHAUKAS_GRPC_ENDPOINT"),
        ({"CHAUKAS_OUTPUT_MODE": "fil"}, "CHAUKAS_OUTPUT_MODE"),
        ({"CHAUKAS_OUTPUT_MODE": "file"}, "CHAUKAS_OUTPUT_FILE"),
        ({"CHAUKAS_DISABLED": "maybe"}, "CHAUKAS_DISABLED"),
        ({"CHAUKAS_DEBUG": "2"}, "CHAUKAS_DEBUG"),
    ],
)
def test_a_mistake_names_the_variable(environ: Mapping[str, str], name: str) -> None:
    with pytest.raises(SettingError) as caught:
        read(environ)
    assert caught.value.name == name
    assert "hush" not in str(caught.value)


def test_a_misspelt_mode_is_answered() -> None:
    with pytest.raises(SettingError, match="did you mean 'file'"):
        read({"CHAUKAS_OUTPUT_MODE": "fil"})


def test_switched_off_nothing_else_is_looked_at() -> None:
    found = read({"CHAUKAS_DISABLED": "1", "CHAUKAS_ENDPOINT": "nonsense", "CHAUKAS_TENANT_ID": "acme"})
    assert (found.address, found.variable, found.settings) == (None, "CHAUKAS_DISABLED", {})
    assert found.switches.disabled


@pytest.mark.parametrize("text", ["1", "true", "YES", " On "])
def test_yes(text: str) -> None:
    environ = {"CHAUKAS_DISABLED": text, "CHAUKAS_DEBUG": text}
    assert switches(environ) == Switches(disabled=True, debug=True)


@pytest.mark.parametrize("text", ["0", "false", "NO", " off ", "", "  "])
def test_no(text: str) -> None:
    assert switches({"CHAUKAS_DISABLED": text, "CHAUKAS_DEBUG": text}) == switches({}) == Switches()
