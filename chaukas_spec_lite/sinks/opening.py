"""Opens what an address, or the environment, says: the one place where a recorder's events get their way out."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any, NamedTuple

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


def open_sink(
    address: str | os.PathLike[str],
    *,
    api_key: str | None = None,
    timeout: float | None = None,
    environ: Mapping[str, str] | None = None,
    **options: Unpack[ExportOptions],
) -> OpenSink:
    """Open where events go.

    ::

        with open_sink("grpc://localhost:50051", spool="/var/spool/chaukas") as sink:
            sink.emit(Event(...))

    Args:
        address: ``grpc://host:port`` (``grpcs://`` with TLS), ``https://host/path``, ``file:events.jsonl``,
            ``console:``, ``console:tree``, ``memory:`` or ``null:``; a path object for a file.
        api_key: For servers; ``CHAUKAS_API_KEY`` if None.
        timeout: For servers: how long an attempt may take, in seconds; ``CHAUKAS_TIMEOUT``, or 30, if None.
        environ: The environment; ``os.environ`` if None. Besides the variables of ``Settings`` it says, for servers,
            where the spool is (``CHAUKAS_SPOOL``), and with ``CHAUKAS_DEBUG=1`` each event is shown on standard error.
        options: For servers: settings of the exporter, by name; ``help(ExportSettings)`` lists them. Other sinks do not
            look at them, so that one program can write to a server here and to a file there.

    Returns:
        The sink, open: a ``ServerSink``, ``FileSink``, ``ConsoleSink``, ``MemorySink`` or ``NullSink``, or, with
        ``CHAUKAS_DEBUG``, a ``BothSinks``.

    Raises:
        SettingError: The address, an option or a variable cannot be used, or a file cannot be written to.
        TypeError: An option has the wrong type, or there is none of that name.
    """
    refuse_misspelt(options, open_sink)
    env = os.environ if environ is None else environ
    sink = _open(parse_address(address), api_key, timeout, env, options)
    return _shown(sink, is_on(env, DEBUG))


def from_environment(
    environ: Mapping[str, str] | None = None,
    *,
    api_key: str | None = None,
    timeout: float | None = None,
    **options: Unpack[ExportOptions],
) -> FromEnvironment:
    """Open where the environment says that events go.

    The first that is set counts: ``CHAUKAS_GRPC_ENDPOINT``; ``CHAUKAS_OUTPUT_MODE=file`` with ``CHAUKAS_OUTPUT_FILE``;
    ``CHAUKAS_ENDPOINT``. If none is, or with ``CHAUKAS_DISABLED=1``, nothing is recorded, and one line of the log says
    so.

    Args:
        environ: The environment; ``os.environ`` if None.
        api_key: As for ``open_sink``.
        timeout: As for ``open_sink``.
        options: As for ``open_sink``.

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
        logger.info("nothing is recorded: %s is set", DISABLED)
        return FromEnvironment(NullSink(), found.settings, enabled=False)
    if found.address is None:
        # What is asked for is shown, even if it goes nowhere else.
        if found.switches.debug:
            return FromEnvironment(ConsoleSink(environ=env), found.settings, enabled=True)
        logger.warning(environment.NOWHERE)
        return FromEnvironment(NullSink(), found.settings, enabled=False)
    sink = _open(found.address, api_key, timeout, env, options, found.variable)
    return FromEnvironment(_shown(sink, found.switches.debug), found.settings, enabled=True)


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
        what was given, but for the switch.

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
    if address is not None:
        return open_sink(address, **of_sink), own
    found = from_environment(**of_sink)
    return found.sink, {**found.settings, **own, "enabled": found.enabled}


def _open(
    address: Address,
    api_key: str | None,
    timeout: float | None,
    environ: Mapping[str, str],
    options: ExportOptions,
    name: str = "address",
) -> OpenSink:
    if isinstance(address, (GrpcAddress, HttpAddress)):
        return _server(address, api_key, timeout, environ, options)
    if isinstance(address, FileAddress):
        return FileSink(address.path, form=address.form, gzip=address.gzip, name=name)
    if isinstance(address, ConsoleAddress):
        return ConsoleSink(tree=address.tree, environ=environ)
    return MemorySink(address.limit) if isinstance(address, MemoryAddress) else NullSink()


def _server(
    address: GrpcAddress | HttpAddress,
    api_key: str | None,
    timeout: float | None,
    environ: Mapping[str, str],
    options: ExportOptions,
) -> ServerSink:
    # Here, because other sinks need neither threads nor gRPC, which not every platform has.
    from chaukas_spec_lite.blocking.exporter import BlockingExporter
    from chaukas_spec_lite.blocking.loop import Loop
    from chaukas_spec_lite.sinks.server import Driven, ServerSink

    if options.get("spool") is None and (spool := environment.spool_of(environ)) is not None:
        options = {**options, "spool": spool}
    sender: ChaukasClient | HttpSender
    if isinstance(address, GrpcAddress):
        from chaukas_spec_lite.client.client import ChaukasClient

        sender = ChaukasClient(address.endpoint, api_key=api_key, timeout=timeout, environ=environ)
    else:
        from chaukas_spec_lite.sinks.http import HttpSender

        sender = HttpSender(address.url, api_key=api_key, timeout=timeout, environ=environ)
    driven = Driven(sender, Loop())
    return ServerSink(BlockingExporter(driven, **options), driven)


def _shown(sink: OpenSink, debug: bool) -> OpenSink:
    return BothSinks(sink, ConsoleSink()) if debug and not isinstance(sink, ConsoleSink) else sink
