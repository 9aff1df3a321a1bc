"""Every field of every settings class: described, checked by name, and known to type checkers."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import math
import threading
import types
from collections.abc import AsyncIterator, Coroutine, Generator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import partial, wraps
from pathlib import Path
from typing import Any, get_type_hints
from unittest.mock import AsyncMock, MagicMock

import pytest

from chaukas_spec_lite import (
    BlockingChaukasClient,
    BlockingExporter,
    ChaukasClient,
    ChaukasError,
    EventExporter,
    ExportSettings,
    Framing,
    Keepalive,
    RetryPolicy,
    Sampler,
    SettingError,
    Settings,
    SettingTypeError,
    drain,
)
from chaukas_spec_lite.blocking import blocking_drain
from chaukas_spec_lite.collector import Collector
from chaukas_spec_lite.export.settings import ExportOptions
from chaukas_spec_lite.rpc.client.endpoint import parse
from chaukas_spec_lite.rpc.transport.admission import ConnectionLimits
from chaukas_spec_lite.rpc.transport.limits import CallLimits
from chaukas_spec_lite.settings import Number, Text, about, describe, documented

CLASSES = [Settings, ExportSettings, RetryPolicy, Keepalive, Framing, Sampler, ConnectionLimits, CallLimits]
PREFIXES = {
    RetryPolicy: "retry.",
    Keepalive: "keepalive.",
    Framing: "framing.",
    ConnectionLimits: "limits.",
    CallLimits: "calls.",
}
FIELDS = [(cls, each.name) for cls in CLASSES for each in fields(cls)]
IDS = [f"{cls.__name__}.{name}" for cls, name in FIELDS]

WRONG: list[object] = [
    *(True, None, b"bytes", "text", [1], {}, print),
    *(-1, 0, 1.5, 2.0, math.nan, -math.inf, 10**400, 10**5000, -(10**5000)),
]
"""Values of many types, some of which each field must refuse."""


def make(cls: type, **changes: object) -> Any:
    return cls(**({"endpoint": parse("h:1")} if cls is Settings else {}) | changes)


def accepts(name: str, hint: str, value: object) -> bool:
    """Whether a field with such an annotation takes a value, as far as its type decides."""
    plain = hint.removesuffix(" | None")
    if plain.startswith("Mapping"):
        return value == {}
    if value is None:
        return plain != hint
    if plain == "int":
        return isinstance(value, int) and not isinstance(value, bool)
    if plain == "float":
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    if plain == "bool":
        return isinstance(value, bool)
    if plain == "tuple[str, ...]":
        return isinstance(value, str)
    return isinstance(value, str) and plain not in ("Endpoint", "RetryPolicy")


@pytest.mark.parametrize(("cls", "name"), FIELDS, ids=IDS)
def test_a_value_of_the_wrong_type_is_refused_by_name(cls: type, name: str) -> None:
    hint = next(each.type for each in describe(cls) if each.name == name)
    refused = 0
    for value in WRONG:
        if accepts(name, hint, value):
            continue
        with pytest.raises(SettingTypeError) as caught:
            make(cls, **{name: value})
        assert caught.value.name == PREFIXES.get(cls, "") + name
        assert isinstance(caught.value, (TypeError, ValueError, SettingError))
        refused += 1
    assert refused > 4


@pytest.mark.parametrize(("cls", "name"), FIELDS, ids=IDS)
def test_numbers_that_cannot_be_used_are_refused_by_name(cls: type, name: str) -> None:
    kind = next(each.type for each in describe(cls) if each.name == name).removesuffix(" | None")
    bad: Mapping[str, Sequence[float]] = {
        "int": [-1, 2**63, 10**5000, -(10**5000)],
        "float": [-0.1, math.nan, math.inf, 10**400, 10**5000],
    }
    for value in bad.get(kind, ()):
        with pytest.raises(SettingError, match="has to be") as caught:
            make(cls, **{name: value})
        assert caught.value.name == PREFIXES.get(cls, "") + name
        assert not isinstance(caught.value, TypeError)


@pytest.mark.parametrize("cls", CLASSES)
def test_each_field_is_described(cls: type) -> None:
    described = describe(cls)
    assert [each.name for each in described] == [each.name for each in fields(cls)]
    for each in described:
        assert each.effect.endswith("."), each
        assert each.type, each
        assert all(isinstance(value, str) for value in vars(each).values()), each
        if each.type in ("int", "float") and each.name not in ("multiplier", "rate"):
            assert each.unit in ("seconds", "bytes", "events", "sessions", "calls", "connections"), each
        if each.default and each.name != "retry":
            assert getattr(make(cls), each.name) == eval(each.default), each
        assert f"{each.name} (" in (cls.__doc__ or ""), "help() does not show it"


def test_the_variables_are_those_that_are_read() -> None:
    by_name = {each.name: each.variable for each in describe(Settings)}
    values = {"timeout": "7", "batch_size": "7", "flush_interval": "7", "max_batch_bytes": "7", "tags": "7,8"}
    for name, variable in by_name.items():
        if name == "endpoint":
            continue
        loaded = Settings.load("h:1", environ={variable: values.get(name, "seven")})
        changed = [each for each in by_name if getattr(loaded, each) != getattr(Settings.load("h:1", environ={}), each)]
        assert changed == [name]
    assert by_name["endpoint"] == "CHAUKAS_GRPC_ENDPOINT"
    theirs = {each.name: each.variable for each in describe(ExportSettings) if each.variable}
    assert theirs == {name: by_name[name] for name in ("batch_size", "flush_interval", "max_batch_bytes")}


def test_the_keywords_of_an_exporter_are_the_fields_of_its_settings() -> None:
    hints = get_type_hints(ExportSettings)
    assert get_type_hints(ExportOptions) == {each.name: hints[each.name] for each in fields(ExportSettings)}
    assert not ExportOptions.__required_keys__
    for cls in (EventExporter, BlockingExporter):
        assert inspect.signature(cls).parameters["changes"].annotation == "Unpack[ExportOptions]"


def test_misspelt_names_are_answered_with_the_nearest() -> None:
    client = ChaukasClient("h:1")
    for make_it, message in [
        (lambda: EventExporter(client, spol="/x"), "there is no setting 'spol'; did you mean 'spool'?"),
        (lambda: BlockingExporter(client, bach_size=1), "there is no setting 'bach_size'; did you mean 'batch_size'?"),
        (lambda: EventExporter(client, xyzzy=1), "there is no setting 'xyzzy'; help(ExportSettings) lists them"),
        (lambda: ChaukasClient("h:1", tenant="t"), "there is no setting 'tenant'; did you mean 'tenant_id'?"),
        (lambda: BlockingChaukasClient("h:1", timeot=1), "there is no setting 'timeot'; did you mean 'timeout'?"),
        (lambda: ChaukasClient("h:1", xyzzy=1), "there is no setting 'xyzzy'; help(ChaukasClient) lists them"),
        (lambda: ExportSettings(spol="/x"), "there is no setting 'spol'; did you mean 'spool'?"),
        (lambda: RetryPolicy(initail=1), "there is no setting 'initail'; did you mean 'initial'?"),
        (lambda: Framing(max_recieve=1), "there is no setting 'max_recieve'; did you mean 'max_receive'?"),
        (lambda: Keepalive(tiem=1), "there is no setting 'tiem'; did you mean 'time'?"),
        (lambda: Settings.load(tenantid="t"), "there is no setting 'tenantid'; did you mean 'tenant_id'?"),
        (lambda: EventExporter(client, given=3), "there is no setting 'given'; help(ExportSettings) lists them"),
        (lambda: EventExporter(client, on_droped=print), "there is no setting 'on_droped'; did you mean 'on_drop'?"),
        (lambda: EventExporter(client, on_eror=print), "there is no setting 'on_eror'; did you mean 'on_error'?"),
        (lambda: BlockingExporter(client, defualt=str), "there is no setting 'defualt'; did you mean 'default'?"),
        (lambda: BlockingExporter(client, setings=1), "there is no setting 'setings'; did you mean 'settings'?"),
        (lambda: asyncio.run(drain("/x", client, timout=1)), "there is no setting 'timout'; did you mean 'timeout'?"),
        (lambda: blocking_drain("/x", client, timout=1), "there is no setting 'timout'; did you mean 'timeout'?"),
        (lambda: blocking_drain("/x", client, on_droped=1), "there is no setting 'on_droped'; did you mean 'on_drop'?"),
        (lambda: Collector("e.db", prot=1), "there is no argument 'prot'; did you mean 'port'?"),
        (lambda: Collector("e.db", xyzzy=1), "there is no argument 'xyzzy'; help(Collector) lists them"),
    ]:
        with pytest.raises(TypeError) as caught:
            make_it()
        assert str(caught.value) == message


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("spool_dir", "'spool'"),
        ("spool_rety", "'spool_retry'"),
        ("max_retries", "retry=RetryPolicy(...)"),
        ("batch", "'batch_size'"),
    ],
)
def test_what_people_write_in_place_of_a_setting_of_an_exporter(given: str, meant: str) -> None:
    with pytest.raises(TypeError) as caught:
        ExportSettings.load(None, None, **{given: 1})  # type: ignore[arg-type]
    assert str(caught.value) == f"there is no setting {given!r}; did you mean {meant}?"


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("url", "'endpoint'"),
        ("host", "'endpoint'"),
        ("address", "'endpoint'"),
        ("endpoint_url", "'endpoint'"),
        ("token", "'api_key'"),
        ("headers", "'metadata'"),
        ("max_retries", "retry=RetryPolicy(...)"),
    ],
)
def test_what_people_write_in_place_of_an_argument_of_a_client(given: str, meant: str) -> None:
    with pytest.raises(TypeError) as caught:
        ChaukasClient(**{given: 1})
    assert str(caught.value) == f"there is no setting {given!r}; did you mean {meant}?"


TAKES_NAMES = [EventExporter, BlockingExporter, drain, blocking_drain, ChaukasClient, BlockingChaukasClient, Collector]


@pytest.mark.parametrize("function", TAKES_NAMES, ids=lambda function: function.__name__)
def test_each_argument_is_named_where_it_is_misspelt(function: Any) -> None:
    """Whatever the argument: candidates are all that the function takes, and not its settings alone."""
    required: dict[str, Any] = {"sender": ChaukasClient("h:1", environ={}), "directory": "/x"}
    parameters = inspect.signature(function).parameters.values()
    names = [each.name for each in parameters if each.kind is not inspect.Parameter.VAR_KEYWORD]
    if "changes" in inspect.signature(function).parameters:
        names += [each.name for each in fields(ExportSettings)]
    given = {name: value for name, value in required.items() if name in names}

    def call(name: str) -> None:
        made = function(**given, **{name: 1})
        if function is drain:
            asyncio.run(made)

    for name in set(names) - required.keys():
        with pytest.raises(TypeError, match=f"'{name}x'; did you mean (?:'{name}'|{name}=)"):
            call(f"{name}x")


def test_a_constructor_that_answers_misspelt_names_is_otherwise_as_dataclasses_make_it() -> None:
    names = [each.name for each in fields(RetryPolicy)]
    assert list(inspect.signature(RetryPolicy).parameters) == names
    assert replace(RetryPolicy(1.0, 2.0), maximum=3) == RetryPolicy(initial=1.0, maximum=3.0)


class Half:
    """Has no way to send."""


class Sender:
    """Has one."""

    def __init__(self, send: Any) -> None:
        self.send = send


async def generator(_: Sequence[bytes]) -> AsyncIterator[None]:
    yield


def without_a_word(batch: Sequence[bytes]) -> None:
    if batch:
        batch.index(b"")


class Plain:
    """Sends, as its author thinks, when it is called."""

    def send(self, batch: Sequence[bytes]) -> None:
        with contextlib.suppress(ValueError):
            batch.index(b"")


@pytest.mark.parametrize("sender", [Plain(), Sender(without_a_word)], ids=["method", "function"])
@pytest.mark.parametrize("face", [EventExporter, BlockingExporter])
def test_a_plain_function_that_returns_nothing_is_refused_at_once(face: Any, sender: Any) -> None:
    words = (
        r"sender: \w+.send has to be `async def send\(self, encoded_events\)`; it is a plain `def` that returns None"
    )
    with pytest.raises(SettingTypeError, match=words):
        face(sender)


def test_what_can_never_send_is_refused_at_once() -> None:
    with BlockingChaukasClient("h:1") as blocking:
        for sender, words, blocking_words in [
            ("localhost:1", "write ChaukasClient(...)", "write BlockingChaukasClient(...)"),
            (blocking, "use ChaukasClient(...), or give it to BlockingExporter", None),
            (Half(), "Half, which has no async method send: use ChaukasClient(...)", "use BlockingChaukasClient(...)"),
            (None, "is of type NoneType, which has no async method send", "NoneType"),
            ("https://u:hush@h", "write ChaukasClient(...)", "write BlockingChaukasClient(...)"),
            (Sender(lambda: None), "`async def send(self, encoded_events)`; it takes (), not one batch", "it takes ()"),
            (Sender(lambda events, more: None), "it takes (events, more), not one batch", "it takes (events, more)"),
            (Sender(generator), "Sender.send has to be `async def send(self, encoded_events)`", "it is a generator"),
            (ChaukasClient, "not the class: write ChaukasClient(...)", "not the class: write ChaukasClient(...)"),
        ]:
            for face, expected in [(EventExporter, words), (BlockingExporter, blocking_words)]:
                if expected is not None:
                    with pytest.raises(SettingTypeError) as caught:
                        face(sender)
                    assert caught.value.name == "sender"
                    assert expected in str(caught.value)
                    assert "hush" not in str(caught.value)


def test_a_sender_that_may_send_is_taken() -> None:
    async def send(*batches: Sequence[bytes], more: int = 0) -> None:
        assert len(batches) + more

    def coroutine(batch: Sequence[bytes]) -> Coroutine[Any, Any, None]:
        return send(batch)

    @wraps(send)
    def counted(*args: Any, **named: Any) -> Any:
        return send(*args, **named)

    @types.coroutine
    def old(_: Sequence[bytes]) -> Generator[None, None, None]:
        yield

    def chosen(batch: Sequence[bytes]) -> Any:
        return send(batch) if batch else None

    def fails(batch: Sequence[bytes]) -> Any:
        raise ConnectionError(batch)

    plain = (
        coroutine,
        counted,
        old,
        chosen,
        fails,
        partial(coroutine),
        MagicMock(),
    )
    for function in (send, partial(send, more=1), AsyncMock(), *plain):
        EventExporter(Sender(function))


def test_arguments_beside_the_settings_are_checked_too() -> None:
    client = ChaukasClient("h:1")
    mistakes: list[tuple[Any, str]] = [
        (lambda: EventExporter(client, {"spool": "/x"}), "settings"),
        (lambda: EventExporter(client, on_drop="log"), "on_drop"),
        (lambda: EventExporter(client, on_drop={"token": "hush"}), "on_drop"),
        (lambda: EventExporter(client, spool={"token": "hush"}), "spool"),
        (lambda: EventExporter(client, spool=b"hush"), "spool"),
        (lambda: EventExporter(client, spool="a\0b"), "spool"),
        (lambda: EventExporter(client, send_timeout=0.0), "send_timeout"),
        (lambda: ChaukasClient("h:1", metadata=["ab"]), "metadata"),
        (lambda: ChaukasClient("h:1", metadata=[b"ab"]), "metadata"),
        (lambda: ChaukasClient(10**5000), "endpoint"),
        (lambda: ChaukasClient("h:1", retry=3), "retry"),
        (lambda: ChaukasClient("h:1", framing=4096), "framing"),
        (lambda: ChaukasClient("h:1", keepalive=10), "keepalive"),
        (lambda: ChaukasClient("h:1", metadata=5), "metadata"),
        (lambda: ChaukasClient("h:1", metadata="hush"), "metadata"),
        (lambda: ChaukasClient("h:1", metadata={1: "hush"}), "metadata"),
        (lambda: ChaukasClient("h:1", attempt_timeout="5"), "attempt_timeout"),
        (lambda: Settings("h:1"), "endpoint"),
    ]
    for make_it, name in mistakes:
        with pytest.raises(SettingError) as caught:
            make_it()
        assert caught.value.name == name
        assert "hush" not in str(caught.value)


@pytest.mark.parametrize("face", [ChaukasClient, BlockingChaukasClient])
@pytest.mark.parametrize(
    ("endpoint", "shown"),
    [(50051, "50051"), (["h:1", 2], "2"), (b"me:hush@h:1", "bytes"), (1.5, "1.5"), (("h", 50051), "50051")],
)
def test_an_endpoint_of_the_wrong_type_is_told_its_form(face: Any, endpoint: object, shown: str) -> None:
    with pytest.raises(SettingTypeError) as caught:
        face(endpoint)
    assert str(caught.value) == f'endpoint: has to be text like "localhost:50051", or several such, not {shown}'


def test_a_sender_may_be_a_mock() -> None:
    """It has a ``settings`` like any other attribute, but not ours."""
    exporter = EventExporter(AsyncMock())
    assert exporter._settings == ExportSettings()


def test_errors_show_little_of_a_long_value() -> None:
    with pytest.raises(SettingError) as caught:
        make(ExportSettings, overflow="x" * 10_000)
    assert len(str(caught.value)) < 200
    with pytest.raises(SettingError, match=r"not dict$"):
        make(ExportSettings, overflow={"token": "hush"})


def test_a_wait_is_never_longer_than_the_system_can_wait() -> None:
    for name in ("spool_retry", "block_timeout", "close_timeout", "send_timeout"):
        assert getattr(make(ExportSettings, **{name: 1e308}), name) == threading.TIMEOUT_MAX


def test_a_spool_may_be_in_the_home_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder called ``~`` in the current directory is what nobody wants."""
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path))
    assert ExportSettings(spool="~/spool").spool == tmp_path / "spool"
    with pytest.raises(SettingError, match="spool: '~nobody-of-this-name/x' begins with the home directory of a user"):
        ExportSettings(spool="~nobody-of-this-name/x")


def test_settings_are_converted_to_their_plain_forms() -> None:
    assert repr(ExportSettings(flush_interval=1).flush_interval) == "1.0"
    assert Settings.load("h:1", tags="a, b,", environ={}).tags == ("a", "b")
    assert Settings.load("h:1", tags=["a", " "], environ={}).tags == ("a",)
    assert Settings.load("h:1", timeout=None, environ={"CHAUKAS_TIMEOUT": " "}).timeout == 30.0


def test_a_class_of_ones_own() -> None:
    @documented
    @dataclass(frozen=True)
    class Backup:
        """How to save."""

        interval: float = field(default=60.0, metadata=about("How often.", Number(above=0, unit="seconds"), "EVERY"))
        path: str = field(default="x", metadata=about("Where.", Text()))

    (interval, path) = describe(Backup)
    assert (interval.name, interval.type, interval.default, interval.unit) == ("interval", "float", "60.0", "seconds")
    assert (interval.variable, interval.effect, path.default) == ("EVERY", "How often.", "'x'")
    assert "interval (float, seconds): How often. Default: 60.0. Environment: EVERY." in (Backup.__doc__ or "")

    @dataclass
    class Silent:
        interval: float = 1.0

    with pytest.raises(TypeError, match="'interval' says nothing about itself"):
        describe(Silent)


def test_errors_are_of_one_family() -> None:
    assert issubclass(SettingTypeError, (TypeError, ChaukasError))
    assert issubclass(SettingTypeError, SettingError)
