"""What holds for every command: help with examples, exit codes, widths, pipes, interruptions, completion."""

from __future__ import annotations

import gzip
import os
import pty
import re
import signal
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.shell_completion import ShellComplete

from chaukas_spec_lite.cli import COMMANDS, audit, command
from chaukas_spec_lite.cli.commands import Commands
from tests.cli.groups import GROUPS, in_groups
from tests.cli.recordings import GOOD, RECORDING, here, recorded, written
from tests.cli.serving import COMMAND, environment
from tests.patience import HANG, without_slowness
from tests.snippets import DOCS

LOOKING = ["check", "diff", "export", "query", "sessions", "show", "stats", "tail"]
OF_FILES = {
    "query": ["query"],
    "sessions": ["sessions"],
    "show": ["show", GOOD],
    "stats": ["stats"],
    "diff": ["diff", GOOD, "last"],
    "tail": ["tail", "--limit", "3"],
    "check": ["check"],
}
"""Commands that draw something for people."""


@pytest.mark.parametrize("name", sorted({*COMMANDS} - {*GROUPS}))
def test_the_help_ends_with_examples_and_exit_codes(name: str) -> None:
    text = click.Context(command(name), info_name=name).get_help()
    examples = re.findall(r"^ +.*chaukas-lite (\S+)", text.partition("Examples:")[2], re.MULTILINE)
    assert examples
    assert set(examples) <= {*COMMANDS}
    assert "Exit codes: 0 all went well" in text


def test_examples_have_only_options_that_there_are() -> None:
    for name in COMMANDS:
        found: click.Command = command(name)
        for line in (found.epilog or "").partition("Exit codes")[0].splitlines():
            if "chaukas-lite" in line:
                words = line.partition("chaukas-lite ")[2].split()
                options = {option for each in command(words[0]).params for option in each.opts}
                assert {word for word in words if word.startswith("--")} <= options, line


IN_GROUPS = dict(in_groups())


def test_no_command_of_a_group_is_left_out() -> None:
    assert {*IN_GROUPS} >= {"store copy", "store conflicts", "keys add", *(f"audit {name}" for name in audit.COMMANDS)}


@pytest.mark.parametrize("name", IN_GROUPS)
def test_commands_of_groups_have_examples_with_options_that_there_are(name: str) -> None:
    found = IN_GROUPS[name]
    assert found.epilog is not None
    examples = re.findall(rf"chaukas-lite {name} (.*)", found.epilog.partition("Exit codes")[0])
    assert examples
    options = {option for each in found.params for option in each.opts}
    assert {word for line in examples for word in line.split() if word.startswith("--")} <= options


_TOO_LONG = "CHAUKAS_MAX_CONNECTIONS_PER_ADDRESS"
"""With its brackets there is no room for it on 40 cells, behind the indentation."""


@pytest.mark.parametrize("name", ["", *sorted(COMMANDS), *IN_GROUPS])
def test_help_fits_on_a_narrow_terminal(tmp_path: Path, name: str) -> None:
    done = here(tmp_path, *name.split(), "--help", COLUMNS="40")
    assert (done.returncode, done.stderr) == (0, "")
    # Examples are to be pasted, so they are not broken.
    lines = [line for line in done.stdout.splitlines() if not line.startswith("    ") or "chaukas-lite" not in line]
    assert [line for line in lines if len(line) > 40] == []
    # No word is cut: there are the same ones where there is room. The first lines of a group's commands end sooner.
    wide = here(tmp_path, *name.split(), "--help", COLUMNS="80").stdout
    cut = set(re.findall(r"\w+", done.stdout)) - set(re.findall(r"\w+", wide))
    assert cut == set() or (name == "serve" and _TOO_LONG.startswith(max(cut, key=len)))
    assert "Exit codes: 0 all went well" in " ".join(done.stdout.split()) or name in GROUPS


@pytest.mark.parametrize("name", LOOKING)
def test_options_mean_the_same_everywhere(name: str) -> None:
    helps = {
        option: each.help for each in command(name).params if isinstance(each, click.Option) for option in each.opts
    }
    query = {
        option: each.help for each in command("query").params if isinstance(each, click.Option) for option in each.opts
    }
    for option in ("--endpoint", "--store", "--output", "--limit"):
        assert option in helps
        assert option == "--limit" or helps[option] == query[option]


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_is_in_the_guide(name: str) -> None:
    assert f"`{name}`" in (DOCS / "guides" / "command-line.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", [*sorted({*COMMANDS} - {*GROUPS}), *IN_GROUPS])
def test_every_command_has_an_example_that_is_executed(name: str) -> None:
    pages = "".join(page.read_text(encoding="utf-8") for page in DOCS.rglob("*.md"))
    blocks = re.findall(r"^```console\n(.*?)^```", pages, re.DOTALL | re.MULTILINE)
    assert re.search(rf"^[$>].*\bchaukas-lite {name}\b", "".join(blocks), re.MULTILINE)


def on_terminal(folder: Path, width: int, *arguments: str, **env: str) -> tuple[int, str]:
    """Run a command on a terminal of a width; return its exit status and all that it showed."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "chaukas_spec_lite", *arguments],
        cwd=folder,
        env=environment(folder, COLUMNS=str(width), LINES="50", TERM="xterm-256color", **env),
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    shown = b""
    try:
        while data := os.read(ours, 65536):
            shown += data
    except OSError:  # as Linux says that the other end is closed
        pass
    finally:
        os.close(ours)
    return process.wait(HANG), shown.decode().replace("\r\n", "\n")


def plain(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)


@pytest.mark.parametrize(("name", "width"), [*((name, 40) for name in [*OF_FILES, "demo"]), ("demo", 80)])
def test_no_line_is_longer_than_the_terminal(tmp_path: Path, name: str, width: int) -> None:
    arguments = [*OF_FILES[name], str(RECORDING)] if name in OF_FILES else ["demo"]
    status, shown = on_terminal(tmp_path, width, *arguments, NO_COLOR="1")
    assert status == 0
    lines = [line for line in without_slowness(plain(shown)).splitlines() if "\r" not in line]
    assert lines
    assert [line for line in lines if len(line) > width] == []
    text = " ".join(" ".join(lines).split())
    assert "Traceback" not in text
    if name == "demo":
        # Broken between words: at 80 cells it used to end with "a / ll identical".
        assert re.search(r"read back 57 events \([\d,]+/s\): all identical", text)
    if name == "stats":
        assert "57 events in 2 sessions, from 2026-11-27 09:14:07 UTC to 2026-11-27 09:14:24 UTC" in text


@pytest.mark.parametrize("arguments", [("quer",), ("query", "--type", "X", "f"), ("show",), ("query", "no.delim")])
def test_no_word_of_an_error_is_cut(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    status, shown = on_terminal(tmp_path, 40, *arguments, NO_COLOR="1")
    assert status in (1, 2)
    assert [line for line in plain(shown).splitlines() if len(line) > 40] == []
    said = here(tmp_path, *arguments, COLUMNS="40").stderr
    assert shown.split() == said.split()


@pytest.mark.parametrize("name", ["sessions", "stats"])
def test_a_terminal_shows_how_many_events_were_read(tmp_path: Path, name: str) -> None:
    (tmp_path / "many.delim").write_bytes(RECORDING.read_bytes() * 20)
    status, shown = on_terminal(tmp_path, 80, name, "many.delim")
    assert (status, "1,000 events (" in plain(shown)) == (0, True)
    assert here(tmp_path, name, "many.delim").stderr == ""


@pytest.mark.parametrize("arguments", [("stats",), ("send", "--patience", "0.3", str(RECORDING))])
def test_what_is_said_stands_above_the_bar_and_not_behind_it(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    status, shown = on_terminal(tmp_path, 80, *arguments, "--endpoint", "127.0.0.1:9", CHAUKAS_TIMEOUT="0.3")
    assert status == 1
    assert re.search(r"[\r\n](No answer|Nothing is taken) yet, it is tried again: ", plain(shown))


def test_colours_are_for_terminals_that_want_them(tmp_path: Path) -> None:
    arguments = "query", "--type", "ERROR", "--type", "AGENT_END", "--limit", "2", str(RECORDING)
    assert "\x1b[" in on_terminal(tmp_path, 80, *arguments)[1]
    assert "\x1b[3" not in on_terminal(tmp_path, 80, *arguments, NO_COLOR="1")[1]
    assert "\x1b" not in here(tmp_path, *arguments, FORCE_COLOR="1", CLICOLOR_FORCE="1").stdout


@pytest.mark.parametrize("name", [*OF_FILES, "export"])
def test_output_goes_to_a_file(tmp_path: Path, name: str) -> None:
    arguments = OF_FILES.get(name, [name])
    printed = here(tmp_path, *arguments, RECORDING)
    done = here(tmp_path, *arguments, "--output", "out", RECORDING)
    assert (done.returncode, done.stdout) == (0, "")
    assert (tmp_path / "out").read_text(encoding="utf-8") == printed.stdout
    assert printed.stdout
    # Compressed if its name says so, whatever the command writes.
    assert here(tmp_path, *arguments, "--output", "out.gz", RECORDING).returncode == 0
    assert gzip.decompress((tmp_path / "out.gz").read_bytes()).decode() == printed.stdout
    unwritable = here(tmp_path, *arguments, "--output", "no/out", RECORDING)
    assert (unwritable.returncode, unwritable.stdout) == (1, "")
    assert unwritable.stderr == "Error: no/out: No such file or directory\n"


def test_encoded_events_are_kept_off_a_terminal(tmp_path: Path) -> None:
    for name in ("query", "export"):
        status, shown = on_terminal(tmp_path, 80, name, "--format", "delim", str(RECORDING))
        assert status == 2
        assert "delim is no text" in shown
        assert "support-bot" not in shown


def test_errors_are_broken_between_words(tmp_path: Path) -> None:
    status, shown = on_terminal(tmp_path, 40, "query", "--store", "no-such-file-in-this-folder.db")
    assert status == 1
    assert max(map(len, shown.splitlines())) <= 40
    assert "Error: there is no file no-such-file-in-this-folder.db" in " ".join(shown.split())


def test_ctrl_c_ends_a_command_without_a_traceback(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    process = subprocess.Popen(
        [*COMMAND, "query", "pipe"],
        cwd=tmp_path,
        env=environment(tmp_path),
        encoding="utf-8",
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        with (tmp_path / "pipe").open("wb", buffering=0) as file:  # waits until it reads
            # More than a pipe holds: when it is written, the other side reads.
            file.write(written(recorded(), "jsonl") * 10)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=HANG)
    finally:
        process.kill()
    assert (process.returncode, out, without_slowness(err).strip()) == (130, "", "interrupted")


def test_memory_is_bounded_by_the_events_that_are_held(tmp_path: Path) -> None:
    """Two files of events of 100 kB each, of 10 and of 160 MB, take about the same memory."""
    (event,) = recorded()[:1]
    event.metadata = {"text": "x" * 100_000}
    line = written([event], "delim")
    peaks: list[int] = []
    for number in (100, 1600):
        with (tmp_path / "f").open("wb") as file:
            for _ in range(number):
                file.write(line)
        program = (
            "import resource, sys; from chaukas_spec_lite.__main__ import main; status = main(); "
            "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr); sys.exit(status)"
        )
        done = subprocess.run(
            [COMMAND[0], "-c", program, "query", "--format", "delim", "--output", "out", "f"],
            cwd=tmp_path,
            env=environment(tmp_path, TMPDIR=str(tmp_path)),
            capture_output=True,
            encoding="utf-8",
            timeout=HANG,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        peaks.append(int(done.stderr.split()[-1]))
    assert (tmp_path / "out").stat().st_size == 1600 * len(line)
    assert peaks[1] < peaks[0] + 50_000  # kB, a third of the file


@pytest.mark.parametrize(
    ("arguments", "incomplete", "expected"),
    [
        ([], "se", {"send", "serve", "sessions"}),
        (["query"], "--sev", {"--severity"}),
        (["query", "--type"], "tool", {"TOOL_CALL_START", "TOOL_CALL_END"}),
        (["tail", "--status"], "FA", {"FAILED"}),
        (["export", "--format"], "j", {"json", "jsonl"}),
    ],
)
def test_shells_complete(arguments: list[str], incomplete: str, expected: set[str]) -> None:
    completing = ShellComplete(Commands("chaukas-lite"), {}, "chaukas-lite", "_CHAUKAS_LITE_COMPLETE")
    assert {each.value for each in completing.get_completions(arguments, incomplete)} == expected


@pytest.mark.parametrize(
    ("typed", "meant"), [(["sesions"], "sessions"), (["audit", "witnes"], "witness"), (["xyzzy"], None)], ids=str
)
def test_of_a_misspelt_command_the_nearest_is_named(tmp_path: Path, typed: list[str], meant: str | None) -> None:
    done = here(tmp_path, *typed)
    hint = f"; did you mean {meant}?" if meant else "."
    assert (done.returncode, done.stderr.splitlines()[-1]) == (2, f"Error: No such command {typed[-1]!r}{hint}")


@pytest.mark.parametrize(
    ("typed", "hint"),
    [
        (["serve", "--port", "8080"], "did you mean --grpc or --http?"),
        (["query", "-n", "5"], "did you mean --limit?"),
        (["sessions", "--db", "events.db"], "did you mean --store?"),
        (["send", "--url", "http://h", "f"], "did you mean --endpoint?"),
        (["tail", "--api-key", "hush"], "the key comes from CHAUKAS_API_KEY"),
    ],
)
def test_options_of_other_programs_are_told_by_their_names_here(tmp_path: Path, typed: list[str], hint: str) -> None:
    done = here(tmp_path, *typed)
    last = done.stderr.splitlines()[-1]
    assert (done.returncode, last) == (2, f"Error: No such option {typed[1]!r}; {hint}")


def test_an_option_that_no_command_has_is_told_without_a_guess(tmp_path: Path) -> None:
    # demo listens on a free port, and nothing says on which.
    done = here(tmp_path, "demo", "--port", "1")
    assert (done.returncode, done.stderr.splitlines()[-1]) == (2, "Error: No such option '--port'.")
