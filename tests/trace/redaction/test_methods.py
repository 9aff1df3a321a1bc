"""Mask, hash, remove; what an event says of it; the salt, which is shown nowhere."""

from __future__ import annotations

import copy
import hashlib
import hmac
import pickle
import traceback
from typing import Any

import pytest

from chaukas_spec_lite import Event, MessageContent, RedactionInfo, Redactor, SettingError, SettingTypeError

SALT = "a salt that nobody knows"
SECRET = '{"a":2,"b":[1.0]}'
HASHING = Redactor(method="hash", salt=SALT, salt_id="2026-11")


def hashed(text: str) -> str:
    return hmac.new(SALT.encode(), text.encode(), hashlib.sha256).hexdigest()[:32]


def test_mask() -> None:
    event = Redactor()(Event(message=MessageContent(text="to bob@example.com"), metadata={"password": "x"}))
    assert event.message == MessageContent(text="to [redacted EMAIL]")
    assert event.metadata == {"password": "[redacted]"}
    assert event.redaction == RedactionInfo(fields=["message.text", "metadata.password"], method="mask")
    assert event.pii_categories == ["EMAIL", "CREDENTIAL"]


def test_hash() -> None:
    event = HASHING(
        Event(
            message=MessageContent(text="Bob@Example.com, 4111-1111 11111111"),
            metadata={"password": "x", "secret": {"b": [1.0], "a": 2}, "credit_card": 4111111111111111.0, "otp": "4 5"},
        )
    )
    # Whatever the way it is written, one number or address has one hash.
    email, card = hashed("bob@example.com"), hashed("4111111111111111")
    assert event.message == MessageContent(text=f"[redacted EMAIL {email}], [redacted CARD {card}]")
    assert event.metadata == {
        "password": f"[redacted {hashed('x')}]",
        "secret": f"[redacted {hashed(SECRET)}]",
        "credit_card": f"[redacted {card}]",
        "otp": f"[redacted {hashed('4 5')}]",
    }
    assert event.redaction is not None
    assert (event.redaction.method, event.redaction.salt_id) == ("hash", "2026-11")
    assert HASHING(event) is event
    other = Redactor(method="hash", salt=b"another salt, as long", salt_id="2026-12")
    assert other(Event(metadata={"password": "x"})).metadata != {"password": f"[redacted {hashed('x')}]"}


def test_remove() -> None:
    remover = Redactor(method="remove")
    event = remover(
        Event(
            message=MessageContent(text="to bob@example.com, password=x or y"),
            tags=["a", "bob@example.com"],
            metadata={
                "password": "x",
                "mail": "bob@example.com",
                "n": 4111111111111111,
                "list": ["bob@example.com", 1],
            },
        )
    )
    assert event.message == MessageContent(text="to ,  or y")
    assert (event.tags, event.metadata) == (["a"], {"list": [1]})
    assert event.redaction is not None
    assert event.redaction.method == "drop"  # as the schema calls it
    assert remover(event) is event


def test_what_was_noted_before_is_kept() -> None:
    before = Event(
        metadata={"password": "x", "card": "4111111111111111"},
        pii_categories=["NAME", "EMAIL"],
        redaction=RedactionInfo(fields=["message.text"], method="drop"),
    )
    first = Redactor(patterns=(), keys=["password"], method="hash", salt=SALT, salt_id="1")(before)
    event = Redactor()(first)
    assert event.redaction == RedactionInfo(
        fields=["message.text", "metadata.password", "metadata.card"], method="drop,hash,mask", salt_id="1"
    )
    assert event.pii_categories == ["NAME", "EMAIL", "CREDENTIAL", "CARD"]
    assert before.redaction == RedactionInfo(fields=["message.text"], method="drop")
    assert before.pii_categories == ["NAME", "EMAIL"]


def test_paths_are_told_within_bounds() -> None:
    event = Redactor()(Event(metadata={"list": ["bob@example.com"] * 1000, "k" * 1000: "bob@example.com"}))
    assert event.redaction is not None
    assert len(event.redaction.fields) == 101
    assert event.redaction.fields[99:] == ["metadata.list[99]", "... and 901 more"]
    long = Redactor()(Event(metadata={"k" * 1000: {"l" * 1000: "bob@example.com"}}))
    assert long.redaction is not None
    assert len(long.redaction.fields[0]) < 250


def test_other_text_in_brackets_is_no_mark() -> None:
    redactor = Redactor()
    assert redactor(Event(metadata={"password": "[redacted hunter2]"})).metadata == {"password": "[redacted]"}
    assert redactor(Event(metadata={"password": "[redacted]"})).redaction is None
    made = redactor(Event(metadata={"a": "[redacted bob@example.com]"})).metadata
    assert made == {"a": "[redacted [redacted EMAIL]]"}


def test_the_salt_is_shown_nowhere() -> None:
    shown = [repr(HASHING), str(HASHING), f"{HASHING}", repr(HASHING._rules), repr(dir(HASHING)), repr(HASHING._given)]
    assert "2026-11" in shown[0]
    assert not any("nobody" in each for each in shown)
    short = "short" + "x" * 5
    for wrong in (short, 12345678901234567890, bytearray(b"z" * 20)):
        salt: Any = wrong
        with pytest.raises(SettingError) as caught:
            Redactor(method="hash", salt=salt, salt_id="1")
        text = "".join(traceback.format_exception(caught.value))
        assert str(wrong) not in text


def test_copies_and_pickles() -> None:
    assert copy.copy(HASHING) is HASHING
    assert copy.deepcopy(HASHING) is HASHING
    event = Event(metadata={"password": "x", "u": {"n": 1}}, message=MessageContent(text="bob@example.com"))
    redactor = Redactor(paths=["metadata.u.n"], method="hash", salt=SALT, salt_id="1", allow=["x"])
    assert pickle.loads(pickle.dumps(redactor))(event) == redactor(event)


def test_it_cannot_be_changed() -> None:
    for change in (lambda: setattr(HASHING, "method", "mask"), lambda: setattr(HASHING, "_rules", 1)):
        with pytest.raises(AttributeError, match="a Redactor cannot be changed; make another one"):
            change()
    with pytest.raises(AttributeError, match="cannot be changed"):
        del HASHING._rules


@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        ({"method": "hide"}, SettingError, "method: has to be one of mask, hash, remove, not 'hide'"),
        ({"method": "drop"}, SettingError, "did you mean 'remove'?"),
        ({"method": None}, SettingTypeError, "method: has to be one of mask, hash, remove, not None"),
        (
            {"method": "hash"},
            SettingError,
            r'salt: has to be given for method="hash": secrets.token_bytes\(32\) makes one',
        ),
        ({"method": "hash", "salt": SALT}, SettingError, "salt_id: has to name the salt, as"),
        ({"method": "hash", "salt": "abc", "salt_id": "1"}, SettingError, "salt: has to have at least 16 bytes, not 3"),
        ({"salt": SALT}, SettingError, "salt: is for method=\"hash\", and method is 'mask'; leave one of the two out"),
        ({"salt_id": "1"}, SettingError, "salt_id: is for method"),
        ({"salt_id": 1}, SettingTypeError, "salt_id: has to be a str, not 1"),
        (
            {"functions": [5]},
            SettingTypeError,
            "functions: have to be called with a path and a text, which 5 cannot be",
        ),
        ({"functions": print}, SettingTypeError, "functions: have to be a list or a tuple"),
        ({"default": 5}, SettingTypeError, "default: has to be a function of a value, not 5"),
        ({"methods": "mask"}, TypeError, "there is no argument 'methods'; did you mean 'method'?"),
    ],
)
def test_mistakes(arguments: dict[str, Any], error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        Redactor(**arguments)
