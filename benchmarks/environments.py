"""Fresh virtual environments, in which is installed what a user would install, and nothing else."""

from __future__ import annotations

import compileall
import os
import subprocess
import sys
import sysconfig
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[1]
OFFICIAL = "chaukas-spec-client==1.0.5"
# Left out of sizes: every environment has them, or they are pip's.
_NOT_COUNTED = ("pip", "setuptools", "_distutils_hack", "pkg_resources", "distutils-precedence.pth")


@dataclass(frozen=True, slots=True)
class Environment:
    """A virtual environment."""

    python: Path
    packages: Path

    def size(self, package: str = "") -> int:
        """How many bytes its packages take, or one of them; compiled bytecode included."""
        return sum(
            _bytes(top)
            for top in self.packages.iterdir()
            if top.name.startswith(package) and not top.name.startswith(_NOT_COUNTED)
        )

    def room_size(self, room: str) -> int:
        """How many bytes a folder of ours takes there; compiled bytecode included."""
        return _bytes(self.packages / "chaukas_spec_lite" / room)


def _bytes(top: Path) -> int:
    paths = [top] if top.is_file() else top.rglob("*")
    return sum(path.stat().st_size for path in paths if path.is_file() and not path.is_symlink())


@contextmanager
def fresh(*requirements: str, python: Path | None = None) -> Iterator[Environment]:
    """Make an environment with these requirements, of this or another Python; it is gone afterwards."""
    with TemporaryDirectory() as folder:
        subprocess.run([str(python or sys.executable), "-m", "venv", "--without-pip", folder], check=True)
        python = Path(folder, "Scripts" if os.name == "nt" else "bin", "python")
        packages = Path(_output(python, "import sysconfig; print(sysconfig.get_path('purelib'))"))
        install = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", *requirements]
        done = subprocess.run(install, check=False, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"cannot install {' '.join(requirements)}: {done.stderr.strip()}")
        _output(python, f"import compileall; compileall.compile_dir({str(packages)!r}, quiet=2)")
        yield Environment(python, packages)


def _output(python: Path, program: str) -> str:
    return subprocess.run([str(python), "-c", program], check=True, capture_output=True, text=True).stdout.strip()


def current() -> Environment:
    """The environment that this runs in, whose installed packages and our own modules are compiled first."""
    compileall.compile_dir(ROOT / "chaukas_spec_lite", quiet=2)
    packages = Path(sysconfig.get_path("purelib"))
    compileall.compile_dir(packages, quiet=2)
    return Environment(Path(sys.executable), packages)


def run(environment: Environment, arguments: Sequence[str], *, cwd: Path | None = None) -> str:
    """Run Python there; return what it prints."""
    return subprocess.run(
        [str(environment.python), *arguments], check=True, capture_output=True, text=True, cwd=cwd, env=variables()
    ).stdout


def variables() -> dict[str, str]:
    """Environment variables for what is measured: nothing that slows Python down or brings modules in."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
