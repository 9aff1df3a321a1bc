"""The programs of the guide, as readers run them, with our server in place of OpenAI's; and the trees that it shows."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests import snippets
from tests.bridges.fake_openai import Answer, Call, fake_openai
from tests.patience import HANG

pytestmark = pytest.mark.bridges

GUIDE = (snippets.DOCS / "guides" / "frameworks.md").read_text(encoding="utf-8")
PROGRAMS = dict(zip(["agents", "chain", "agent"], snippets.blocks(GUIDE, "py"), strict=True))
TREES = dict(zip(["agents", "chain", "agent"], snippets.blocks(GUIDE, "text"), strict=True))

SCRIPT = {
    "You help with orders.": [
        Answer(calls=[Call("search_orders", {"order_id": "48213"})]),
        Answer("Order 48213 was shipped."),
    ]
}


def run(program: str, folder: Path, url: str) -> subprocess.CompletedProcess[str]:
    (folder / "program.py").write_text(program, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "program.py"],
        cwd=folder,
        env={
            **{name: value for name, value in os.environ.items() if not name.startswith("CHAUKAS_")},
            "PYTHONPATH": str(snippets.ROOT),
            "OPENAI_API_KEY": "none",
            "OPENAI_BASE_URL": url,
            "OPENAI_AGENTS_DISABLE_TRACING": "",
        },
        capture_output=True,
        text=True,
        timeout=HANG,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done


def to_us_alone(program: str) -> str:
    """Without the framework's own processor, which sends traces to OpenAI."""
    return program.replace("add_trace_processor,", "set_trace_processors,").replace(
        "add_trace_processor(tracing)", "set_trace_processors([tracing])"
    )


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_of_the_guide_records_the_tree_that_it_shows(name: str, tmp_path: Path) -> None:
    code = to_us_alone(PROGRAMS[name]).replace('"console:"', '"memory:"')
    show = "\nfrom chaukas_spec_lite.trace.outline import outline\nprint(outline(recorder.events))\n"
    with fake_openai(SCRIPT) as server:
        assert run(code + show, tmp_path, server.url).stdout == TREES[name]


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_of_the_guide_prints_its_events(name: str, tmp_path: Path) -> None:
    with fake_openai(SCRIPT) as server:
        printed = run(to_us_alone(PROGRAMS[name]), tmp_path, server.url).stderr
    assert "Order 48213 was shipped." in printed
    assert "Traceback" not in printed


def test_the_versions_of_the_guide_are_those_that_are_tested() -> None:
    from importlib.metadata import version

    named = dict(re.findall(r"(openai-agents|langchain-core|langchain|langgraph) (\d+\.\d+)\b", GUIDE))
    assert len(named) == 4
    assert named == {name: ".".join(version(name).split(".")[:2]) for name in named}


@pytest.mark.parametrize(
    ("module", "missing", "extra"),
    [("openai_agents", "agents", "openai-agents"), ("langchain", "langchain_core.callbacks", "langchain")],
)
def test_without_the_framework_it_says_what_to_install(module: str, missing: str, extra: str) -> None:
    code = f"import sys; sys.modules[{missing!r}] = None; import chaukas_spec_lite.bridges.{module}"
    done = subprocess.run([sys.executable, "-c", code], cwd=snippets.ROOT, capture_output=True, text=True, check=False)
    assert f"pip install 'chaukas-spec-lite[{extra}]'" in done.stderr
    assert done.stderr.splitlines()[-1].startswith("ImportError: this bridge needs ")
