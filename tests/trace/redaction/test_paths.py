"""Places that are always redacted: how a path is read, checked against the schema, and followed."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from chaukas_spec_lite import (
    ErrorInfo,
    Event,
    LLMInvocation,
    MessageContent,
    PolicyDecision,
    Redactor,
    SettingError,
    SettingTypeError,
)
from chaukas_spec_lite.spec.google.protobuf.any import Any as AnyOfProtobuf
from chaukas_spec_lite.trace.redaction.paths import named, read_path

MESSAGES = [{"role": "system", "content": "a"}, {"role": "user", "content": ["b", {"text": "c"}]}]
EVENT = Event(
    event_id="e1",
    session_id="s1",
    tags=["t1", "t2"],
    llm_invocation=LLMInvocation(
        model="m", request={"messages": MESSAGES, "n": 3, "none": None, "dotted.key": {"x y": 1}}
    ),
    metadata={"user": {"name": "Bob", "age": 40, "address": {"street": "S"}}, "list": [[1, 2], [3]], "on": True},
)


def changed(*paths: str, method: str = "mask") -> tuple[Event, list[str]]:
    before = copy.deepcopy(EVENT)
    event = Redactor(paths=paths, keys=(), patterns=(), method=method)(EVENT)  # type: ignore[arg-type]
    assert before == EVENT
    assert event.redaction is not None
    return event, event.redaction.fields


def test_any_place_of_a_list() -> None:
    event, fields = changed("llm_invocation.request.messages[*].content")
    assert event.llm_invocation is not None
    assert event.llm_invocation.request is not None
    assert event.llm_invocation.request["messages"] == [
        {"role": "system", "content": "[redacted]"},
        {"role": "user", "content": "[redacted]"},
    ]
    assert fields == [f"llm_invocation.request.messages[{number}].content" for number in (0, 1)]
    assert event.pii_categories == []
    # What was not changed is shared.
    assert EVENT.llm_invocation is not None
    assert event.metadata is EVENT.metadata
    assert event.tags is EVENT.tags


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("metadata.user.name", ["metadata.user.name"]),
        ("metadata.user.*", ["metadata.user.name", "metadata.user.age", "metadata.user.address"]),
        ("metadata.user", ["metadata.user"]),
        ("metadata", ["metadata.user", "metadata.list", "metadata.on"]),
        ("metadata.**.street", ["metadata.user.address.street"]),
        ("metadata.list.**", ["metadata.list[0]", "metadata.list[1]"]),
        ("metadata.list[*][0]", ["metadata.list[0][0]", "metadata.list[1][0]"]),
        ("metadata.list[1]", ["metadata.list[1]"]),
        ("metadata.on", ["metadata.on"]),
        ("tags", ["tags[0]", "tags[1]"]),
        ("tags[1]", ["tags[1]"]),
        ("tags[*]", ["tags[0]", "tags[1]"]),
        ("session_id", ["session_id"]),
        ("llm_invocation.model", ["llm_invocation.model"]),
        ("llm_invocation.**.text", ["llm_invocation.request.messages[1].content[1].text"]),
        ("llm_invocation.request['dotted.key']", ["llm_invocation.request['dotted.key']"]),
        ('llm_invocation.request["dotted.key"]["x y"]', ["llm_invocation.request['dotted.key']['x y']"]),
        (
            "llm_invocation.*",
            ["llm_invocation.model", *(f"llm_invocation.request{k}" for k in (".messages", ".n", "['dotted.key']"))],
        ),
    ],
)
def test_places(path: str, fields: list[str]) -> None:
    event, noted = changed(path)
    assert noted == fields
    assert all(read_path(field) for field in fields)  # it can be read again
    again = Redactor(paths=[path], keys=(), patterns=())
    assert again(event) is event
    removed, noted = changed(path, method="remove")
    assert noted == fields
    if "[0]" not in path and "[1]" not in path:  # where others have moved up
        assert Redactor(paths=[path], keys=(), patterns=(), method="remove")(removed) is removed


def test_what_is_removed_is_gone() -> None:
    event, _ = changed(
        "metadata.user.name", "metadata.list[0]", "tags[0]", "session_id", "llm_invocation.model", method="remove"
    )
    assert event.metadata == {"user": {"age": 40, "address": {"street": "S"}}, "list": [[3]], "on": True}
    assert (event.tags, event.session_id) == (["t2"], "")
    assert event.llm_invocation is not None
    assert event.llm_invocation.model == ""
    event, _ = changed("metadata", method="remove")
    assert event.metadata == {}


def test_all_texts_of_a_message() -> None:
    event = Event(error=ErrorInfo(error_message="m", stack_trace="s", recoverable=True), message=None)
    made = Redactor(paths=["error.**"], keys=(), patterns=())(event)
    assert made.error == ErrorInfo(error_message="[redacted]", stack_trace="[redacted]", recoverable=True)


def test_nothing_stands_there() -> None:
    redactor = Redactor(
        paths=["metadata.user.phone", "message.text", "metadata.none", "tool_call.arguments"], keys=(), patterns=()
    )
    event = Event(metadata={"user": {"name": "x"}, "none": None, "text": ""}, message=MessageContent(text=""))
    assert redactor(event) is event


def test_ids_and_extensions_only_by_path() -> None:
    mail = "bob@example.com"
    event = Event(
        event_id=mail, tenant_id=mail, session_id=mail, policy=PolicyDecision(policy_id=mail, rule_ids=[mail])
    )
    assert Redactor()(event) is event
    made = Redactor(paths=["session_id", "policy.rule_ids"])(event)
    assert (made.session_id, made.event_id) == ("[redacted]", mail)
    assert made.policy == PolicyDecision(policy_id=mail, rule_ids=["[redacted]"])
    extended = Event(extensions=[AnyOfProtobuf(type_url="x/y", value=b"z"), AnyOfProtobuf(type_url="x/z", value=b"z")])
    assert len(Redactor(paths=["extensions[0]"])(extended).extensions) == 1
    assert Redactor(paths=["extensions"])(extended).extensions == []


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("llm_invocatoin.request", "Event has no field 'llm_invocatoin'; did you mean 'llm_invocation'?"),
        ("llm_invocation.reqest.messages", "LLMInvocation has no field 'reqest'; did you mean 'request'?"),
        ("message.zzz", "MessageContent has no field 'zzz'; it has role, text, metadata"),
        ("message[0]", r"MessageContent has no field \[0\]; it has role"),
        ("message", r"is a message; name one of its fields, as message.text, or message.\*\* for all of them"),
        ("llm_invocation", "is a message; name one of its fields"),
        ("timestamp", "timestamp is of type Timestamp; only texts, and what stands in a Struct, can go"),
        ("llm_invocation.prompt_tokens", "prompt_tokens is of type int32; only texts"),
        ("type", "type is of type enum"),
        ("redaction.fields", "redaction is where the redaction is noted"),
        ("pii_categories", "where the redaction is noted"),
        ("tags.x", r"tags is a list; write tags\[\*\]"),
        ("tags[0].x", r"tags is a list; write tags\[\*\]"),
        ("message.text.x", "text is a text, in which there is nothing further"),
        ("metadata[0]", "metadata is a dict, whose entries have names, as metadata.key"),
        ("metadata[*]", "metadata is a dict"),
        ("", "has 0 steps; it needs one"),
        ("**.password", "has to begin with a field of Event, such as metadata"),
        ("*", "has to begin with a field of Event"),
        ("metadata..x", "cannot be read at index 9; write it as llm_invocation"),
        ("metadata.", "cannot be read at index 9|has 1 step"),
        ("metadata.a b", "cannot be read at index 10"),
        ("metadata.a[b]", "cannot be read at index 10"),
        (".metadata", "cannot be read at index 0"),
        ("metadata" + ".x" * 70, "has 71 steps"),
    ],
)
def test_paths_that_lead_nowhere(path: str, said: str) -> None:
    with pytest.raises(SettingError, match=said):
        Redactor(paths=[path])


def test_paths_are_texts_in_a_list() -> None:
    with pytest.raises(SettingTypeError, match=r"paths: have to be a list or a tuple; write paths=\['metadata.x'\]"):
        Redactor(paths="metadata.x")
    wrong: Any = [5]
    with pytest.raises(SettingTypeError, match="paths: have to be texts, not 5"):
        Redactor(paths=wrong)


def test_many_deep_paths_take_no_time() -> None:
    value: Any = "x"
    for _ in range(28):
        value = {"a": value}
    steps = ".**.a" * 25
    event = Redactor(paths=[f"metadata{steps}"], keys=(), patterns=())(Event(metadata=value))
    assert event.redaction is not None


def test_paths_of_odd_keys_are_short() -> None:
    assert named(["metadata", "it's", 3, "x" * 500]) == "metadata[\"it's\"][3]['" + "x" * 97 + "...']"
    assert named(["metadata", "a'\"b"]) == 'metadata["a\'_b"]'
