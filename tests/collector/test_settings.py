"""Settings of a collector: how amounts are written, which source counts, and what is refused."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaukas_spec_lite import SettingError
from chaukas_spec_lite.collector.places import data_directory
from chaukas_spec_lite.collector.settings import CollectorSettings
from chaukas_spec_lite.rpc.client.endpoint import Tcp
from chaukas_spec_lite.settings import describe
from tests.collector.log_keys import KEYS, WITNESSES

SECRET = f"PRIVATE+KEY+w+00000000+{'A' * 44}"


def load(options: Mapping[str, object] | None = None, tmp_path: Path | None = None, **env: str) -> CollectorSettings:
    """Load settings in a world where the user has no data, or has them in a folder."""
    return CollectorSettings.load(options, environ={"XDG_DATA_HOME": str(tmp_path or "/nowhere"), **env})


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        *(
            ("retain", text, seconds)
            for text, seconds in {"30d": 2592000, "1.5h": 5400, "90 s": 90, "2w": 1209600}.items()
        ),
        *(("retain", text, seconds) for text, seconds in {"5min": 300, "5m": 300, "250ms": 0.25, "off": None}.items()),
        *(("max_size", text, size) for text, size in {"10GB": 10**10, "10 gib": 10 * 2**30, "1.5k": 1536}.items()),
        *(("max_size", text, size) for text, size in {"100000": 100000, "7B": 7, "off": None}.items()),
        ("grpc", "0.0.0.0:50051", Tcp("0.0.0.0", 50051)),
        ("grpc", "[::1]:0", Tcp("::1", 0)),
        ("http", "localhost:80", Tcp("localhost", 80)),
        ("http", "off", None),
        ("keys", "off", None),
        ("keys", "/etc/keys.json", Path("/etc/keys.json")),
        ("events_per_second", "10k", 10000),
        ("events_per_second", "0.5", 0.5),
        ("grace", "2s", 2),
        ("max_body", "1MiB", 2**20),
        ("max_json", "1MB", 10**6),
        ("max_bodies", "1GiB", 2**30),
        ("max_memory", "64MiB", 2**26),
        ("max_connections", "2k", 2000),
        ("max_connections", "off", None),
        ("max_connections_per_address", "7", 7),
        ("max_calls", "2k", 2000),
        ("max_calls", "off", None),
        ("max_calls_per_address", "9", 9),
        ("max_requests", "64MiB", 2**26),
        ("max_requests", "off", None),
        ("max_requests_per_address", "1MB", 10**6),
        ("max_answers", "1GiB", 2**30),
        ("handshake_timeout", "2s", 2),
        ("idle_timeout", "5min", 300),
        ("body_timeout", "1m", 60),
        ("audit_key", "/etc/log.key", (Path("/etc/log.key"),)),
        ("audit_key", "off", ()),
        ("witness_key", f"{WITNESSES[0]} {WITNESSES[1]}", WITNESSES),
        ("witness_key", f"{WITNESSES[1]},{WITNESSES[1]}", WITNESSES[1:]),
        ("checkpoint_events", "5k", 5000),
        ("checkpoint_events", "off", None),
        ("checkpoint_seconds", "500ms", 0.5),
    ],
)
def test_amounts_are_read_alike_from_every_source(name: str, text: str, value: object, tmp_path: Path) -> None:
    variable = next(each.variable for each in describe(CollectorSettings) if each.name == name)
    config = tmp_path / "collector.toml"
    config.write_text(f'{name.replace("_", "-")} = "{text}"\n')
    made = [load({name: text}), load(**{variable: text}), load(CHAUKAS_CONFIG=str(config))]
    assert [getattr(each, name) for each in made] == [value] * 3


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("retain", "soon", "has to be a duration such as 30d, 12h, 90s, or off, not 'soon'"),
        ("retain", "-3d", "has to be a duration such as"),
        ("retain", "0s", "has to be above 0"),
        ("retain", "9" * 400 + "d", "has to be a duration such as"),
        ("retain", True, "has to be a number of seconds"),
        ("grace", "off", "has to be a duration such as 30d, 12h, 90s, not 'off'"),
        ("max_size", "10 parsecs", "has to be a size such as 10GB, 512MiB, 100000, or off, not '10 parsecs'"),
        ("max_size", "0", "has to be at least 1"),
        ("max_size", "99999999999TB", "has to be at most"),
        ("max_body", "off", "has to be a size such as 10GB, 512MiB, 100000, not 'off'"),
        ("grpc", "127.0.0.1", "127.0.0.1 has no port: write 127.0.0.1:50051"),
        ("grpc", "50051", "50051 is a port without a host: write 127.0.0.1:50051"),
        ("grpc", "::1:0", "holds several colons"),
        ("grpc", 50051, 'has to be text like "127.0.0.1:50051", or "off", not 50051'),
        ("keys", 7, "has to be a str or a Path"),
        ("max_connections", "1.5", "has to be a whole number such as 500, 2k, or off, not '1.5'"),
        ("max_connections", "0", "has to be at least 1"),
        ("idle_timeout", "off", "has to be a duration such as 30d, 12h, 90s, not 'off'"),
        ("log", "xml", "has to be one of text, json, not 'xml'"),
        ("events_per_second", "many", "has to be a number such as 500, 10k, or off, not 'many'"),
        ("insecure", "perhaps", "has to be true or false, not 'perhaps'"),
        ("audit_key", 7, "has to be one or more paths of files, not 7"),
        ("audit_key", [b"/k"], "has to be one or more paths of files, not list"),
        ("audit_key", "", "is empty: write the path of a file"),
        ("witness_key", 7, "has to be one or more verifier keys, not 7"),
        ("witness_key", "w+0+k", "has to be name+id+base64, an Ed25519 key as signed notes have it, not 'w+0+k'"),
        ("witness_key", str(KEYS[0]), "is the key of a log; that of a witness has the type 4"),
        ("witness_key", SECRET, "is a secret key; the public half is meant, which keygen has printed"),
        ("checkpoint_events", "0", "has to be at least 1"),
        ("checkpoint_seconds", "off", "has to be a duration such as 30d, 12h, 90s, not 'off'"),
    ],
)
def test_what_cannot_be_used_is_refused_with_an_example(name: str, value: Any, problem: str) -> None:
    with pytest.raises(SettingError) as caught:
        load({name: value})
    assert caught.value.name == name
    assert problem in caught.value.message
    assert SECRET not in str(caught.value)


@given(st.text(max_size=30))
def test_no_text_is_taken_for_an_amount_by_accident(text: str) -> None:
    """Whatever is read begins with a digit; anything else is a SettingError, and no other error."""
    for name in ("retain", "max_size", "events_per_second"):
        try:
            value = getattr(CollectorSettings(**{name: text}), name)
        except SettingError:
            continue
        assert value is None or text.strip()[0] in "0123456789"


def test_options_count_more_than_variables_and_those_more_than_the_file(tmp_path: Path) -> None:
    config = tmp_path / "collector.toml"
    config.write_text('retain = "1d"\nmax-size = 1000\nlog = "json"\nindex-text = true\n')
    made = CollectorSettings.load(
        {"retain": "3d", "log": None},
        config=config,
        environ={
            "CHAUKAS_RETAIN": "nonsense, and not even read",
            "CHAUKAS_MAX_SIZE": "2000",
            "CHAUKAS_INDEX_TEXT": "no",
        },
    )
    assert (made.retain, made.max_size, made.log, made.index_text) == (3 * 86400, 2000, "json", False)


def test_several_keys_are_said_as_each_source_has_several(tmp_path: Path) -> None:
    config = tmp_path / "collector.toml"
    config.write_text("audit-key = ['a', 'b']\n")
    both = (Path("a"), Path("b"))
    assert load({"audit_key": ("a", Path("b"))}).audit_key == both
    assert load(CHAUKAS_AUDIT_KEY=os.pathsep.join("ab")).audit_key == both
    assert load(CHAUKAS_CONFIG=str(config)).audit_key == both


@pytest.mark.parametrize("word", ["1", "true", "Yes", "ON"])
def test_switches_are_words_in_the_environment(word: str) -> None:
    assert load(CHAUKAS_INSECURE=word).insecure is True


@pytest.mark.parametrize(
    ("text", "name", "problem"),
    [
        ("retian = '1d'", "", "there is no setting 'retian'; did you mean 'retain'?"),
        ("retain = 'soon'", ": retain", "has to be a duration such as"),
        ("retain = [1]", ": retain", "has to be a number of seconds, not list"),
        ("retain 5", "", "is no TOML"),
        ("log = 'caf\xe9'", "", "is no TOML"),
    ],
)
def test_a_mistake_in_the_file_names_the_file(text: str, name: str, problem: str, tmp_path: Path) -> None:
    config = tmp_path / "collector.toml"
    config.write_bytes(text.encode("latin-1"))
    with pytest.raises(SettingError) as caught:
        CollectorSettings.load(config=config, environ={})
    assert caught.value.name == f"{config}{name}"
    assert problem in caught.value.message


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="No such file"):
        CollectorSettings.load(config=tmp_path / "none.toml", environ={})


def test_an_option_that_does_not_exist_is_refused() -> None:
    with pytest.raises(TypeError, match="did you mean 'max_size'"):
        load({"maxsize": "1GB"})


@pytest.mark.parametrize(
    ("settings", "missing"),
    [
        ({"grpc": "0.0.0.0:1"}, "no keys (chaukas-lite keys add) and no TLS (--tls-cert)"),
        ({"http": "192.0.2.7:1", "keys": "k"}, "has no TLS"),
        ({"http": "example.org:1", "tls_cert": "c"}, "has no keys"),
        ({"grpc": "[::]:1", "tls_cert": "c", "client_ca": "a"}, None),
        ({"grpc": "0.0.0.0:1", "tls_cert": "c", "keys": "k"}, None),
        ({"grpc": "0.0.0.0:1", "insecure": True}, None),
        ({"grpc": "127.9.9.9:1", "http": "[::1]:1"}, None),
        ({"grpc": "localhost:1", "http": "off"}, None),
    ],
)
def test_other_machines_are_not_let_in_by_accident(settings: dict[str, Any], missing: str | None) -> None:
    made = load(settings)
    if missing is None:
        made.check_together()
        return
    with pytest.raises(SettingError) as caught:
        made.check_together()
    assert missing in caught.value.message
    assert "--insecure" in caught.value.message


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"grpc": "off", "http": "off"}, "nobody could reach"),
        ({"tls_key": "k"}, "without tls_cert"),
        ({"client_ca": "k"}, "without tls_cert"),
        ({"worm": True}, "worm: is given without audit_key"),
        ({"witness_key": WITNESSES}, "witness_key: is given without audit_key"),
    ],
)
def test_what_does_not_go_together_is_refused(settings: dict[str, Any], problem: str) -> None:
    with pytest.raises(SettingError, match=problem):
        load(settings).check_together()


@pytest.mark.skipif(sys.platform != "linux", reason="the directory of this system")
def test_where_data_is_kept_when_nothing_is_said(tmp_path: Path) -> None:
    home = Path.home()
    assert data_directory({}) == home / ".local/share/chaukas-lite"
    assert data_directory({"XDG_DATA_HOME": "relative"}) == home / ".local/share/chaukas-lite"
    assert load(tmp_path=tmp_path).store == str(tmp_path / "chaukas-lite/events.db")
    assert load(tmp_path=tmp_path).keys is None
    (tmp_path / "chaukas-lite").mkdir()
    (tmp_path / "chaukas-lite/keys.json").touch()
    assert load(tmp_path=tmp_path).keys == tmp_path / "chaukas-lite/keys.json"
    assert load({"keys": "off"}, tmp_path=tmp_path).keys is None
    assert load(tmp_path=tmp_path, CHAUKAS_KEYS="off").keys is None


def test_each_setting_is_described_and_has_a_variable_of_its_own() -> None:
    described = describe(CollectorSettings)
    assert [each.name for each in described] == [each.name for each in fields(CollectorSettings)]
    assert [each.variable for each in described] == [f"CHAUKAS_{each.name.upper()}" for each in described]
    assert all(each.effect.endswith(".") for each in described)


def test_the_address_of_a_database_is_not_shown() -> None:
    assert "secret" not in repr(load({"store": "postgresql://me:secret@db/events"}))
