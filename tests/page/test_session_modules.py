"""The modules of the session view that show nothing themselves, tested by node's own runner: ``tests/page/modules``."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.patience import HANG

pytestmark = pytest.mark.page

HERE = Path(__file__).parent
FILES = sorted((HERE / "modules").glob("*.test.mjs"))


def test_each_module_does_what_its_tests_say() -> None:
    node = shutil.which("node")
    assert node, "these tests need Node.js: apt-get install nodejs"
    # The files of the page are modules, which nothing beside them says: no package.json is shipped.
    command = [node, "--experimental-default-type=module", "--test", *map(str, FILES)]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=2 * HANG, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"# tests {done.stdout.count('# Subtest: ')}" in done.stdout
