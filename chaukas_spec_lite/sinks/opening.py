"""Opens what an address, or the environment, says: the one place where a recorder's events get their way out."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, NamedTuple

from chaukas_spec_lite.errors import SettingError
from chaukas_spec_lite.export.settings import ExportSettings, refuse_misspelt
from chaukas_spec_lite.misspelt import arguments_of, refuse_unknown
from chaukas_spec_lite.sinks import environment
from chaukas_spec_lite.sinks.address import (
    Address,
    ConsoleAddress,
    FileAddress,
    GrpcAddress,
    HttpAddress,
    MemoryAddress,
    parse_address,
)
from chaukas_spec_lite.sinks.console import ConsoleSink
from chaukas_spec_lite.sinks.file import FileSink
from chaukas_spec_lite.sinks.memory import BothSinks, MemorySink, NullSink, OpenSink
from chaukas_spec_lite.trace.switches import DEBUG, DISABLED, is_on

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from chaukas_spec_lite.client.client import ChaukasClient
    from chaukas_spec_lite.export.dropped import Dropped
    from chaukas_spec_lite.export.settings import ExportOptions
    from chaukas_spec_lite.sinks.http import HttpSender
    from chaukas_spec_lite.sinks.server import ServerSink

logger = logging.getLogger("chaukas_spec_lite")


class FromEnvironment(NamedTuple):
    """What a recorder is made of, by the environment."""

    sink: OpenSink
    settings: dict[str, Any]
    """``tenant_id``, ``project_id``, ``branch`` and ``tags``, as far as they are set."""
    enabled: bool
    """Whether anything is to be recorded."""


@dataclass(frozen=True)
class _Options:
    """What is asked for besides the address."""

    api_key: str | None
    timeout: float | None
    on_drop: Callable[[Dropped], object] | None
    on_error: Callable[[BaseException], object] | None
    default: Callable[[Any], Any] | None
    environ: Mapping[str, str]
    exporter: ExportOptions


def open_sink(
    address: str | os.PathLike[str],
    *,
    api_key: str | None = None,
    timeout: float | None = None,
    on_drop: Callable[[Dropped], object] | None = None,
    on_error: Callable[[BaseException], object] | None = None,
    default: Callable[[Any], Any] | None = None,
    environ: Mapping[str, str] | None = None,
    **options: Unpack[ExportOptions],
) -> OpenSink:
    """Open where events go.

    ::

        with open_sink("grpc://localhost:50051", spool="/var/spool/chaukas") as sink:
            sink.emit(Event(...))

    What only servers need is not looked at for other sinks, so that one program can write to a server here and to a
    file there.

    Args:
        address: ``grpc://host:port`` (``grpcs://`` with TLS), ``https://host/path``, ``file:events.jsonl``,
            ``console:``, ``console:tree``, ``memory:`` or ``null:``; a path object for a file.
        api_key: For servers; ``CHAUKAS_API_KEY`` if None.
        timeout: For servers: how long an attempt may take, in seconds; ``CHAUKAS_TIMEOUT``, or 30, if None.
        on_drop: For servers: is called with each event that will not be sent, in any thread.
        on_error: For servers: is called with each failure after which the exporter goes on, in any thread.
        default: For servers and files: makes something else of a value that cannot be encoded and that nothing is known
            about.
        environ: The environment; ``os.environ`` if None. Besides the variables of ``Settings`` it says, for servers,
            where the spool is (``CHAUKAS_SPOOL``), and with ``CHAUKAS_DEBUG=1`` each event is shown on standard error.
        options: For servers: settings of the exporter, by name; ``help(ExportSettings)`` lists them. ``audit`` counts
            for files and memory, too.

    Returns:
        The sink, open: a ``ServerSink``, ``FileSink``, ``ConsoleSink``, ``MemorySink`` or ``NullSink``, or, with
        ``CHAUKAS_DEBUG``, a ``BothSinks``.

    Raises:
        SettingError: The address, an option or a variable cannot be used, or a file cannot be written to.
        TypeError: An option has the wrong type, or there is none of that name.
    """
    refuse_misspelt(options, open_sink)
    env = os.environ if environ is None else environ
    debug = is_on(env, DEBUG)
    asked = _Options(api_key, timeout, on_drop, on_error, default, env, options)
    return _shown(_open(parse_address(address), "address", asked), debug, env)


def from_environment(
    environ: Mapping[str, str] | None = None,
    *,
    api_key: str | None = None,
    timeout: float | None = None,
    on_drop: Callable[[Dropped], object] | None = None,
    on_error: Callable[[BaseException], object] | None = None,
    default: Callable[[Any], Any] | None = None,
    **options: Unpack[ExportOptions],
) -> FromEnvironment:
    """Open where the environment says that events go.

    The first that is set counts: ``CHAUKAS_GRPC_ENDPOINT``; ``CHAUKAS_OUTPUT_MODE=file`` with ``CHAUKAS_OUTPUT_FILE``;
    ``CHAUKAS_ENDPOINT``. If none is, or with ``CHAUKAS_DISABLED=1``, nothing is recorded, and one line of the log says
    so.

    Args:
        environ: The environment; ``os.environ`` if None.
        api_key: As for ``open_sink``; so are the others.
        timeout: How long an attempt may take, in seconds.
        on_drop: Is called with each event that will not be sent.
        on_error: Is called with each failure.
        default: Makes something else of a value that cannot be encoded.
        options: Settings of the exporter.

    Raises:
        SettingError: A variable or an option cannot be used; its ``name`` is the variable.
        TypeError: An option has the wrong type, or there is none of that name.
    """
    refuse_misspelt(options, from_environment)
    env = os.environ if environ is None else environ
    found = environment.read(env)
    if found.unused:
        text = "events go where %s says; %s counts for nothing beside it"
        logger.info(text, found.variable, " and ".join(found.unused))
    if found.switches.disabled:
        logger.info(environment.SWITCHED_OFF)
        return FromEnvironment(NullSink(), found.settings, enabled=False)
    if found.address is None:
        # What is asked for is shown, even if it goes nowhere else.
        if found.switches.debug:
            return FromEnvironment(ConsoleSink(environ=env), found.settings, enabled=True)
        logger.warning(environment.nowhere(env))
        return FromEnvironment(NullSink(), found.settings, enabled=False)
    asked = _Options(api_key, timeout, on_drop, on_error, default, env, options)
    sink = _shown(_open(found.address, found.variable, asked), found.switches.debug, env)
    return FromEnvironment(sink, found.settings, enabled=True)


def sink_for(
    address: str | os.PathLike[str] | None, settings: Mapping[str, Any], known: Iterable[str]
) -> tuple[OpenSink, dict[str, Any]]:
    """Open the sink of a recorder.

    Args:
        address: Where events go; None for where the environment says.
        settings: Those of the recorder and of its sink together, by name.
        known: The names of the recorder's own.

    Returns:
        The sink, and the recorder's own settings. What the environment says is among them, and counts for less than
        what was given, but for ``CHAUKAS_DISABLED``.

    Raises:
        SettingError: The address, a setting or a variable cannot be used.
        TypeError: A setting has the wrong type, or there is none of that name.
    """
    options = {*arguments_of(open_sink), *(each.name for each in fields(ExportSettings))} - {"address"}
    refuse_unknown(settings, [*known, *options], listed="Recorder")
    of_sink: dict[str, Any] = {name: value for name, value in settings.items() if name in options}
    own = {name: value for name, value in settings.items() if name not in options}
    if not own.get("enabled", True):  # nothing will be recorded, so nothing is opened, and no file made
        return NullSink(), own
    if address is None:
        found = from_environment(**of_sink)
        return found.sink, {**found.settings, **own, "enabled": found.enabled}
    environ = settings.get("environ")
    if is_on(os.environ if environ is None else environ, DISABLED):
        parse_address(address)  # a mistake is one, whether recording is switched off or not
        logger.info(environment.SWITCHED_OFF)
        return NullSink(), {**own, "enabled": False}
    return open_sink(address, **of_sink), own


def _open(address: Address, name: str, asked: _Options) -> OpenSink:
    if isinstance(address, (GrpcAddress, HttpAddress)):
        try:
            return _server(address, asked)
        except SettingError as error:
            if error.name != "endpoint":
                raise
            # What clients call so is what was given here by another name.
            raise type(error)(name, error.message) from error.__cause__
    audit = asked.exporter.get("audit", False)
    if isinstance(address, FileAddress):
        form, gzip, default = address.form, address.gzip, asked.default
        return FileSink(address.path, form=form, gzip=gzip, default=default, audit=audit, name=name)
    if isinstance(address, ConsoleAddress):
        return ConsoleSink(tree=address.tree, environ=asked.environ)
    return MemorySink(address.limit, audit=audit) if isinstance(address, MemoryAddress) else NullSink()


def _server(address: GrpcAddress | HttpAddress, asked: _Options) -> ServerSink:
    # Here, because other sinks need neither threads nor gRPC, which not every platform has.
    from chaukas_spec_lite.blocking.exporter import BlockingExporter
    from chaukas_spec_lite.blocking.loop import Loop
    from chaukas_spec_lite.sinks.server import Driven, ServerSink

    options: ExportOptions = asked.exporter
    if options.get("spool") is None and (spool := environment.spool_of(asked.environ)) is not None:
        options = {**options, "spool": spool}
    sender: ChaukasClient | HttpSender
    if isinstance(address, GrpcAddress):
        from chaukas_spec_lite.client.client import ChaukasClient

        sender = ChaukasClient(address.endpoint, api_key=asked.api_key, timeout=asked.timeout, environ=asked.environ)
    else:
        from chaukas_spec_lite.sinks.http import HttpSender

        sender = HttpSender(address.url, api_key=asked.api_key, timeout=asked.timeout, environ=asked.environ)
    driven = Driven(sender, Loop())
    exporter = BlockingExporter(
        driven, on_drop=asked.on_drop, on_error=asked.on_error, default=asked.default, **options
    )
    return ServerSink(exporter, driven)


def _shown(sink: OpenSink, debug: bool, environ: Mapping[str, str]) -> OpenSink:
    if not debug or isinstance(sink, ConsoleSink):
        return sink
    return BothSinks(sink, ConsoleSink(environ=environ, tells=isinstance(sink, (MemorySink, NullSink))))
