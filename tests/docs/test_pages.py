"""The pages in docs/: every snippet runs, every link leads somewhere. No Sphinx is needed for this."""

from __future__ import annotations

import doctest
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests import snippets
from tests.docs.running import HANG, run

OWN_TESTS = {snippets.EVENT_TYPES, snippets.FROM_OFFICIAL}
PROGRAMS = [
    path for path in snippets.pages() if path not in OWN_TESTS and snippets.blocks(path.read_text(encoding="utf-8"))
]
LINKED = [*snippets.pages(), *snippets.ROOT.glob("*.md"), snippets.ROOT / "examples" / "README.md"]

_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_CODE = re.compile(r"^```.*?^```|`[^`\n]+`", re.DOTALL | re.MULTILINE)
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def _name(path: Path) -> str:
    return path.relative_to(snippets.ROOT).as_posix()


@pytest.mark.parametrize("page", PROGRAMS, ids=_name)
def test_the_blocks_of_a_page_run_from_top_to_bottom(page: Path, tmp_path: Path) -> None:
    run(snippets.program(page.read_text(encoding="utf-8")), tmp_path)


IN_A_SHELL = {
    "docs/guides/audit.md": "docs/test_collector_guides.py",
    "docs/guides/command-line.md": "docs/test_collector_guides.py",
    "docs/guides/collector.md": "docs/test_collector_guides.py",
    "docs/guides/page.md": "docs/test_collector_guides.py",
    "docs/guides/collector-server.md": "docs/test_collector_guides.py",
    "docs/guides/collector-database.md": "collector/stores/test_guide.py",
}
"""Pages whose commands follow on one another, with servers in the background, and the tests that run them."""

CONSOLE = [
    pytest.param(code, id=f"{_name(path)}-{number}")
    for path in LINKED
    if _name(path) not in IN_A_SHELL
    for number, code in enumerate(snippets.blocks(path.read_text(encoding="utf-8"), "console"))
]


@pytest.mark.parametrize("code", CONSOLE)
def test_a_console_session_prints_what_it_shows(code: str, tmp_path: Path) -> None:
    """A line that begins with ``$`` is a command; what follows is its output, where ``...`` stands for anything."""
    for part in re.split(r"^\$ ", code, flags=re.MULTILINE)[1:]:
        command, _, expected = part.partition("\n")
        program, *arguments = shlex.split(command)
        call = [sys.executable, *arguments] if program == "python" else [str(Path(sys.executable).with_name(program))]
        done = subprocess.run(
            call if program == "python" else [*call, *arguments],
            cwd=snippets.ROOT,
            env={"PYTHONPATH": str(snippets.ROOT), "TMP_FOLDER": str(tmp_path), "COLUMNS": "100"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=HANG,
            check=False,
        )
        pattern = re.escape(expected).replace(re.escape("..."), ".*")
        assert re.fullmatch(pattern, done.stdout, re.DOTALL), done.stdout


class _Answers(doctest.OutputChecker):
    """Takes the nearest name that Python itself puts behind a message (3.12 and newer) for one of ours."""

    def check_output(self, want: str, got: str, optionflags: int) -> bool:
        got = re.sub(r"\. Did you mean: ('\w+')\?$", r"; did you mean \1?", got, flags=re.MULTILINE)
        return super().check_output(want, got, optionflags)


def _run_session(text: str, name: str) -> str:
    """Run a session at Python's prompt; return what differs from what it shows."""
    differences: list[str] = []
    session = doctest.DocTestParser().get_doctest(text, {"__name__": "__main__"}, name, name, 0)
    doctest.DocTestRunner(_Answers(), optionflags=doctest.ELLIPSIS).run(session, out=differences.append)
    return "".join(differences)


SESSIONS = [
    pytest.param(code, id=_name(path))
    for path in LINKED
    if (code := "\n".join(snippets.blocks(path.read_text(encoding="utf-8"), "pycon")))
]


@pytest.mark.parametrize("code", SESSIONS)
def test_a_session_at_the_prompt_answers_what_it_shows(code: str) -> None:
    """All blocks of a page are one session."""
    assert _run_session(code, "session") == ""


def test_a_session_that_answers_something_else_is_found() -> None:
    assert SESSIONS
    assert _run_session(">>> 1 + 1\n2\n", "right") == ""
    assert "Expected:\n    3\nGot:\n    2" in _run_session(">>> 1 + 1\n3\n", "wrong")
    assert "ValueError: no" in _run_session(
        ">>> int('a')\nTraceback (most recent call last):\nValueError: no\n", "error"
    )


def test_shell_blocks_install_extras_that_there_are() -> None:
    """What needs a network is not executed here: ``.ci/run`` runs the README's two commands."""
    project = (snippets.ROOT / "pyproject.toml").read_text(encoding="utf-8")
    optional = project.partition("[project.optional-dependencies]")[2].partition("\n[")[0]
    extras = set(re.findall(r"^([\w-]+) = ", optional, re.MULTILINE))
    for path in LINKED:
        for code in snippets.blocks(path.read_text(encoding="utf-8"), "sh"):
            for line in code.splitlines():
                assert re.match(r"python -m pip install |bash \.ci/run$", line), f"{_name(path)}: {line}"
                named = re.search(r"'(?:\.|chaukas-spec-lite)\[(.*?)\]'", line)
                assert named is None or set(named[1].split(",")) <= extras, f"{_name(path)}: {line}"


WITH_OTHER_PACKAGES = {
    "docs/guides/from-official.md": "docs/test_migration.py",
    "docs/guides/from-sdk.md": "bridges/test_sdk.py",
    "docs/guides/frameworks.md": "bridges/test_guide.py",
}
"""Pages that show, as ``py``, programs which need packages that not every page has, and the tests that run these."""


def test_no_other_language_is_shown_without_a_test() -> None:
    known = {"python", "pycon", "console", "sh", "text", "proto", "toml", "ini", "dockerfile"}
    for path in LINKED:
        found = set(re.findall(r"^```(\w+)$", path.read_text(encoding="utf-8"), re.MULTILINE))
        assert found - known == ({"py"} if _name(path) in WITH_OTHER_PACKAGES else set()), _name(path)
    for test in WITH_OTHER_PACKAGES.values():
        assert '"py")' in (snippets.ROOT / "tests" / test).read_text(encoding="utf-8")


@pytest.mark.parametrize("page", LINKED, ids=_name)
def test_links_lead_somewhere(page: Path) -> None:
    for link in _LINK.findall(_CODE.sub("", page.read_text(encoding="utf-8"))):
        if "://" in link:
            # Only the form: the tests need no network.
            assert re.fullmatch(r"https://[\w.-]+\.[a-z]+(/[\w./%#?=&+-]*)?", link), link
            continue
        target, _, anchor = link.partition("#")
        path = (page.parent / target).resolve() if target else page
        assert path.exists(), link
        if anchor and path.suffix == ".md":
            assert anchor in _anchors(path), link


def _anchors(path: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub and MyST make them."""
    text = re.sub(r"^```.*?^```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in _HEADING.findall(text)}
