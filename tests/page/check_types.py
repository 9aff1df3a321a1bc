"""Checks the types of the page's modules, which stand in comments (JSDoc):  python -m tests.page.check_types

TypeScript and the types of the libraries come from the npm registry into a temporary folder. Nothing is built.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.page.vendor import PACKAGES, VENDOR

TYPESCRIPT = "typescript@5.9.3"

MODULES = {
    "preact": 'export * from "preact";',
    "hooks": 'export * from "preact/hooks";',
    "htm": 'export { default } from "htm";',
    "uplot": 'export { default } from "uplot";',
}
"""The types of each file in ``vendor``: those of its package."""

OPTIONS = {
    "allowJs": True,
    "checkJs": True,
    "strict": True,
    "noEmit": True,
    "target": "es2022",
    "module": "esnext",
    "moduleResolution": "bundler",
    "lib": ["es2023", "dom", "dom.iterable"],
    "types": [],
    "skipLibCheck": True,
}


def prepare(folder: Path) -> None:
    """Lay the modules and what their types come from out in a folder."""
    (folder / "package.json").write_text("{}")
    packages = [f"{each.name}@{each.version}" for each in PACKAGES]
    subprocess.run(["npm", "install", "--silent", "--no-audit", TYPESCRIPT, *packages], cwd=folder, check=True)
    shutil.copytree(VENDOR.parent / "app", folder / "app")
    (folder / "vendor").mkdir()
    for name, text in MODULES.items():
        (folder / "vendor" / f"{name}.d.ts").write_text(text)
    (folder / "tsconfig.json").write_text(json.dumps({"compilerOptions": OPTIONS, "include": ["app"]}))


def main() -> int:
    """Check; return the status of the compiler."""
    with tempfile.TemporaryDirectory() as name:
        prepare(Path(name))
        done = subprocess.run(
            ["npx", "tsc", "--pretty", "false"], check=False, cwd=name, stdout=subprocess.PIPE, encoding="utf-8"
        )
    sys.stdout.write(done.stdout)
    return done.returncode


if __name__ == "__main__":
    raise SystemExit(main())
