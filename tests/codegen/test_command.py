"""``python -m codegen``: what it writes, what it says, how it exits."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from codegen.__main__ import main

ROOT = Path(__file__).parent.parent.parent
HEAD = 'syntax = "proto3";\n'


def run(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "codegen", *map(str, arguments)]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=100, cwd=ROOT, check=False, env={**os.environ, **environment}
    )


@pytest.fixture
def protos(tmp_path: Path) -> Path:
    folder = tmp_path / "protos"
    (folder / "inner").mkdir(parents=True)
    (folder / "a.proto").write_text(HEAD + 'import "inner/b.proto"; message A { B b = 1; }')
    (folder / "inner" / "b.proto").write_text(HEAD + "message B { int32 a = 1; }")
    return folder


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def generate(protos: Path, out: Path, *arguments: str) -> int:
    return main(["--proto-path", str(protos), "--out", str(out), *(arguments or ["a.proto"])])


def test_files_are_written_with_what_they_import(protos: Path, tmp_path: Path) -> None:
    assert generate(protos, tmp_path / "out") == 0
    assert [*files(tmp_path / "out")] != []
    assert set(files(tmp_path / "out")) == {"__init__.py", "a.py", "inner/__init__.py", "inner/b.py"}


@pytest.mark.parametrize("seed", ["1", "2"])
def test_own_modules_are_what_is_committed(seed: str) -> None:
    done = run("--check", PYTHONHASHSEED=seed)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_output_does_not_depend_on_the_hash_seed(tmp_path: Path) -> None:
    protos = Path(__file__).parent / "protos"
    outputs = []
    for seed in ("1", "2"):
        out = tmp_path / seed
        arguments = ("--proto-path", protos / "names", "--proto-path", protos, "--out", out)
        assert run(*arguments, "nasty.proto", "layout.proto", PYTHONHASHSEED=seed).returncode == 0
        outputs.append(files(out))
    assert outputs[0] == outputs[1]


def test_check_names_what_differs_and_changes_nothing(
    protos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    generate(protos, out)
    assert generate(protos, out, "--check", "a.proto") == 0
    assert capsys.readouterr() == ("", "")
    (out / "a.py").write_bytes((out / "a.py").read_bytes() + b"\n")
    (out / "inner" / "b.py").unlink()
    (out / "stale.py").write_text("# Generated from stale.proto by `python -m codegen`.\n")
    (out / "mine.py").write_text("# By hand.\n")
    before = files(out)

    assert generate(protos, out, "--check", "a.proto") == 1

    assert capsys.readouterr().err.splitlines() == [
        f"{out}/a.py: differs",
        f"{out}/inner/b.py: missing",
        f"{out}/stale.py: stale",
    ]
    assert files(out) == before
    assert generate(protos, out) == 0
    assert generate(protos, out, "--check", "a.proto") == 0
    assert set(before) - set(files(out)) == {"stale.py"}
    assert "mine.py" in files(out)


def test_line_breaks_and_bytes_count_too(protos: Path, tmp_path: Path) -> None:
    generate(protos, tmp_path / "out")
    for changed in (b"\r\n", b"\n\xff"):
        text = (tmp_path / "out" / "a.py").read_bytes()
        (tmp_path / "out" / "a.py").write_bytes(text.replace(b"\n", changed))
        assert generate(protos, tmp_path / "out", "--check", "a.proto") == 1
        generate(protos, tmp_path / "out")


def test_mistakes_are_all_reported_and_nothing_is_written(
    protos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (protos / "inner" / "b.proto").write_text(HEAD + "message B { int32 a = 0; Nowhere b = 2; }")

    assert generate(protos, tmp_path / "out") == 1

    output = capsys.readouterr()
    assert output.out == ""
    assert [line.split(": ")[0] for line in output.err.splitlines()] == ["inner/b.proto:2:23", "inner/b.proto:2:26"]
    assert not (tmp_path / "out").exists()


def test_a_file_that_is_not_there(protos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert generate(protos, tmp_path / "out", "none.proto") == 1
    assert "none.proto" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_folder_that_cannot_be_written(protos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "out").write_text("a file")
    assert generate(protos, tmp_path / "out") == 1
    assert f"{tmp_path}/out" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--out", "x"], "name a --proto-path DIR, and the proto files in it to generate"),
        (["--out", "x", "--proto-path", "."], "name a --proto-path DIR, and the proto files in it to generate"),
        (["--out", "x", "a.proto"], "name a --proto-path DIR, and the proto files in it to generate"),
        (["a.proto"], "say with --out DIR where the modules of these files go"),
        (["--proto-path", "."], "say with --out DIR where the modules of these files go"),
        (["--proto-path", "no-such-folder", "--out", "x", "a.proto"], "no-such-folder is no folder"),
        (["--wrong"], "unrecognized arguments: --wrong"),
    ],
    ids=" ".join,
)
def test_usage_errors(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exited:
        main(arguments)
    assert exited.value.code == 2
    assert said in capsys.readouterr().err


def test_without_the_parser_it_says_how_to_install_it(protos: Path, tmp_path: Path) -> None:
    """Finds the parser hidden behind a module that fails like one that is not there."""
    hiding = tmp_path / "hiding" / "proto_schema_parser"
    hiding.mkdir(parents=True)
    text = "raise ModuleNotFoundError(\"No module named 'proto_schema_parser'\", name='proto_schema_parser')\n"
    (hiding / "__init__.py").write_text(text)
    path = os.pathsep.join([str(hiding.parent), os.environ.get("PYTHONPATH", "")])

    done = run("--proto-path", protos, "--out", tmp_path / "out", "a.proto", PYTHONPATH=path)

    assert done.returncode == 1
    assert done.stderr == "python -m codegen needs a parser: python -m pip install 'chaukas-spec-lite[codegen]'\n"
    assert not (tmp_path / "out").exists()


def test_help_names_every_option() -> None:
    done = run("--help")
    assert done.returncode == 0
    for option in ("--proto-path", "--out", "--check", "FILE"):
        assert option in done.stdout
