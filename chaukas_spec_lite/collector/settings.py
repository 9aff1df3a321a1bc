"""What a collector can be told: by options, by variables of the environment, by a TOML file."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from chaukas_spec_lite.audit.keys import VerifierKey
from chaukas_spec_lite.collector.amounts import (
    Count,
    Duration,
    FilePath,
    FilePaths,
    Listen,
    PerSecond,
    Size,
    Switch,
    WitnessKeys,
    is_exposed,
)
from chaukas_spec_lite.collector.places import data_directory, read_toml
from chaukas_spec_lite.errors import SettingError
from chaukas_spec_lite.misspelt import refuse_unknown
from chaukas_spec_lite.rpc.client.endpoint import Tcp
from chaukas_spec_lite.rpc.server.server import MAX_MESSAGE_BYTES
from chaukas_spec_lite.settings import (
    OneOf,
    Text,
    about,
    check_fields,
    documented,
    from_environment,
)

MEMORY = "memory:"
CONFIG_VARIABLE = "CHAUKAS_CONFIG"
"""The variable that names the TOML file where no option does."""


@documented
@dataclass(frozen=True, kw_only=True)
class CollectorSettings:
    """Settings of a collector. ``CollectorSettings.load`` takes them from options, environment and a TOML file.

    Amounts may be text: ``30d``, ``12h``, ``90s``; ``10GB``, ``512MiB``; addresses ``host:port``. ``off`` means no
    limit, no file, and of a door that it stays shut.

    Raises:
        SettingError: A value cannot be used; its ``name`` is the field, the variable, or the file with the key.
    """

    store: str = field(
        default=MEMORY,
        repr=False,  # the address of a database may hold its password
        metadata=about(
            "Where events are kept: sqlite:events.db or a path, postgresql://..., or memory: for as long as it runs. "
            "The command takes a file in the user's data directory where nothing is said.",
            Text(),
            "CHAUKAS_STORE",
        ),
    )
    grpc: Tcp | None = field(
        default=Tcp("127.0.0.1", 50051),
        metadata=about("Where gRPC listens; port 0 takes any free one.", Listen(), "CHAUKAS_GRPC"),
    )
    http: Tcp | None = field(
        default=Tcp("127.0.0.1", 4319),
        metadata=about(
            "Where HTTP listens, which needs the extra server; port 0 takes any free one.", Listen(), "CHAUKAS_HTTP"
        ),
    )
    keys: Path | None = field(
        default=None,
        metadata=about(
            "The file with the keys that callers have to have, made by chaukas-lite keys add. Without one, whoever "
            "reaches the collector can read and write.",
            FilePath(),
            "CHAUKAS_KEYS",
        ),
    )
    tls_cert: Path | None = field(
        default=None, metadata=about("The collector's certificate with its chain, PEM.", FilePath(), "CHAUKAS_TLS_CERT")
    )
    tls_key: Path | None = field(
        default=None,
        metadata=about("The key of tls_cert, PEM; left out if it is in the same file.", FilePath(), "CHAUKAS_TLS_KEY"),
    )
    client_ca: Path | None = field(
        default=None,
        metadata=about(
            "The authorities whose client certificates are believed, PEM. With keys, a certificate's name can be one; "
            "without, a client has to have a certificate.",
            FilePath(),
            "CHAUKAS_CLIENT_CA",
        ),
    )
    retain: float | None = field(
        default=None,
        metadata=about("How long events are kept, such as 30d; None for ever.", Duration(), "CHAUKAS_RETAIN"),
    )
    max_size: int | None = field(
        default=None,
        metadata=about(
            "The size of each tenant's events above which its oldest are deleted, such as 10GB.",
            Size(),
            "CHAUKAS_MAX_SIZE",
        ),
    )
    max_memory: int = field(
        default=256 * 2**20,
        metadata=about(
            "The size of a store in memory, above which its oldest events make room.",
            Size(always=True),
            "CHAUKAS_MAX_MEMORY",
        ),
    )
    index_text: bool = field(
        default=False,
        metadata=about(
            "Whether texts are indexed, so that text_query is quick among many events. Storing takes longer.",
            Switch(),
            "CHAUKAS_INDEX_TEXT",
        ),
    )
    audit_key: tuple[Path, ...] = field(
        default=(),
        metadata=about(
            "The file with the key that checkpoints of the audit log are signed with, made by chaukas-lite audit "
            "keygen; needs the extra audit. Said twice, both keys sign, while a log changes its key.",
            FilePaths(),
            "CHAUKAS_AUDIT_KEY",
        ),
    )
    witness_key: tuple[VerifierKey, ...] = field(
        default=(),
        metadata=about(
            "The verifier key of a witness whose cosignatures of checkpoints are kept; may be said several times.",
            WitnessKeys(),
            "CHAUKAS_WITNESS_KEY",
        ),
    )
    checkpoint_events: int | None = field(
        default=10_000,
        metadata=about(
            "After how many new events of a tenant a checkpoint is made at the latest; off to go by time alone.",
            Count("events"),
            "CHAUKAS_CHECKPOINT_EVENTS",
        ),
    )
    checkpoint_seconds: float = field(
        default=60.0,
        metadata=about(
            "After how long a new event is covered by a checkpoint at the latest.",
            Duration(always=True),
            "CHAUKAS_CHECKPOINT_SECONDS",
        ),
    )
    worm: bool = field(
        default=False,
        metadata=about(
            "Whether a record stays of each event that is deleted, by order, for its age or to make room: its hash, "
            "when it went, and the reason that was given.",
            Switch(),
            "CHAUKAS_WORM",
        ),
    )
    max_message: int = field(
        default=MAX_MESSAGE_BYTES,
        metadata=about(
            "The size of a gRPC request, inflated, above which it is refused.", Size(always=True), "CHAUKAS_MAX_MESSAGE"
        ),
    )
    max_body: int = field(
        default=64 * 2**20,
        metadata=about(
            "The size of an HTTP body, inflated, above which it is refused.", Size(always=True), "CHAUKAS_MAX_BODY"
        ),
    )
    max_json: int = field(
        default=8 * 2**20,
        metadata=about(
            "The same for a body of JSON, which takes many times its size while it is read.",
            Size(always=True),
            "CHAUKAS_MAX_JSON",
        ),
    )
    max_bodies: int = field(
        default=512 * 2**20,
        metadata=about(
            "The memory that all HTTP bodies together take while they are read. No key or address has more of it than "
            "is still free.",
            Size(always=True),
            "CHAUKAS_MAX_BODIES",
        ),
    )
    max_connections: int | None = field(
        default=None,
        metadata=about(
            "How many connections each door keeps at once; None for 1000, or as many as the process may open files "
            "for. Those that are of least use make room.",
            Count("connections"),
            "CHAUKAS_MAX_CONNECTIONS",
        ),
    )
    max_connections_per_address: int | None = field(
        default=None,
        metadata=about(
            "How many of one address, or one IPv6 network of 64 bits; None for half of all.",
            Count("connections"),
            "CHAUKAS_MAX_CONNECTIONS_PER_ADDRESS",
        ),
    )
    max_calls: int | None = field(
        default=None,
        metadata=about("How many gRPC calls are served at once; None for 10,000.", Count("calls"), "CHAUKAS_MAX_CALLS"),
    )
    max_calls_per_address: int | None = field(
        default=None,
        metadata=about(
            "How many of one address, which may be that of a proxy for everybody; None for half of all.",
            Count("calls"),
            "CHAUKAS_MAX_CALLS_PER_ADDRESS",
        ),
    )
    max_requests: int | None = field(
        default=None,
        metadata=about(
            "The memory that all gRPC requests together take; None for eight of the largest.",
            Size(),
            "CHAUKAS_MAX_REQUESTS",
        ),
    )
    max_requests_per_address: int | None = field(
        default=None,
        metadata=about(
            "How much of it those of one address take; None for half of all.",
            Size(),
            "CHAUKAS_MAX_REQUESTS_PER_ADDRESS",
        ),
    )
    max_answers: int = field(
        default=512 * 2**20,
        metadata=about(
            "The memory that gRPC answers take which wait to be read: those of one address a quarter of it, those of "
            "one connection an eighth.",
            Size(always=True),
            "CHAUKAS_MAX_ANSWERS",
        ),
    )
    handshake_timeout: float = field(
        default=10.0,
        metadata=about(
            "How long a client may take until it has spoken TLS and HTTP/2, or sent the head of an HTTP request.",
            Duration(always=True),
            "CHAUKAS_HANDSHAKE_TIMEOUT",
        ),
    )
    idle_timeout: float = field(
        default=600.0,
        metadata=about("How long a connection without calls is kept.", Duration(always=True), "CHAUKAS_IDLE_TIMEOUT"),
    )
    body_timeout: float = field(
        default=300.0,
        metadata=about(
            "How long an HTTP body may take to come in, however large it is.",
            Duration(always=True),
            "CHAUKAS_BODY_TIMEOUT",
        ),
    )
    events_per_second: float | None = field(
        default=None,
        metadata=about(
            "How many events each key may send on average; beyond that, callers are told to wait.",
            PerSecond("events"),
            "CHAUKAS_EVENTS_PER_SECOND",
        ),
    )
    bytes_per_second: float | None = field(
        default=None,
        metadata=about(
            "How many bytes of events each key may send on average, such as 5MB.",
            PerSecond("bytes"),
            "CHAUKAS_BYTES_PER_SECOND",
        ),
    )
    grace: float = field(
        default=5.0,
        metadata=about(
            "How long calls have to finish when the collector stops.", Duration(always=True), "CHAUKAS_GRACE"
        ),
    )
    log: str = field(
        default="text", metadata=about("How the program logs: text or json.", OneOf("text", "json"), "CHAUKAS_LOG")
    )
    insecure: bool = field(
        default=False,
        metadata=about(
            "Whether other machines may reach the collector without keys or without TLS.", Switch(), "CHAUKAS_INSECURE"
        ),
    )

    def __post_init__(self) -> None:
        check_fields(self)

    @classmethod
    def load(
        cls,
        options: Mapping[str, object] | None = None,
        *,
        config: str | Path | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> CollectorSettings:
        """Take each setting from the options, else the environment, else the TOML file, else its default.

        The default of ``store`` is a file in the user's data directory, ``events.db``; that of ``keys`` is
        ``keys.json`` there, if it exists; ``off`` is said where it is not to be used.

        Args:
            options: What was said for this run, by the names of the fields. None counts as not said.
            config: The TOML file; None for that of ``CHAUKAS_CONFIG``, if there is one. Its keys are the fields' names,
                written with ``-`` or ``_``.
            environ: The environment; ``os.environ`` if None. A variable that is set to nothing counts as not set.

        Raises:
            SettingError: A value, or the file, cannot be used.
            TypeError: There is no setting of that name.
        """
        env = os.environ if environ is None else environ
        said: dict[str, Any] = {name: value for name, value in (options or {}).items() if value is not None}
        refuse_unknown(said, [each.name for each in fields(cls)], listed=cls.__name__)
        # A variable is not even read where an option stands in its place: a wrong one does not matter then.
        said = {**from_environment(cls, env, said), **said}
        file = config or env.get(CONFIG_VARIABLE, "").strip()
        if file:
            said = {**cls._from_file(Path(file)), **said}
        said.setdefault("store", str(data_directory(env) / "events.db"))
        default_keys = data_directory(env) / "keys.json"
        if "keys" not in said and default_keys.exists():
            said["keys"] = default_keys
        return cls(**said)

    @classmethod
    def _from_file(cls, path: Path) -> dict[str, Any]:
        found = {name.replace("-", "_"): value for name, value in read_toml(path).items()}
        try:
            refuse_unknown(found, [each.name for each in fields(cls)])
            # Checked by itself, so that errors can name the file.
            made = cls(**found)
        except SettingError as error:
            raise SettingError(f"{path}: {error.name}", error.message) from None
        except TypeError as error:
            raise SettingError(str(path), str(error)) from None
        return {name: getattr(made, name) for name in found}

    def check_together(self) -> None:
        """Check what only all settings together can tell; ``Collector.from_settings`` does.

        Raises:
            SettingError: A door can be reached from other machines without keys or without TLS, and ``insecure`` does
                not say that this is meant; no door is open; a setting of TLS lacks the certificate, or one of the audit
                log its key.
        """
        if self.grpc is None and self.http is None:
            raise SettingError("grpc", "is off, and so is http: nobody could reach the collector")
        for name in ("tls_key", "client_ca"):
            if getattr(self, name) is not None and self.tls_cert is None:
                raise SettingError(name, "is given without tls_cert, the collector's own certificate")
        for name in ("worm", "witness_key"):
            if getattr(self, name) and not self.audit_key:
                raise SettingError(name, "is given without audit_key, the key that the log is signed with")
        lacks = [
            *([] if self.keys or self.client_ca else ["keys (chaukas-lite keys add)"]),
            *([] if self.tls_cert else ["TLS (--tls-cert)"]),
        ]
        for name, address in (("grpc", self.grpc), ("http", self.http)):
            if is_exposed(address) and lacks and not self.insecure:
                raise SettingError(
                    name,
                    f"{address} can be reached from other machines, and the collector has no {' and no '.join(lacks)}: "
                    "add them, listen on 127.0.0.1, or say --insecure if something else keeps strangers away",
                )
