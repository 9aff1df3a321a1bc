"""Settings of clients and exporters, from arguments or else from the environment, under the names of chaukas-sdk."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from chaukas_spec_lite.errors import SettingError, SettingTypeError
from chaukas_spec_lite.misspelt import arguments_of, refuse_unknown
from chaukas_spec_lite.rpc.client import endpoint as endpoints
from chaukas_spec_lite.rpc.client.endpoint import Endpoint
from chaukas_spec_lite.settings import (
    POSITIVE_SECONDS,
    Instance,
    OrNone,
    Secret,
    Text,
    Texts,
    Whole,
    about,
    check_fields,
    documented,
    from_environment,
    shown,
)

if TYPE_CHECKING:
    from typing_extensions import Never

ENDPOINT_VARIABLES = ("CHAUKAS_GRPC_ENDPOINT", "CHAUKAS_ENDPOINT")
"""Our own variable, then that of chaukas-sdk's HTTP endpoint. The second is used if ours is not set and it holds no
URL.
"""


@documented
@dataclass(frozen=True)
class Settings:
    """Settings of a client, some of which its exporter takes over. Make them with ``Settings.load``.

    Without an argument, the endpoint comes from ``CHAUKAS_GRPC_ENDPOINT``, a variable of ours. ``CHAUKAS_ENDPOINT`` is
    where chaukas-sdk looks for its HTTP endpoint. It stands in for the gRPC endpoint only if it holds no URL but
    ``host:port`` or ``unix:/path``: a URL such as ``https://api.chaukas.ai`` is the SDK's, which never speaks gRPC, and
    is refused with a ``SettingError``, because gRPC calls could only fail. ``Recorder.from_env`` sends there, by HTTP.

    Raises:
        SettingError: A value cannot be used; its ``name`` is the argument or the variable.
    """

    endpoint: Endpoint = field(
        metadata=about(
            "Where the server listens: host:port, grpcs://host:port with TLS, or unix:/path, or several of these with "
            "commas, which are tried in turn. https:// says the same as grpcs:// here, and http:// that there is no "
            "TLS. gRPC's dns:///host:port, ipv4: and ipv6: are understood, too. "
            "Without CHAUKAS_GRPC_ENDPOINT, a CHAUKAS_ENDPOINT that is no URL stands in.",
            Instance(Endpoint, "make settings with Settings.load, which reads endpoints"),
            "CHAUKAS_GRPC_ENDPOINT",
        )
    )
    api_key: str | None = field(
        default=None,
        repr=False,
        metadata=about(
            "Travels with each request as authorization: Bearer .... None sends none.",
            OrNone(Secret()),
            "CHAUKAS_API_KEY",
        ),
    )
    tenant_id: str = field(
        default="", metadata=about("The tenant of events that name none, and of queries.", Text(), "CHAUKAS_TENANT_ID")
    )
    project_id: str = field(
        default="",
        metadata=about("The project of events that name none, and of queries.", Text(), "CHAUKAS_PROJECT_ID"),
    )
    timeout: float = field(
        default=30.0,
        metadata=about("How long a call may take, with all its repetitions.", POSITIVE_SECONDS, "CHAUKAS_TIMEOUT"),
    )
    batch_size: int = field(
        default=20,
        metadata=about(
            "The largest number of events in one request of ingest_events. An exporter sends a batch as soon as this "
            "many events wait.",
            Whole(unit="events"),
            "CHAUKAS_BATCH_SIZE",
        ),
    )
    flush_interval: float = field(
        default=5.0,
        metadata=about(
            "How long an exporter lets an event wait for others to share its batch.",
            POSITIVE_SECONDS,
            "CHAUKAS_FLUSH_INTERVAL",
        ),
    )
    max_batch_bytes: int = field(
        default=262144,
        metadata=about(
            "The size of the encoded events in one request above which no further event is added to it.",
            Whole(unit="bytes"),
            "CHAUKAS_MAX_BATCH_BYTES",
        ),
    )
    tags: tuple[str, ...] = field(
        default=(), metadata=about("The tags of events that have none; in text, with commas.", Texts(), "CHAUKAS_TAGS")
    )
    branch: str = field(default="", metadata=about("The branch of events that name none.", Text(), "CHAUKAS_BRANCH"))

    def __post_init__(self) -> None:
        check_fields(self)

    @classmethod
    def load(
        cls,
        endpoint: str | Sequence[str] | None = None,
        *,
        api_key: str | None = None,
        tenant_id: str | None = None,
        project_id: str | None = None,
        timeout: float | None = None,
        batch_size: int | None = None,
        flush_interval: float | None = None,
        max_batch_bytes: int | None = None,
        tags: str | Sequence[str] | None = None,
        branch: str | None = None,
        environ: Mapping[str, str] | None = None,
        **misspelt: Never,
    ) -> Settings:
        """Take each setting from its argument, else from its environment variable, else from its default.

        None counts as not given. What each setting does stands in the class's docstring.

        Args:
            endpoint: Where the server listens, as text, or several such texts.
            api_key: The key, printable ASCII without spaces.
            tenant_id: The tenant.
            project_id: The project.
            timeout: The longest time for a call, in seconds.
            batch_size: A number of events.
            flush_interval: The longest wait of an event in an exporter, in seconds.
            max_batch_bytes: The size of a batch in bytes.
            tags: Tags, or text with commas.
            branch: The branch.
            environ: The environment; ``os.environ`` if None. A variable that is set to nothing counts as not set.
            misspelt: Always refused. The error names the argument that is most like the misspelt one.

        Raises:
            SettingError: A value cannot be used, or there is no endpoint; its ``name`` is the argument or the variable.
            TypeError: There is no argument of that name.
        """
        refuse_unknown(misspelt, arguments_of(cls.load), listed="Settings.load")
        env = os.environ if environ is None else environ
        arguments: dict[str, Any] = {
            "endpoint": _endpoint(endpoint, env),
            "api_key": api_key,
            "tenant_id": tenant_id,
            "project_id": project_id,
            "timeout": timeout,
            "batch_size": batch_size,
            "flush_interval": flush_interval,
            "max_batch_bytes": max_batch_bytes,
            "tags": tags,
            "branch": branch,
        }
        # Variables of settings that are given are not even read: a wrong one does not matter then.
        given = {name: value for name, value in arguments.items() if value is not None}
        return cls(**given, **from_environment(cls, env, given))


def _endpoint(argument: object, environ: Mapping[str, str]) -> Endpoint:
    if argument is not None:
        return endpoints.parse(_endpoint_text(argument))
    ours, the_sdks = (environ.get(variable, "").strip() for variable in ENDPOINT_VARIABLES)
    if ours:
        return endpoints.parse(ours, ENDPOINT_VARIABLES[0])
    if not the_sdks:
        raise SettingError("endpoint", f"is not given, and neither is {' or '.join(ENDPOINT_VARIABLES)}")
    # unix:///path and dns:///host:port are gRPC's, and no URLs here. The URL is not shown: it may hold a password.
    if any("://" in part and not part.strip().startswith(("unix:", "dns:")) for part in the_sdks.split(",")):
        raise SettingError(
            ENDPOINT_VARIABLES[1],
            "holds a URL, which is chaukas-sdk's HTTP endpoint and not for gRPC: "
            f"set {ENDPOINT_VARIABLES[0]}, or give an endpoint (Recorder.from_env sends to that URL, by HTTP)",
        )
    return endpoints.parse(the_sdks, ENDPOINT_VARIABLES[1])


def _endpoint_text(argument: object) -> str | Sequence[str]:
    """Return an argument that is a text or a sequence of texts; raise ``SettingTypeError`` for others, as a port."""
    wrong = argument
    if isinstance(argument, Sequence) and not isinstance(argument, (bytes, bytearray, memoryview)):
        wrong = next((part for part in cast("Sequence[object]", argument) if not isinstance(part, str)), None)
        if wrong is None:
            return cast("str | Sequence[str]", argument)
    what = shown(wrong) if isinstance(wrong, (int, float)) else type(wrong).__name__  # it may hold a password
    raise SettingTypeError("endpoint", f'has to be text like "localhost:50051", or several such, not {what}')
