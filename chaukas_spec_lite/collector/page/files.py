"""The files of the page: read from the package once, each with its tag, and none but these can be asked for."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from typing import TYPE_CHECKING

from chaukas_spec_lite.collector.page.modules import needed, without_comments

if TYPE_CHECKING:
    from importlib.abc import Traversable

INDEX = "index.html"
"""What every address of a view answers, with a line for each module that the view needs."""
_MAIN = "app/main.js"
_OWN_MODULES = "app/"
_END_OF_HEAD = b"</head>"

MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}
"""By the end of a file's name. A file of another kind is not handed out."""


@dataclass(frozen=True, slots=True)
class PageFile:
    """A file as it is handed out."""

    media_type: str
    tag: str
    """Tells its content from any other: an ``ETag``."""
    content: bytes
    compressed: bytes
    """The content in gzip, which is made once."""

    @property
    def compressed_tag(self) -> str:
        """The tag of the content in gzip: other bytes have another one (RFC 9110, 8.8.3.3)."""
        return f'{self.tag[:-1]}-gzip"'


@lru_cache(maxsize=1)
def files() -> Mapping[str, PageFile]:
    """Return the files by their paths, such as ``app/main.js``."""
    # The package may be in a zip file, so its files need not be files on disk.
    root = resources.files("chaukas_spec_lite.collector.page") / "static"
    return {path: _made(path, content) for path, content in sorted(_contents(root, ""))}


@cache
def index(view: str) -> PageFile:
    """Return what the address of a view answers.

    Args:
        view: The name of the view, which is that of its module.
    """
    every = files()
    sources = {path: file.content.decode() for path, file in every.items() if path.endswith(".js")}
    modules = needed([_MAIN, f"app/views/{view}.js"], sources)
    links = "".join(f'<link rel="modulepreload" href="/page/{each}">\n' for each in modules)
    return _made(INDEX, every[INDEX].content.replace(_END_OF_HEAD, links.encode() + _END_OF_HEAD))


def _contents(folder: Traversable, path: str) -> Iterator[tuple[str, bytes]]:
    for each in folder.iterdir():
        if each.is_dir():
            yield from _contents(each, f"{path}{each.name}/")
        elif _end_of(each.name) in MEDIA_TYPES:
            content = each.read_bytes()
            own = path.startswith(_OWN_MODULES)
            yield path + each.name, without_comments(content.decode()).encode() if own else content


def _end_of(name: str) -> str:
    return name[name.rfind(".") :]


def _made(path: str, content: bytes) -> PageFile:
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    # Without a time, so that the same content is always the same bytes.
    return PageFile(MEDIA_TYPES[_end_of(path)], tag, content, gzip.compress(content, mtime=0))
