"""Directives whose content comes from the code, so that the documents cannot say anything else.

* ``settings Settings`` makes the table of a settings class, from ``chaukas_spec_lite.settings.describe``.
* ``collector-settings`` makes that of a collector's, as options.
* ``environment`` makes the table of all environment variables, from the same.
* ``recording-environment`` makes that of the variables that say where a recorder's events go.
* ``event-type TOOL_CALL_START`` quotes the schema's comment on an event type.
* ``message-fields ToolCall`` makes the table of a message's fields, from the schema's comments.
* ``key-names`` lists the names of secrets that a ``Redactor`` knows, and ``patterns`` makes the table of its patterns.
* ``conversions`` makes the table of what lenient encoding makes of values in a Struct, and ``field-conversions`` that
  of what it makes of those for other fields.
"""

from __future__ import annotations

import ast
import dataclasses
import functools
import inspect
from collections.abc import Iterable, Sequence
from typing import Any

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

import chaukas_spec_lite
from chaukas_spec_lite.collector.settings import CollectorSettings
from chaukas_spec_lite.lenient.scalars import MAKERS
from chaukas_spec_lite.lenient.table import TABLE
from chaukas_spec_lite.settings import Setting, describe
from chaukas_spec_lite.sinks.environment import VARIABLES
from chaukas_spec_lite.trace.redaction import DEFAULT_KEYS, DEFAULT_PATTERNS, PATTERNS

SETTINGS = ("Settings", "ExportSettings", "RetryPolicy", "Keepalive", "Framing", "Sampler")


class FromCode(SphinxDirective):
    """Writes Markdown, which is then parsed as if it stood on the page."""

    optional_arguments = 1

    def markdown(self) -> Iterable[str]:
        """The lines that stand for the directive."""
        raise NotImplementedError

    def run(self) -> list[nodes.Node]:
        """Put the lines in the directive's place."""
        container = nodes.Element()
        source, _ = self.get_source_info()
        self.state.nested_parse(StringList(list(self.markdown()), source), self.content_offset, container)
        return container.children


class SettingsTable(FromCode):
    """All fields of one settings class."""

    def markdown(self) -> Iterable[str]:
        """A row for each setting."""
        rows = [
            (f"`{each.name}`", each.effect, _code(each.type), _default(each))
            for each in describe(getattr(chaukas_spec_lite, self.arguments[0]))
        ]
        return _table(("setting", "effect", "type", "default"), rows)


class CollectorSettingsTable(FromCode):
    """All settings of a collector, as options of the command."""

    def markdown(self) -> Iterable[str]:
        """A row for each setting."""
        defaults = {each.name: each.default for each in dataclasses.fields(CollectorSettings)}
        rows = [
            (
                f"`--{each.name.replace('_', '-')}`",
                f"`{each.variable}`",
                each.effect,
                "" if defaults[each.name] in (None, False, ()) else f"`{defaults[each.name]}` {each.unit}".strip(),
            )
            for each in describe(CollectorSettings)
        ]
        return _table(("option", "variable", "effect", "default"), rows)


class EnvironmentTable(FromCode):
    """Every environment variable that there is."""

    def markdown(self) -> Iterable[str]:
        """A row for each variable, with the settings that it is for."""
        found: dict[str, tuple[list[str], str]] = {}
        for name in SETTINGS:
            for each in describe(getattr(chaukas_spec_lite, name)):
                if each.variable:
                    settings, _ = found.setdefault(each.variable, ([], _default(each)))
                    settings.append(f"`{name}.{each.name}`")
        rows = [(f"`{variable}`", ", ".join(settings), default) for variable, (settings, default) in found.items()]
        return _table(("variable", "setting", "default"), rows)


class RecordingEnvironmentTable(FromCode):
    """Every environment variable that says where a recorder's events go."""

    def markdown(self) -> Iterable[str]:
        """A row for each variable."""
        return _table(("variable", "effect"), [(f"`{name}`", effect) for name, effect in VARIABLES.items()])


class EventTypeComment(FromCode):
    """The schema's comment on one event type."""

    def markdown(self) -> Iterable[str]:
        """The comment as a quotation."""
        return ["> " + _documented(chaukas_spec_lite.EventType)[self.arguments[0]]]


class FieldsTable(FromCode):
    """All fields of one message."""

    def markdown(self) -> Iterable[str]:
        """A row for each field."""
        cls = getattr(chaukas_spec_lite, self.arguments[0])
        comments = _documented(cls)
        rows = [
            (f"`{field.name}`", _code(str(field.type).replace("_Any", "Any")), comments[field.name])
            for field in dataclasses.fields(cls)
        ]
        return _table(("field", "type", "meaning"), rows)


class ConversionsTable(FromCode):
    """What lenient encoding makes of each kind of value in a Struct."""

    def markdown(self) -> Iterable[str]:
        """A row for each kind."""
        return _table(("value", "written as"), [(kind.title, kind.becomes) for kind in TABLE])


class KeyNamesList(FromCode):
    """The names of secrets that a ``Redactor`` knows."""

    def markdown(self) -> Iterable[str]:
        """All in one line."""
        return [f"The names: {', '.join(f'`{name}`' for name in sorted(DEFAULT_KEYS))}."]


class PatternsTable(FromCode):
    """The patterns of a ``Redactor``."""

    def markdown(self) -> Iterable[str]:
        """A row for each category, with the names of its patterns."""
        rows = [
            (
                f"`{category}`",
                ", ".join(f"`{each.name}`" for each in PATTERNS.values() if each.category == category),
                used,
            )
            for category, used in {
                each.category: "yes" if each in DEFAULT_PATTERNS else "by name" for each in PATTERNS.values()
            }.items()
        ]
        return _table(("category", "patterns", "looked for"), rows)


class FieldConversionsTable(FromCode):
    """What lenient encoding makes of values for each kind of field."""

    def markdown(self) -> Iterable[str]:
        """A row for each function that makes one, with what its docstring says first."""
        kinds: dict[Any, list[str]] = {}
        for kind, make in MAKERS.items():
            kinds.setdefault(make, []).append(f"`{kind.rpartition('.')[2]}`")
        rows = [(", ".join(names), (inspect.getdoc(make) or "").split("\n\n")[0]) for make, names in kinds.items()]
        return _table(
            ("field", "what becomes of other values"), [(names, " ".join(doc.split())) for names, doc in rows]
        )


@functools.cache
def _documented(cls: type[Any]) -> dict[str, str]:
    """The strings that stand below the names in a class's body: what the generator makes of the schema's comments."""
    (body,) = ast.parse(inspect.getsource(cls)).body
    assert isinstance(body, ast.ClassDef)
    found = {}
    for before, after in zip(body.body, body.body[1:], strict=False):
        if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant) and isinstance(after.value.value, str):
            text = " ".join(after.value.value.split())
            if isinstance(before, ast.AnnAssign) and isinstance(before.target, ast.Name):
                found[before.target.id] = text
            elif isinstance(before, ast.Assign) and isinstance(before.targets[0], ast.Name):
                found[before.targets[0].id] = text
    return found


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    return [_row(header), _row(["---"] * len(header)), *(_row(row) for row in rows), ""]


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _code(text: str) -> str:
    return f"`{text}`" if text else ""


def _default(setting: Setting) -> str:
    return f"{_code(setting.default)} {setting.unit}".strip()


def setup(app: Sphinx) -> dict[str, bool]:
    """Tell Sphinx of the directives."""
    app.add_directive("settings", SettingsTable)
    app.add_directive("collector-settings", CollectorSettingsTable)
    app.add_directive("environment", EnvironmentTable)
    app.add_directive("recording-environment", RecordingEnvironmentTable)
    app.add_directive("event-type", EventTypeComment)
    app.add_directive("message-fields", FieldsTable)
    app.add_directive("key-names", KeyNamesList)
    app.add_directive("patterns", PatternsTable)
    app.add_directive("conversions", ConversionsTable)
    app.add_directive("field-conversions", FieldConversionsTable)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
