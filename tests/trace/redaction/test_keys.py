"""Names of secrets: as keys, in text, in JSON within text, in lists of headers."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chaukas_spec_lite import Event, MessageContent, Redactor, SettingError, SettingTypeError
from chaukas_spec_lite.trace.redaction import DEFAULT_KEYS

REDACTOR = Redactor()


def kept(metadata: dict[str, Any], redactor: Redactor = REDACTOR) -> Any:
    return redactor(Event(metadata=metadata)).metadata


SECRET_KEYS = (
    *DEFAULT_KEYS,
    *("Password", "PASSWORD", "user-password", "dbPassword", "dbpassword", "password2", "new_password_confirmation"),
    *("passwordHash", "API-Key", "apikey", "x-api-key", "OPENAI_API_KEY", "openaiApiKey", "myAPIKey", "Set-Cookie"),
    *("Proxy-Authorization", "accessToken", "ACCESS_TOKEN", "bot token", "aws.secret.access.key", "clientSecret"),
    *("mysql_pwd", "http/auth", "X-CSRF-Token", "secret_value"),
)
ORDINARY_KEYS = (
    *("prompt_tokens", "max_tokens", "total_tokens", "token_count", "tokens", "completionTokens", "maxOutputTokens"),
    *(
        "time_to_first_token",
        "cost_per_token",
        "next_page_token",
        "nextPageToken",
        "eos_token",
        "stop_token",
        "tokenizer",
    ),
    *("password_policy", "secretary", "author", "authors", "authority", "key", "keys", "monkey", "session_id", "spin"),
    *(
        "auth_required",
        "cookie_policy",
        "hash",
        "name",
        "id",
        "url",
        "authorization_url",
        "keyboard",
        "card",
        "code",
        "",
    ),
)


@pytest.mark.parametrize("key", SECRET_KEYS)
def test_what_stands_behind_the_name_of_a_secret(key: str) -> None:
    assert kept({"a": [{key: "hunter2", "b": 1}]}) == {"a": [{key: "[redacted]", "b": 1}]}
    assert kept({key: {"a": ["x"]}}) == {key: "[redacted]"}
    assert REDACTOR(Event(metadata={key: "hunter2"})).pii_categories == ["CREDENTIAL"]


@pytest.mark.parametrize("key", ORDINARY_KEYS)
def test_other_names(key: str) -> None:
    event = Event(metadata={key: "some text", "a": {key: 5}})
    assert REDACTOR(event) is event
    text = Event(message=MessageContent(text=f"{key}=5, {key}: 7"))
    assert REDACTOR(text) is text


@pytest.mark.parametrize("value", [None, True, False, "", {}, []])
def test_nothing_is_no_secret(value: Any) -> None:
    event = Event(metadata={"password": value})
    assert REDACTOR(event) is event


def test_a_token_of_a_model_is_none() -> None:
    logprobs = {"content": [{"token": "Hello", "logprob": -0.1, "top_logprobs": []}]}
    assert kept({"logprobs": logprobs, "token": 50256}) == {"logprobs": logprobs, "token": 50256}
    assert kept({"token": "abc"}) == {"token": "[redacted]"}
    assert kept({"password": 1234}) == {"password": "[redacted]"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("password=hunter2", "password=[redacted CREDENTIAL]"),
        ("password = hunter2, user = bob", "password = [redacted CREDENTIAL], user = bob"),
        ("User(name='bob', password='hun\"t er2')", "User(name='bob', password='[redacted CREDENTIAL]')"),
        ('{"api_key": "a\\"b", "n": 1', '{"api_key": "[redacted CREDENTIAL]", "n": 1'),
        (
            'said "{\\"token\\": \\"ab c\\", \\"n\\": 1}"',
            'said "{\\"token\\": \\"[redacted CREDENTIAL]\\", \\"n\\": 1}"',
        ),
        ("https://x.org/?api_key=k1&page=2", "https://x.org/?api_key=[redacted CREDENTIAL]&page=2"),
        ("GET / \nAuthorization: Custom a b c\nHost: x", "GET / \nAuthorization: [redacted CREDENTIAL]\nHost: x"),
        ("Cookie: a=b; c=d\nHost: x", "Cookie: [redacted CREDENTIAL]\nHost: x"),
        ("-H 'X-Api-Key: k1' x", "-H 'X-Api-Key: [redacted CREDENTIAL]' x"),
        ("export OPENAI_API_KEY=k1\nx", "export OPENAI_API_KEY=[redacted CREDENTIAL]\nx"),
        ("your API key: k1.", "your API key: [redacted CREDENTIAL]."),
        ("d['password'] = 'k1'", "d['password'] = '[redacted CREDENTIAL]'"),
        ("password => k1; x", "password => [redacted CREDENTIAL]; x"),
        ('{"cvv":123}', '{"cvv": "[redacted]"}'),
        ("f(token=k1)", "f(token=[redacted CREDENTIAL])"),
        ("password='never closed", "password='[redacted CREDENTIAL]"),
        ("run --password hunter2 --user bob", "run --password [redacted CREDENTIAL] --user bob"),
        ("<password>hunter2</password>", "<password>[redacted CREDENTIAL]</password>"),
        ("session_cookie=k1", "session_cookie=[redacted CREDENTIAL]"),
        ("auth: Basic a b", "auth: [redacted CREDENTIAL] b"),
    ],
)
def test_names_in_text(text: str, expected: str) -> None:
    made = REDACTOR(Event(message=MessageContent(text=text)))
    assert made.message == MessageContent(text=expected)
    assert REDACTOR(made) is made


def test_json_in_text() -> None:
    inner = json.dumps({"password": {"a": 1}, "ü": 1.5})
    text = json.dumps({"args": inner, "list": [1, {"token": "t"}]})
    made = kept({"arguments": text})["arguments"]
    assert json.loads(made) == {
        "args": '{"password": "[redacted]", "\\u00fc": 1.5}',
        "list": [1, {"token": "[redacted]"}],
    }
    event = REDACTOR(Event(metadata={"arguments": text}))
    assert event.redaction is not None
    assert event.redaction.fields == ["metadata.arguments"]
    # The earlier one of two equal names is in the text as well.
    assert "k1" not in kept({"a": '{"password": "k1", "password": ""}'})["a"]
    deep = "[" * 200_000
    assert kept({"a": deep + '"password"'}) == {"a": deep + '"password"'}
    nested = "[" * 100 + '{"password": {"a": "k1"}}' + "]" * 100
    assert "k1" not in kept({"a": nested})["a"]


def test_lists_of_headers() -> None:
    assert kept({"a": [{"name": "Authorization", "value": "x"}, {"name": "Accept", "value": "y"}]}) == {
        "a": [{"name": "Authorization", "value": "[redacted]"}, {"name": "Accept", "value": "y"}]
    }
    assert kept({"a": [["Cookie", "x"], ["Accept", "y"]]}) == {"a": [["Cookie", "[redacted]"], ["Accept", "y"]]}


def test_keys_are_looked_at_too() -> None:
    assert kept({"bob@example.com": 1, "amy@example.com": 2, "c": {"x@y.zz": 3}}) == {
        "[redacted EMAIL]": 1,
        "[redacted EMAIL] (2)": 2,
        "c": {"[redacted EMAIL]": 3},
    }
    event = REDACTOR(Event(metadata={"bob@example.com": {"password": "x"}}))
    assert event.redaction is not None
    assert event.redaction.fields == ["metadata['[redacted EMAIL]']", "metadata['[redacted EMAIL]'].password"]


def test_other_names_than_the_usual() -> None:
    redactor = Redactor(keys=["customer no", "Kennwörter"], allow=["old_customer_no"])
    assert kept({"Customer-No": "x", "old_customer_no": "y", "password": "z"}, redactor) == {
        "Customer-No": "[redacted]",
        "old_customer_no": "y",
        "password": "z",
    }
    assert kept({"KENNWÖRTER": "x"}, redactor) == {"KENNWÖRTER": "[redacted]"}
    assert kept({"password": "x", "my_token": "y"}, Redactor(allow=["password"])) == {
        "password": "x",
        "my_token": "[redacted]",
    }
    assert kept({"max_token": "x"}, Redactor(keys={*DEFAULT_KEYS, "max_token"})) == {"max_token": "[redacted]"}
    none = Event(metadata={"password": "x"})
    assert Redactor(keys=())(none) is none


def test_allowed_texts() -> None:
    import re

    redactor = Redactor(allow=["support@example.com", re.compile(r".*@internal\.example\.com")])
    assert kept({"a": "Support@example.com x@internal.example.com y@example.com"}, redactor) == {
        "a": "Support@example.com x@internal.example.com [redacted EMAIL]"
    }


@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        ({"keys": "password"}, SettingTypeError, r"keys: have to be a list or a tuple; write keys=\['password'\]"),
        ({"keys": [1]}, SettingTypeError, "keys: have to be texts, not 1"),
        ({"keys": [" - "]}, SettingError, "has no letter in it"),
        ({"keys": ["pass*"]}, SettingError, "a key fits by its last words, without wildcards"),
        ({"allow": [5]}, SettingTypeError, "allow: has to hold texts, or re.compile of some, not 5"),
        ({"allow": "x"}, SettingTypeError, r"write allow=\['x'\]"),
        ({"key": []}, TypeError, "there is no argument 'key'; did you mean 'keys'?"),
    ],
)
def test_mistakes(arguments: dict[str, Any], error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        Redactor(**arguments)
