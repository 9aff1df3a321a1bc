"""What the patterns find, and what they leave."""

from __future__ import annotations

import pickle
import re
import uuid

import pytest

from chaukas_spec_lite import Event, MessageContent, Redactor, SettingError, SettingTypeError
from chaukas_spec_lite.trace.redaction import DEFAULT_PATTERNS, PATTERNS, Pattern
from tests.trace.redaction.samples import CARDS, CREDENTIALS, EMAILS, IBANS, NO_SECRETS, PHONES, PRIVATE_KEY

REDACTOR = Redactor()


def redacted(text: str, redactor: Redactor = REDACTOR) -> str:
    event = redactor(Event(message=MessageContent(text=text)))
    assert event.message is not None
    return event.message.text


AROUND = (
    "{}",
    "{} ",
    " {}",
    '"{}"',
    "({})",
    "see {}, please",
    "'{}'",
    "<{}>",
    "a\n{}\nb",
    "x={}",
    "{};",
    "[{}]",
    "{}.",
)


@pytest.mark.parametrize("kind", CREDENTIALS)
@pytest.mark.parametrize("around", AROUND)
def test_keys_of_providers(kind: str, around: str) -> None:
    secret = CREDENTIALS[kind]
    assert redacted(around.format(secret)).rstrip(".") == around.format("[redacted CREDENTIAL]").rstrip(".")


@pytest.mark.parametrize(
    ("category", "secret"),
    [
        *(("EMAIL", each) for each in EMAILS),
        *(("CARD", each) for each in CARDS.values()),
        *(("CARD", f"{each[:4]} {each[4:8]} {each[8:12]} {each[12:]}") for each in CARDS.values() if len(each) == 16),
        *(("CARD", f"{each[:4]}-{each[4:8]}-{each[8:12]}-{each[12:]}") for each in CARDS.values() if len(each) == 16),
        *(
            ("CARD", each)
            for each in ("3782 822463 10005", "4111.1111.1111.1111", "4111\u00a01111\u00a01111\u00a01111")
        ),
        *(("IBAN", each) for each in IBANS),
        *(("IBAN", " ".join(each[i : i + 4] for i in range(0, len(each), 4))) for each in IBANS),
        ("IBAN", "de89370400440532013000"),
        *(("PHONE", each) for each in PHONES),
    ],
)
@pytest.mark.parametrize("around", [each for each in AROUND if each != "x={}"])
def test_personal_data(category: str, secret: str, around: str) -> None:
    assert redacted(around.format(secret)) == around.format(f"[redacted {category}]")


@pytest.mark.parametrize("text", NO_SECRETS)
def test_what_is_no_secret_stays(text: str) -> None:
    event = Event(message=MessageContent(text=text), metadata={"id": text, text: ""})
    assert REDACTOR(event) is event


def test_ids_are_left_whatever_their_digits() -> None:
    """Of 20,000 UUIDs and hashes none may be taken for a card or a telephone number."""
    for number in range(20_000):
        text = f"{uuid.uuid5(uuid.NAMESPACE_URL, str(number))} {uuid.uuid5(uuid.NAMESPACE_DNS, str(number)).hex}"
        assert redacted(text) == text


@pytest.mark.parametrize("card", CARDS.values(), ids=CARDS)
def test_a_card_with_another_check_digit_is_a_number(card: str) -> None:
    wrong = card[:-1] + str((int(card[-1]) + 1) % 10)
    assert redacted(f"card {wrong}") == f"card {wrong}"
    assert redacted(f"url?card%3D{card}&x") == "url?card%3D[redacted CARD]&x"
    assert redacted(f"VISA{card}") == "VISA[redacted CARD]"
    assert redacted(f"a{card}f") == f"a{card}f"  # in a hash


def test_an_iban_ends_where_its_country_says() -> None:
    assert redacted("IBAN DE89 3704 0044 0532 0130 00 PLEASE PAY") == "IBAN [redacted IBAN] PLEASE PAY"
    assert redacted("XX00 1111 DE89 3704 0044 0532 0130 00") == "XX00 1111 [redacted IBAN]"
    assert redacted("DE88370400440532013000") == "DE88370400440532013000"


def test_private_keys() -> None:
    assert redacted(f"key:\n{PRIVATE_KEY}\nend") == "key:\n[redacted CREDENTIAL]\nend"
    assert redacted(PRIVATE_KEY.replace("\n", "\\n")) == "[redacted CREDENTIAL]"
    cut = PRIVATE_KEY[:100]
    assert redacted(f"cut {cut}") == "cut [redacted CREDENTIAL]"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("postgres://bob:s3cret@db.example.com/x", "postgres://bob:[redacted CREDENTIAL]@db.example.com/x"),
        ("redis://:s3cret@db:6379", "redis://:[redacted CREDENTIAL]@db:6379"),
        ("https://u:p@ss@host/", "https://u:[redacted CREDENTIAL]@host/"),
        (r"https:\/\/u:pw12@host\/", r"https:\/\/u:[redacted CREDENTIAL]@host\/"),
        ("Bearer abc123def456", "Bearer [redacted CREDENTIAL]"),
        ("basic dXNlcjpwYXNzd29yZA==", "basic [redacted CREDENTIAL]"),
        ("https://hooks.slack.com/services/" + "T0/B0/abcdef123", "https://hooks.slack.com/[redacted CREDENTIAL]"),
    ],
)
def test_parts_of_urls_and_headers(text: str, expected: str) -> None:
    assert redacted(text) == expected


def test_several_in_one_text() -> None:
    text = f"{EMAILS[0]} and {EMAILS[0]}, {CARDS['Visa']}, {CREDENTIALS['OpenAI']}"
    assert redacted(text) == "[redacted EMAIL] and [redacted EMAIL], [redacted CARD], [redacted CREDENTIAL]"
    # The second one has no beginning before the first one is gone.
    assert redacted("a@example.com.1@example.com") == "[redacted EMAIL][redacted EMAIL]"


def test_only_the_patterns_that_are_chosen() -> None:
    redactor = Redactor(patterns=["EMAIL"], keys=())
    assert redacted(f"{EMAILS[0]} {PHONES[0]} password=x1", redactor) == f"[redacted EMAIL] {PHONES[0]} password=x1"
    more = Redactor(patterns=(*DEFAULT_PATTERNS, "US_SSN", "IP_ADDRESS"))
    assert redacted("078-05-1120 at 10.1.2.3", more) == "[redacted US_SSN] at [redacted IP_ADDRESS]"
    assert redacted("078-05-1120 at 10.1.2.3") == "078-05-1120 at 10.1.2.3"
    assert set(DEFAULT_PATTERNS) < set(PATTERNS.values())


def test_a_pattern_of_somebody_s_own() -> None:
    number = Pattern(
        "CUSTOMER_NO", r"C-(?P<secret>[0-9]{6})", hints=("c-",), check=lambda found: found[0] != "C-000000"
    )
    redactor = Redactor(patterns=[number], keys=())
    assert redacted("C-123456 C-000000", redactor) == "C-[redacted CUSTOMER_NO] C-000000"
    assert redactor(Event(tags=["C-123456"])).pii_categories == ["CUSTOMER_NO"]
    named = Redactor(patterns=[Pattern("CUSTOMER_NO", re.compile("c-[0-9]+", re.IGNORECASE), category="CUSTOMER")])
    assert redacted("C-1", named) == "[redacted CUSTOMER]"
    letters = Redactor(patterns=[Pattern("WORD", "[A-Z]+")], keys=())
    assert redacted("AB c D", letters) == "[redacted WORD] c [redacted WORD]"  # not the marks in turn
    assert pickle.loads(pickle.dumps(PATTERNS["CARD"])) == PATTERNS["CARD"]
    assert repr(Pattern("A", "b")) == "Pattern('A', 'b')"
    with pytest.raises(AttributeError, match="cannot be changed"):
        number.name = "X"


@pytest.mark.parametrize(
    ("make", "error", "said"),
    [
        (
            lambda: Pattern("lower", "x"),
            SettingError,
            "name: of a Pattern has to be capitals and digits, as CUSTOMER_NO",
        ),
        (lambda: Pattern("A", "("), SettingError, "regex: of the Pattern A cannot be read: missing \\)"),
        (lambda: Pattern("A", "x*"), SettingError, "fits where nothing is; it has to need a character at least"),
        (
            lambda: Pattern("A", b"x"),
            SettingTypeError,
            "regex: of a Pattern has to be text, or re.compile of some, not",
        ),
        (lambda: Pattern("A", "x", category="no"), SettingError, "category: of a Pattern has to be capitals"),
        (lambda: Pattern("A", "x", hints="x"), SettingTypeError, "hints: has to be a tuple of texts"),
        (lambda: Pattern("A", "x", check=1), SettingTypeError, "check: has to be a function of the match, not 1"),
        (lambda: Redactor(patterns=["EMIAL"]), SettingError, "patterns: there is no 'EMIAL'; did you mean 'EMAIL'?"),
        (lambda: Redactor(patterns=["email"]), SettingError, "there is no 'email'; did you mean 'EMAIL'?"),
        (lambda: Redactor(patterns=["ZZZ"]), SettingError, "there is no 'ZZZ'; there are PRIVATE_KEY, JWT"),
        (lambda: Redactor(patterns=[r"\d+"]), SettingError, r"is no name; an expression has one: Pattern\('MY_SECRET'"),
        (lambda: Redactor(patterns=[re.compile("x")]), SettingTypeError, r"write Pattern\('MY_SECRET', 'x'\)"),
        (lambda: Redactor(patterns=[5]), SettingTypeError, "have to be names or of class Pattern, not 5"),
        (lambda: Redactor(patterns="EMAIL"), SettingTypeError, r"write patterns=\['EMAIL'\]"),
    ],
)
def test_mistakes(make: object, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        make()  # type: ignore[operator]
