"""Where events go, as people write it in one line: read into what it means, without opening anything.

========================= ==========================================================
``grpc://host:port``      a server, by gRPC; ``grpcs://`` with TLS, ``host:port``
``https://host/path``     a server, by HTTP, as the official SDK sends; ``http://``
``file:events.jsonl``     the end of a file: ``.jsonl`` or ``.delim``, or with ``.gz``
``console:``              standard error, a line for each event; ``console:tree``
``memory:``               a list; ``memory:1000`` keeps the last thousand
``null:``                 nowhere
========================= ==========================================================
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias
from urllib.parse import SplitResult, urlsplit

from chaukas_spec_lite.errors import SettingError, SettingTypeError
from chaukas_spec_lite.misspelt import nearest
from chaukas_spec_lite.rpc.client import endpoint as endpoints

FORMS = "grpc://host:port, https://host/path, file:events.jsonl, console:, memory: or null:"

Form: TypeAlias = Literal["jsonl", "delim"]
"""How a file holds events: a line of JSON for each, or encoded, each behind its length."""


@dataclass(frozen=True, slots=True)
class GrpcAddress:
    """A server that is spoken to by gRPC."""

    endpoint: str
    """As ``ChaukasClient`` takes it."""


@dataclass(frozen=True, slots=True)
class HttpAddress:
    """A server that is spoken to by HTTP."""

    url: str
    """What ``/events`` and ``/events/batch`` are appended to, without a slash at its end."""


@dataclass(frozen=True, slots=True)
class FileAddress:
    """A file to whose end events are written."""

    path: str
    """As it was written: relative paths and ``~`` are for who opens it."""
    form: Form
    gzip: bool


@dataclass(frozen=True, slots=True)
class ConsoleAddress:
    """Standard error."""

    tree: bool


@dataclass(frozen=True, slots=True)
class MemoryAddress:
    """A list in memory."""

    limit: int | None
    """How many events it keeps, the last ones; None for all."""


@dataclass(frozen=True, slots=True)
class NullAddress:
    """Nowhere."""


Address: TypeAlias = GrpcAddress | HttpAddress | FileAddress | ConsoleAddress | MemoryAddress | NullAddress

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):(.*)", re.DOTALL)
_WORD = re.compile(r"[\w.+-]{1,40}", re.ASCII)
_PORT_IN_WORDS = re.compile(r"(localhost|[\w-]+(\.[\w-]+)+):[\w-]*", re.ASCII)
_DRIVE = re.compile(r"/?[A-Za-z]:[/\\]")
_GRPC_SCHEMES = ("grpc", "grpcs", "unix", "dns", "ipv4", "ipv6")
_ENDS = re.compile(r"\.(jsonl|delim)(\.gz)?", re.IGNORECASE)
_LOOKS_LIKE_A_FILE = re.compile(r"[/\\~.]|.*(\.gz|\.jsonl?|\.delim|\.ndjson|\.log|\.txt|\.bin)$", re.IGNORECASE)
_OTHER_WORDS = {
    **dict.fromkeys(("stderr", "stdout", "print", "terminal", "tty"), "console:"),
    **dict.fromkeys(("none", "off", "disabled", "nowhere", "devnull", "noop"), "null:"),
    **dict.fromkeys(("list", "mem", "ram", "inmemory"), "memory:"),
    **dict.fromkeys(("path", "jsonl", "delim"), "file:events.jsonl"),
}
"""Words that other libraries use, and what to write here."""


def parse_address(address: str | os.PathLike[str], name: str = "address") -> Address:
    """Read where events are to go.

    Args:
        address: One of the forms that the module's docstring lists. A path object is that of a file.
        name: The argument or variable that it comes from, for errors.

    Raises:
        SettingTypeError: It is neither text nor a path.
        SettingError: It is no such address. The error says what is meant most likely, and never shows a password.
    """
    if isinstance(address, os.PathLike):
        return file_address(os.fspath(address), name)
    if not isinstance(address, str):
        raise SettingTypeError(name, f"has to be text like {FORMS}, not {type(address).__name__}")
    text = address.strip()
    if not text:
        raise SettingError(name, f"is empty; write {FORMS}")
    found = _SCHEME.fullmatch(text)
    if found is None or (found[2].partition(",")[0].isdigit() and found[1].lower() not in _READERS):
        # host:port, 10.0.0.1:50051 or [::1]:50051; all else has no colon, and is a mistake.
        if ":" in text and not _LOOKS_LIKE_A_FILE.match(text):
            return grpc_address(text, name)
        raise _unknown(text, name)
    scheme, rest = found[1].lower(), found[2]
    if scheme in ("http", "https"):
        return _http(text, name)
    if scheme in _GRPC_SCHEMES:
        if scheme.startswith("grpc") and not rest.startswith("//"):
            raise SettingError(name, f"is {scheme}: without two slashes; write {scheme}://host:port")
        return grpc_address(text, name)
    if scheme in _READERS and not _DRIVE.match(text):
        return _READERS[scheme](rest, name)
    raise _unknown(text, name)


def grpc_address(text: str, name: str) -> GrpcAddress:
    """Read the address of a gRPC server, in any form that ``ChaukasClient`` takes; raise ``SettingError`` if not."""
    endpoints.parse(text, name)
    return GrpcAddress(text)


def file_address(path: str, name: str) -> FileAddress:
    """Read the path of a file, whose end says how it is written; raise ``SettingError`` if it does not."""
    if "\0" in path:
        raise SettingError(name, "holds a null character, which no path can")
    stem = os.path.basename(path.replace("\\", "/"))
    end = _ENDS.search(stem)
    if end is None or end.end() != len(stem):
        if path == "/dev/null":
            raise SettingError(name, "is /dev/null: write null:")
        raise SettingError(
            name,
            f"{stem or path!r} does not say what to write: let it end in .jsonl (a line of JSON for each event) or "
            ".delim (binary, smaller), or in .jsonl.gz or .delim.gz",
        )
    form: Form = "delim" if end[1].lower() == "delim" else "jsonl"
    return FileAddress(path, form, bool(end[2]))


def _file(rest: str, name: str) -> FileAddress:
    if not rest.strip("/"):
        raise SettingError(name, "is file: without a path; write file:events.jsonl")
    if rest.startswith("//"):
        host, slash, path = rest[2:].partition("/")
        if host not in ("", "localhost") or not slash:
            raise SettingError(name, f"names the host {host!r}; write file:{rest[2:]}, or file:///path")
        rest = slash + path
    # file:///C:/events.jsonl is how URLs write a path of Windows.
    return file_address(rest[1:] if rest.startswith("/") and _DRIVE.match(rest) else rest, name)


def _console(rest: str, name: str) -> ConsoleAddress:
    how = rest.strip("/").lower()
    if how not in ("", "lines", "tree"):
        near = nearest(how, ["lines", "tree"])
        hint = f"; did you mean console:{near}?" if near else ""
        raise SettingError(name, f"there is console: (lines) and console:tree, not {_shown(rest)}{hint}")
    return ConsoleAddress(tree=how == "tree")


def _memory(rest: str, name: str) -> MemoryAddress:
    limit = rest.strip("/")
    if not limit:
        return MemoryAddress(None)
    if not (limit.isascii() and limit.isdigit() and len(limit) < 10 and int(limit)):
        raise SettingError(name, f"memory: takes how many events to keep, as in memory:1000, not {_shown(rest)}")
    return MemoryAddress(int(limit))


def _null(rest: str, name: str) -> NullAddress:
    if rest.strip("/"):
        raise SettingError(name, f"null: takes nothing more, not {_shown(rest)}")
    return NullAddress()


_READERS: dict[str, Callable[[str, str], Address]] = {
    "file": _file,
    "console": _console,
    "memory": _memory,
    "null": _null,
}


def _http(text: str, name: str) -> HttpAddress:
    if "@" in text:  # Whatever stands before it may be a password, so nothing is shown.
        raise SettingError(name, "holds a user or password: leave it out, and give an api_key instead")
    url = _split(text)
    if url is None or not url.hostname or any(ord(character) <= 32 for character in text):
        raise SettingError(name, "is not a URL: write https://host/path, or https://host:8443/path")
    if url.query or url.fragment:
        raise SettingError(name, "holds a query or fragment, behind which /events cannot be appended: leave it out")
    path = url.path.rstrip("/")
    for end in ("/events/batch", "/events"):
        if path.endswith(end):
            raise SettingError(name, f"ends in {end}, which is appended to it: leave that out")
    return HttpAddress(f"{url.scheme}://{url.netloc}{path}")


def _split(text: str) -> SplitResult | None:
    try:
        url = urlsplit(text)
        _ = url.port  # Raises ``ValueError`` for one that is no number, or too large.
    except ValueError:
        return None
    return url


def _unknown(text: str, name: str) -> SettingError:
    """Make the error of what is no address."""
    scheme, colon, _ = text.partition(":")
    word = scheme.lower()
    if _LOOKS_LIKE_A_FILE.match(text) or _DRIVE.match(text):
        hint = f"for a file write file:{text}" if "@" not in text else "for a file write file: before it"
    elif word in _OTHER_WORDS:
        hint = f"did you mean {_OTHER_WORDS[word]}?"
    elif (near := nearest(word, ["grpc", "grpcs", "http", "https", *_READERS])) is not None:
        hint = f"did you mean {near}:{'//' if near[:4] in ('grpc', 'http') else ''}?"
    elif _PORT_IN_WORDS.fullmatch(text):
        host = _shown(scheme)
        raise SettingError(name, f"{host}: the port has to be a number from 1 to 65535, as in {host}:50051")
    elif not colon and _WORD.fullmatch(text):
        hint = f"for a gRPC server write its port, too: {text}:50051"
    else:
        hint = f"write {FORMS}"
    what = f"{_shown(scheme)}: is nothing that events can be sent to" if colon else "says nothing that is known here"
    return SettingError(name, f"{what}; {hint}")


def _shown(text: str) -> str:
    """Show a wrong word, but nothing of what may hold a password."""
    return text if _WORD.fullmatch(text) else "what stands there"
