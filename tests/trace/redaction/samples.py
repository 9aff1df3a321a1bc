"""Secrets to look for, each put together from parts, so that no scanner of secrets takes this file for a leak."""

from __future__ import annotations

import base64
from collections.abc import Mapping

_ALNUM = "a1B2c3D4e5F6g7H8i9J0kLmNoPqRsTuVwXyZ" * 4
_CAPITALS = "A2B3C4D5E6F7G2H3"
_HEX = "0123456789abcdef" * 4


def _(*parts: str) -> str:
    return "".join(parts)


CREDENTIALS: Mapping[str, str] = {
    "OpenAI": _("sk", "-", _ALNUM[:48]),
    "OpenAI project": _("sk", "-proj-", _ALNUM[:40], "_", _ALNUM[:20], "-", _ALNUM[:20]),
    "OpenAI service account": _("sk", "-svcacct-", _ALNUM[:60]),
    "Anthropic": _("sk", "-ant-", "api03-", _ALNUM[:60], "-", _ALNUM[:20], "AA"),
    "OpenRouter": _("sk", "-or-v1-", _HEX),
    "Langfuse": _("sk", "-lf-", "12345678-1234-4234-8234-123456789012"),
    "Stripe live": _("sk", "_live_", _ALNUM[:24]),
    "Stripe test": _("sk", "_test_", _ALNUM[:99]),
    "Stripe restricted": _("rk", "_live_", _ALNUM[:24]),
    "Stripe webhook": _("whsec", "_", _ALNUM[:32]),
    "AWS": _("AK", "IA", _CAPITALS),
    "AWS temporary": _("AS", "IA", _CAPITALS),
    "GitHub classic": _("gh", "p_", _ALNUM[:36]),
    "GitHub OAuth": _("gh", "o_", _ALNUM[:36]),
    "GitHub app": _("gh", "s_", _ALNUM[:36]),
    "GitHub fine-grained": _("github", "_pat_", _ALNUM[:22], "_", _ALNUM[:59]),
    "GitLab": _("gl", "pat-", _ALNUM[:20]),
    "GitLab runner": _("gl", "rt-", _ALNUM[:20]),
    "Slack bot": _("xox", "b-", "123456789012-1234567890123-", _ALNUM[:24]),
    "Slack app": _("xapp", "-1-A012345678-", "1234567890123-", _HEX),
    "Google API": _("AI", "za", _ALNUM[:35]),
    "Google OAuth": _("ya", "29.", _ALNUM[:60]),
    "Google client": _("GOC", "SPX-", _ALNUM[:28]),
    "Hugging Face": _("h", "f_", _ALNUM[:34]),
    "SendGrid": _("S", "G.", _ALNUM[:22], ".", _ALNUM[:43]),
    "Telegram": _("123456789", ":AA", _ALNUM[:33]),
    "npm": _("np", "m_", _ALNUM[:36]),
    "PyPI": _("pypi", "-AgEI", "cHlwaS5vcmc", _ALNUM[:60]),
    "Groq": _("gs", "k_", _ALNUM[:52]),
    "xAI": _("xa", "i-", _ALNUM[:80]),
    "Replicate": _("r", "8_", _ALNUM[:37]),
    "Databricks": _("da", "pi", _HEX[:32]),
    "LangSmith": _("lsv2", "_pt_", _HEX[:32], "_", _HEX[:10]),
    "DigitalOcean": _("dop", "_v1_", _HEX),
    "Vault": _("hv", "s.", _ALNUM[:24]),
    "JWT": ".".join(
        base64.urlsafe_b64encode(part).decode().rstrip("=")
        for part in (b'{"alg":"HS256","typ":"JWT"}', b'{"sub":"1234567890"}', b"0123456789abcdef0123456789abcdef")
    ),
}
"""What the keys of providers look like."""

PRIVATE_KEY = _("-----BEGIN RSA ", "PRIVATE KEY-----\n", f"{_ALNUM[:64]}\n" * 3, "-----END RSA ", "PRIVATE KEY-----")

CARDS = {
    "Visa": "4111111111111111",
    "Visa of 13 digits": "4222222222222",
    "Mastercard": "5555555555554444",
    "Mastercard 2": "2223003122003222",
    "American Express": "378282246310005",
    "Discover": "6011111111111117",
    "JCB": "3530111333300000",
    "Diners Club": "30569309025904",
    "UnionPay": "6200000000000005",
    "Maestro": "6759649826438453",
}
IBANS = (
    *("DE89370400440532013000", "GB29NWBK60161331926819", "FR1420041010050500013M02606", "NO9386011117947"),
    *("NL91ABNA0417164300", "CH9300762011623852957", "ES9121000418450200051332", "MT84MALT011000012345MTLCAST001S"),
)
EMAILS = (
    *("alice@example.com", "a.b+tag@mail.example.co.uk", "jörg@bücher.example", "o_1%x@sub.example.org", "A@B.CO"),
    *("bob%40example.com", '"odd"@example.com', "x@xn--bcher-kva.xn--p1ai"),
)
PHONES = (
    *("+49 30 1234567", "+1 (212) 555-0123", "+44 20 7946 0958", "+33 6 12 34 56 78", "+8613812345678"),
    *(
        "212-555-0123",
        "(212) 555-0123",
        "1-800-555-0199",
        "212.555.0123",
        "06 12 34 56 78",
        "0171 1234567",
        "030/1234567",
    ),
)
NO_SECRETS = (
    # ids and hashes
    *(
        "550e8400-e29b-41d4-a716-446655440000",
        "018f3c2e-4111-7111-8111-411111111111",
        "d41d8cd98f00b204e9800998ecf8427e",
    ),
    *("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b"),
    *(
        "call_a1b2c3D4e5F6g7H8i9J0kLmN",
        "chatcmpl-9x8y7z6w5v4u3t2s1r0qponm",
        "toolu_01A09q90qw90lq917835lq9",
        "00f067aa0ba902b7",
    ),
    # numbers
    *(
        "1764414128123",
        "1764414128123456",
        "1764414128123456789",
        "order 48213",
        "PO-2026-000123",
        "4111 1111 1111 1112",
    ),
    *("0.4111111111111111", "4.111111111111111", "3.141592653589793", "1234567890123456", "123-456", "12,345,678.90"),
    # times, versions, addresses
    *(
        "2026-11-29T11:02:08.123456+01:00",
        "2026-11-29 11:02:08",
        "11/29/2026",
        "v1.2.3-rc.4",
        "10.0.0.1:8080",
        "1.2.3.4",
    ),
    *("https://example.com/a?page=2#top", "http://localhost:8080/path@2", "git@github.com:org/repo.git", "logo@2x.png"),
    # words
    *(
        "react@18.2.0",
        "@decorator",
        "a @ b",
        "Basic understanding of things",
        "bearer responsibilities",
        "task-force-of-the-year",
    ),
    *(
        "max_tokens: 500",
        "prompt_tokens=412, completion_tokens=38",
        "the token count is 5",
        "tokens: 12",
        "risk-assessment-framework",
    ),
    *(
        "password",
        "password:",
        "token = None",
        '"password": ""',
        "api_key=null",
        "a cookie: yes",
        "credentials: include",
        "--token",
        "-- token x",
        "next_page_token: abc",
        "100 200 300 400",
    ),
    *("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----", "sk-learn-pipelines-for-text", "x = y[1:2]"),
)
"""What looks a little like a secret and is none."""
