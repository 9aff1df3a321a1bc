"""Checks the one wheel in a folder: pure Python, the package and nothing else, its data files included."""

import sys
import zipfile
from pathlib import Path, PurePosixPath

NEEDED = {"py.typed", "__init__.py", "__main__.py", "cli/data/session.delim", "pytest_plugin.py"}
ENTRY_POINTS = ["chaukas-lite = chaukas_spec_lite.__main__:main", "chaukas = chaukas_spec_lite.pytest_plugin"]

STATIC = Path(__file__).parents[1] / "chaukas_spec_lite/collector/page/static"
PAGE = {
    str(PurePosixPath("collector/page/static", each.relative_to(STATIC)))
    for each in STATIC.rglob("*")
    if each.is_file()
}

(wheel,) = Path(sys.argv[1]).glob("*.whl")
if not wheel.name.endswith("-py3-none-any.whl"):
    sys.exit(f"{wheel.name} is not a wheel for every platform")
archive = zipfile.ZipFile(wheel)
paths = [PurePosixPath(name) for name in archive.namelist()]
package = {str(path.relative_to("chaukas_spec_lite")) for path in paths if path.parts[0] == "chaukas_spec_lite"}
strange = [str(path) for path in paths if path.parts[0] != "chaukas_spec_lite" and "dist-info" not in path.parts[0]]
if strange:
    sys.exit(f"{wheel.name} holds more than the package: {strange[:5]}")
if missing := (NEEDED | PAGE) - package:
    sys.exit(f"{wheel.name} lacks {sorted(missing)}")
(declared,) = [archive.read(str(path)).decode() for path in paths if path.name == "entry_points.txt"]
if absent := [line for line in ENTRY_POINTS if line not in declared.splitlines()]:
    sys.exit(f"{wheel.name} does not declare {absent}")
print(f"{wheel.name}: {len(paths)} files, {wheel.stat().st_size:,} bytes")
