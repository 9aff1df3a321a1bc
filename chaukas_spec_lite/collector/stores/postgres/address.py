"""Addresses of databases: checked before the driver sees them, and shown without what is secret in them.

The driver quotes what it cannot read, and that may be half of a password with a character that had to be encoded. So it
is given nothing that it cannot read, and what is wrong is said without quoting anything.
"""

from __future__ import annotations

from urllib.parse import SplitResult, parse_qsl, urlsplit

from chaukas_spec_lite.errors import SettingError

_SCHEMES = ("postgresql", "postgres")
_FORM = (
    "write postgresql://USER:PASSWORD@HOST:PORT/DATABASE, and in user and password %40 for @, %3A for :, %2F for /, "
    "%3F for ?, %23 for #, %25 for %"
)


def shown(address: str) -> str:
    """Return an address without password and options, which may contain another one.

    Raises:
        SettingError: It cannot be read. The error says nothing of what it holds.
    """
    parts = _checked(address)
    user, at, hosts = parts.netloc.rpartition("@")
    return f"{parts.scheme}://{user.partition(':')[0]}{at}{hosts}{parts.path}"


def _checked(address: str) -> SplitResult:
    problem = "it cannot be taken apart"
    try:
        parts = urlsplit(address)
        problem = _problem_of(parts)
    except ValueError:  # whose text may quote some of it
        parts = None
    if parts is None or problem:
        raise SettingError("store", f"the address of the database cannot be read: {problem}; {_FORM}") from None
    return parts


def _problem_of(parts: SplitResult) -> str:
    if parts.scheme not in _SCHEMES:
        return "it does not begin with postgresql://"
    if parts.fragment:
        return "there is a # in it"
    if "@" in parts.path:
        return "there is an @ behind the hosts"
    # The last @: the driver takes one in a password, too.
    _, _, hosts = parts.netloc.rpartition("@")
    for host in filter(None, hosts.split(",")):
        if problem := _problem_of_host(host):
            return problem
    return _problem_of_options(parts.query)


def _problem_of_host(text: str) -> str:
    bracketed = text.startswith("[")
    host, colon, port = _split_host(text, bracketed)
    if colon and not _is_port(port):
        return "the port of a host is no number from 1 to 65535"
    if not bracketed and host:
        try:
            host.encode("idna")
        except UnicodeError:
            return "a host is no name"
    return ""


def _split_host(text: str, bracketed: bool) -> tuple[str, str, str]:
    if bracketed:
        host, _, rest = text[1:].partition("]")
        return host, rest[:1], rest[1:]
    return text.partition(":")


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdigit() and 0 < int(text) < 65536


def _problem_of_options(query: str) -> str:
    options = dict(parse_qsl(query, strict_parsing=True)) if query else {}
    if not all(_is_port(port) for port in options.get("port", "1").split(",")):
        return "the option port is no number from 1 to 65535"
    return ""
