"""Fetches the libraries that the page ships:  python -m tests.page.vendor [--check]

They come from the npm registry at the versions and integrity hashes below. Each file goes into ``static/vendor`` as it
is, but for the changes that are named here: browsers find no module by a bare name, and source maps are not shipped.
``--check`` writes nothing and fails if a file is not what it would write.
"""

from __future__ import annotations

import base64
import hashlib
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

VENDOR = Path(__file__).parents[2] / "chaukas_spec_lite/collector/page/static/vendor"


@dataclass(frozen=True)
class File:
    """A file of a package, and what it becomes."""

    source: str
    target: str
    changes: Sequence[tuple[str, str]] = ()
    """Each text stands in the file exactly once, and is replaced."""


@dataclass(frozen=True)
class Package:
    """A package at a version, as the registry has it."""

    name: str
    version: str
    integrity: str
    files: Sequence[File]


PACKAGES = (
    Package(
        "preact",
        "11.2.0",
        "sha512-/HfHI/7N84e6GrWBJ3J280z3mLaRJiDcSvj/A+y/4AbLnND/1UlGHe1sR6oYuTGwId0nP7dqDU9OnLxMPZ7xBg==",
        (
            File("dist/preact.mjs", "preact.js", (("//# sourceMappingURL=preact.mjs.map\n", ""),)),
            File(
                "hooks/dist/hooks.mjs",
                "hooks.js",
                (('from"preact"', 'from"./preact.js"'), ("//# sourceMappingURL=hooks.mjs.map\n", "")),
            ),
            File("LICENSE", "preact.LICENSE.txt"),
        ),
    ),
    Package(
        "htm",
        "3.1.1",
        "sha512-983Vyg8NwUE7JkZ6NmOqpCZ+sh1bKv2iYTlUkzlWmA5JD2acKoxd4KVxbMmxX/85mtfdnDmTFoNKcg5DGAvxNQ==",
        (File("dist/htm.mjs", "htm.js"), File("LICENSE", "htm.LICENSE.txt")),
    ),
    Package(
        "uplot",
        "1.6.32",
        "sha512-KIMVnG68zvu5XXUbC4LQEPnhwOxBuLyW1AHtpm6IKTXImkbLgkMy+jabjLgSLMasNuGGzQm/ep3tOkyTxpiQIw==",
        (
            # The small build is a script; one more line makes it a module.
            File("dist/uPlot.iife.min.js", "uplot.js", (("return en}();", "return en}();\nexport default uPlot;"),)),
            File("dist/uPlot.min.css", "uplot.css"),
            File("LICENSE", "uplot.LICENSE.txt"),
        ),
    ),
)


def fetched(package: Package, folder: Path) -> Mapping[str, bytes]:
    """Fetch a package; return its files by their paths in it."""
    name = f"{package.name}@{package.version}"
    packed = subprocess.run(
        ["npm", "pack", name, "--silent", "--pack-destination", str(folder)],
        check=True,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    )
    tarball = folder / packed.stdout.split()[-1]
    found = "sha512-" + base64.b64encode(hashlib.sha512(tarball.read_bytes()).digest()).decode()
    if found != package.integrity:
        raise SystemExit(f"{name}: its hash is {found}, and not {package.integrity}")
    with tarfile.open(tarball) as archive:
        members = {each.name.partition("/")[2]: archive.extractfile(each) for each in archive if each.isfile()}
        return {path: member.read() for path, member in members.items() if member is not None}


def vendored(packages: Sequence[Package]) -> Iterator[tuple[str, bytes]]:
    """Yield each file to ship, by its name."""
    with tempfile.TemporaryDirectory() as folder:
        for package in packages:
            content = fetched(package, Path(folder))
            for file in package.files:
                text = content[file.source].decode()
                for old, new in file.changes:
                    if text.count(old) != 1:
                        raise SystemExit(f"{package.name}: {file.source} has {old!r} {text.count(old)} times, not once")
                    text = text.replace(old, new)
                yield file.target, text.encode()


def main(arguments: Sequence[str]) -> int:
    """Write the files, or compare them; return the exit status."""
    if [*arguments] not in ([], ["--check"]):
        raise SystemExit("usage: python -m tests.page.vendor [--check]")
    wanted = dict(vendored(PACKAGES))
    if not arguments:
        VENDOR.mkdir(parents=True, exist_ok=True)
        for name, content in wanted.items():
            (VENDOR / name).write_bytes(content)
    there = {each.name: each.read_bytes() for each in VENDOR.iterdir()}
    wrong = sorted(name for name in {*wanted, *there} if wanted.get(name) != there.get(name))
    for name in wrong:
        sys.stderr.write(f"{name}: not what the registry has; run python -m tests.page.vendor\n")
    return int(bool(wrong))


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
