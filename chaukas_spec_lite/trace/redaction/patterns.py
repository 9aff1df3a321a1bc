"""What secrets and personal data look like in text. Each pattern takes time in proportion to the text, whatever it is.

Three things keep that true: a repetition without a bound begins where the character before it could not be part of it,
so that it is read from one place only; what is read is passed over; and what a check refuses is bounded, or is passed
over as well.
"""

# _set_up is private to the module:
# pyright: reportPrivateUsage=false

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from chaukas_spec_lite.errors import SettingError, SettingTypeError
from chaukas_spec_lite.settings import shown
from chaukas_spec_lite.trace.redaction import checks

CREDENTIAL = "CREDENTIAL"
"""The category of passwords, keys and tokens."""
_NAME = re.compile(r"[A-Z][A-Z0-9_]{0,39}")
_RUN_LEAST = 15


def runs_of(small: str) -> str:
    """Return the words that are long enough for a key: few are, and a hundred hints need not be looked for in all."""
    return "\n".join([word for word in small.split() if len(word) >= _RUN_LEAST])


class Found(NamedTuple):
    """A secret within a text."""

    start: int
    end: int
    category: str
    normal: Callable[[str], str] | None = None
    """What makes one text of all ways to write the same secret, so that they have one hash."""
    whole: int = -1
    """Where the text begins that goes when the secret is to be removed, if that is before its start."""


class Pattern:
    """What a secret looks like, as a regular expression.

    Args:
        name: Its name in capitals, such as ``CUSTOMER_NO``; it stands in what replaces the secret, as in
            ``[redacted CUSTOMER_NO]``.
        regex: The expression, as text or compiled. If it has a group ``(?P<secret>...)``, only that is replaced. It
            should take time in proportion to the text: without two repetitions that could read the same characters.
        category: What ``pii_categories`` says of it; None for the name.
        hints: Texts in small letters, of which at least one stands, in whatever case, in each text that holds such a
            secret. Texts without any are not searched, which makes the pattern nearly free.
        check: Is given each match and says whether it is such a secret.

    Raises:
        SettingError: The name is none, or the expression cannot be used.
        SettingTypeError: An argument has the wrong type.
    """

    __slots__ = ("_check", "_normal", "_regex", "_runs", "_triggers", "category", "hints", "name")

    name: str
    category: str
    hints: tuple[str, ...]
    _regex: re.Pattern[str]
    _check: Callable[[re.Match[str]], bool | int] | None
    _normal: Callable[[str], str] | None
    _triggers: tuple[re.Pattern[str], ...]
    _runs: bool

    def __init__(
        self,
        name: str,
        regex: str | re.Pattern[str],
        *,
        category: str | None = None,
        hints: tuple[str, ...] = (),
        check: Callable[[re.Match[str]], bool] | None = None,
    ) -> None:
        self._set_up(name, _compiled(regex, name), category, hints, check)

    def _set_up(
        self,
        name: str,
        regex: re.Pattern[str],
        category: str | None,
        hints: tuple[str, ...],
        check: Callable[[re.Match[str]], bool | int] | None,
        normal: Callable[[str], str] | None = None,
        triggers: tuple[re.Pattern[str], ...] = (),
        runs: bool = False,
    ) -> None:
        for label, value in (("name", name), ("category", name if category is None else category)):
            if not isinstance(value, str) or not _NAME.fullmatch(value):
                raise SettingError(
                    label, f"of a Pattern has to be capitals and digits, as CUSTOMER_NO, not {shown(value)}"
                )
        if isinstance(hints, str) or not all(isinstance(each, str) and each for each in hints):
            raise SettingTypeError("hints", "has to be a tuple of texts that are not empty")
        if check is not None and not callable(check):
            raise SettingTypeError("check", f"has to be a function of the match, not {shown(check)}")
        values: dict[str, object] = {
            "name": name,
            "category": name if category is None else category,
            "hints": tuple(each.lower() for each in hints),
            "_regex": regex,
            "_check": check,
            "_normal": normal,
            "_triggers": triggers,
            "_runs": runs,
        }
        for attribute, held in values.items():
            object.__setattr__(self, attribute, held)

    if not TYPE_CHECKING:  # a checker that saw it would take any attribute for one that can be set

        def __setattr__(self, name: str, value: object) -> None:
            raise AttributeError(f"a Pattern cannot be changed; make another one with the {name} that is wanted")

    def __repr__(self) -> str:
        return f"Pattern({self.name!r}, {self._regex.pattern!r})"

    def __reduce__(self) -> tuple[object, ...]:
        values = (
            self.name,
            self._regex,
            self.category,
            self.hints,
            self._check,
            self._normal,
            self._triggers,
            self._runs,
        )
        return _made, values

    def __eq__(self, other: object) -> bool:
        return self.__reduce__() == other.__reduce__() if isinstance(other, Pattern) else NotImplemented

    def __hash__(self) -> int:
        return hash((self.name, self._regex))

    def may_match(self, small: str, runs: str) -> bool:
        """Whether there may be a match in a text.

        Args:
            small: The text, with small letters.
            runs: What ``runs_of`` finds in it.
        """
        if self._triggers:
            return any(each.search(small) for each in self._triggers)
        where = runs if self._runs else small
        return not self.hints or any(each in where for each in self.hints)

    def spans(self, text: str) -> Iterator[Found]:
        """Find all such secrets in a text, from its beginning to its end."""
        position = 0
        group = "secret" if "secret" in self._regex.groupindex else 0
        while found := self._regex.search(text, position):
            start, end = found.span(group)
            position = max(found.end(), found.start() + 1)
            fits = self._check is None or self._check(found)
            if fits and fits is not True and isinstance(fits, int):
                end = position = fits  # the check says where it ends
            if fits and end > start:
                yield Found(start, end, self.category, self._normal)
            elif self._triggers:  # what a check refuses may begin before what it would take
                position = found.start() + 1


def _compiled(regex: str | re.Pattern[str], name: str) -> re.Pattern[str]:
    if not isinstance(regex.pattern if isinstance(regex, re.Pattern) else regex, str):
        raise SettingTypeError("regex", f"of a Pattern has to be text, or re.compile of some, not {shown(regex)}")
    try:
        compiled = re.compile(regex)
    except re.error as error:
        raise SettingError("regex", f"of the Pattern {name} cannot be read: {error}") from None
    if compiled.search(""):
        raise SettingError("regex", f"of the Pattern {name} fits where nothing is; it has to need a character at least")
    return compiled


def _made(
    name: str,
    regex: str | re.Pattern[str],
    category: str,
    hints: tuple[str, ...],
    check: Callable[[re.Match[str]], bool | int] | None,
    normal: Callable[[str], str] | None = None,
    triggers: tuple[str | re.Pattern[str], ...] = (),
    runs: bool = False,
) -> Pattern:
    """Make a pattern with what only those of this package have.

    ``triggers`` are expressions, quicker than the pattern, of which one fits each text that it fits. A pattern with
    some is a bounded one, which may look again into what its check has refused. With ``runs``, the hints stand in what
    ``runs_of`` finds.
    """
    pattern = Pattern.__new__(Pattern)
    quicker = tuple([re.compile(each) for each in triggers])
    pattern._set_up(name, re.compile(regex), category, hints, check, normal, quicker, runs)
    return pattern


_NO_RUNS = frozenset({"PRIVATE_KEY", "URL_PASSWORD", "BEARER", "BASIC_AUTH"})
"""Credentials that have spaces or other signs in them."""


def _secret(name: str, regex: str, hints: tuple[str, ...], check: Callable[[re.Match[str]], bool] | None) -> Pattern:
    return _made(name, regex, CREDENTIAL, hints, check, runs=name not in _NO_RUNS)


def _keys_of(*prefixes: str, then: str = r"[A-Za-z0-9_-]{16,}") -> tuple[str, tuple[str, ...]]:
    """Make the expression for keys that begin with one of these texts, and the hints."""
    return rf"(?<![A-Za-z0-9])(?:{'|'.join(map(re.escape, prefixes))}){then}", tuple(prefixes)


_PROVIDERS = {
    # sk- alone is OpenAI's, Anthropic's (sk-ant-), OpenRouter's, DeepSeek's, LiteLLM's, Langfuse's and others'.
    "OPENAI_KEY": _keys_of("sk-", then=r"[A-Za-z0-9_-]{16,}"),
    "STRIPE_KEY": _keys_of(
        *(f"{kind}_{mode}_" for kind in ("sk", "rk", "pk") for mode in ("live", "test")),
        "whsec_",
        then=r"[A-Za-z0-9+/=]{10,}",
    ),
    "AWS_KEY": (
        r"(?<![A-Z0-9])(?:AKIA|ASIA|ABIA|ACCA|AGPA|AIDA|AIPA|ANPA|ANVA|AROA)[A-Z0-9]{16}(?![A-Z0-9])",
        ("akia", "asia", "abia", "acca", "agpa", "aida", "aipa", "anpa", "anva", "aroa"),
    ),
    "GITHUB_TOKEN": _keys_of("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", then=r"[A-Za-z0-9_]{20,}"),
    "GITLAB_TOKEN": _keys_of(
        *(f"gl{kind}-" for kind in ("pat", "dt", "ptt", "ft", "rt", "soat", "agent", "oas", "cbt", "imt")), "glrt-"
    ),
    "SLACK_TOKEN": _keys_of(*(f"xox{kind}-" for kind in "abeoprs"), "xoxe.", "xapp-", then=r"[A-Za-z0-9.-]{10,}"),
    "SLACK_WEBHOOK": (
        r"hooks\.slack\.com/(?P<secret>(?:services|workflows|triggers)/[A-Za-z0-9/_-]{10,})",
        ("hooks.slack",),
    ),
    "GOOGLE_KEY": (
        r"(?<![A-Za-z0-9])(?:AIza[A-Za-z0-9_-]{30,}|ya29\.[A-Za-z0-9._-]{16,}|GOCSPX-[A-Za-z0-9_-]{16,})",
        ("aiza", "ya29.", "gocspx-"),
    ),
    "HUGGING_FACE_TOKEN": _keys_of("hf_", "api_org_", then=r"[A-Za-z0-9]{20,}"),
    "SENDGRID_KEY": (r"(?<![A-Za-z0-9])SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}", ("sg.",)),
    "TELEGRAM_TOKEN": (r"(?<![A-Za-z0-9])[0-9]{8,10}:AA[A-Za-z0-9_-]{32,}", (":aa",)),
    "PACKAGE_TOKEN": _keys_of("npm_", "pypi-AgEI", "rubygems_", then=r"[A-Za-z0-9_-]{20,}"),
    "MODEL_PROVIDER_KEY": _keys_of(
        *("gsk_", "xai-", "r8_", "pplx-", "csk-", "nvapi-", "pcsk_", "tvly-", "lsv2_pt_", "lsv2_sk_", "fw_", "dapi"),
        then=r"[A-Za-z0-9_-]{20,}",
    ),
    "SERVICE_TOKEN": _keys_of(
        *("dop_v1_", "doo_v1_", "shpat_", "shpss_", "sbp_", "phx_", "lin_api_", "ntn_", "hvs.", "dp.pt.", "ATATT3"),
        *("AGE-SECRET-KEY-", "sntrys_", "PMAK-"),
        then=r"[A-Za-z0-9_=.-]{20,}",
    ),
}
"""Keys of known providers, which are told by how they begin."""

CREDENTIALS = (
    _secret(
        "PRIVATE_KEY",
        r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
        r"(?:[A-Za-z0-9+/=\s\\:,.()-]*?-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|[A-Za-z0-9+/=\s\\:,.()-]*)",
        ("private key",),
        None,
    ),
    _secret("JWT", r"(?<![\w-])eyJ[\w-]{10,}\.[\w-]{4,}(?:\.[\w-]*){0,3}", ("eyj",), None),
    _secret("URL_PASSWORD", r":(?:\\?/){2}[^\s/?#:\"'<>]*:(?P<secret>[^\s/?#\"'<>]+)@", ("//", "/\\/"), None),
    _secret(
        "BEARER", r"(?<![A-Za-z0-9])(?i:bearer)[ \t]{1,4}(?P<secret>[A-Za-z0-9._~+/=-]{8,})", ("bearer",), checks.bearer
    ),
    _secret("BASIC_AUTH", r"(?<![A-Za-z0-9])(?i:basic) (?P<secret>[A-Za-z0-9+/]{8,}={0,2})", ("basic ",), checks.basic),
    *(_secret(name, regex, hints, checks.has_digit) for name, (regex, hints) in _PROVIDERS.items()),
)

EMAIL = _made(
    "EMAIL",
    r"(?:(?<![\w.+%-])[\w.+%-]+|\\{0,8}\"[^\"@\s]{1,64}\")(?:@|%40)"
    r"(?:[^\W_](?:[\w-]{0,62})\.)+(?:xn--[a-z0-9-]{2,59}|[^\W\d_]{2,63})(?![\w-])",
    "EMAIL",
    ("@", "%40"),
    checks.email,
    str.casefold,
)
CARD = _made(
    "CARD",
    r"(?<![0-9])(?<![0-9][.,])(?:[0-9]{4}[ -]?[0-9]{4}[ -]?[0-9]{4}[ -]?[0-9]{1,7}|[0-9]{4}[ -]?[0-9]{6}[ -]?[0-9]{4,5}"
    r"|[0-9]{4}([.\u00a0\u2009\u202f\u2013])[0-9]{4}\1[0-9]{4}\1[0-9]{4})(?![0-9])",
    "CARD",
    (),
    checks.card,
    checks.digits,
    (r"[0-9]{4}[ .\u00a0\u2009\u202f\u2013-]?[0-9]{4}[0-9 .\u00a0\u2009\u202f\u2013-]{4}",),
)
IBAN = _made(
    "IBAN",
    r"(?<![0-9A-Za-z])[A-Za-z]{2}[0-9]{2}(?:[ -]?[0-9A-Za-z]){11,30}",
    "IBAN",
    (),
    checks.iban,
    checks.digits,
    (r"[0-9]{2}(?<=[a-z]{2}[0-9]{2})[ -]?[0-9a-z]{1,4}[ -]?[0-9a-z]{4}[ -]?[0-9a-z]{1,4}",),
)
PHONE = _made(
    "PHONE",
    r"(?<![\w+])\+[1-9](?:[ ()./\u00a0-]{0,2}[0-9]){7,14}(?![0-9])"
    r"|(?<![\w+.-])(?:\+?1[ .-])?(?:\([2-9][0-9]{2}\)[ .-]?[2-9][0-9]{2}[ .-]"
    r"|[2-9][0-9]{2}([.-])[2-9][0-9]{2}\1)[0-9]{4}(?![\w-])"
    r"|(?<![\w+./-])0[1-9](?:[ .-][0-9]{2}){4}(?![\w-])"
    r"|(?<![\w+./-])(?:\(0[1-9][0-9]{1,4}\)|0[1-9][0-9]{1,4})[ /-](?:[0-9]{5,8}|[0-9]{3,4} [0-9]{3,4})(?![\w-])",
    "PHONE",
    (),
    checks.telephone,
    checks.digits,
    (r"\+[1-9]", r"[0-9]{3}\)?[ .-]?[0-9]{3}[ .-][0-9]{4}", r"0[1-9][0-9]{0,4}[) ./-]{1,2}[0-9]{2,}[ .-]?[0-9]{2}"),
)
US_SSN = _made(
    "US_SSN",
    r"(?<![\w-])(?!000|666|9)[0-9]{3}-(?!00)[0-9]{2}-(?!0000)[0-9]{4}(?![\w-])",
    "US_SSN",
    ("-",),
    None,
    checks.digits,
)
IP_ADDRESS = _made(
    "IP_ADDRESS",
    r"(?<![\w.])(?:(?:25[0-5]|2[0-4][0-9]|1?[0-9]{1,2})\.){3}(?:25[0-5]|2[0-4][0-9]|1?[0-9]{1,2})(?![\w.])"
    r"|(?<![\w:])(?:[0-9A-Fa-f]{1,4}:){7}[0-9A-Fa-f]{1,4}(?![\w:])",
    "IP_ADDRESS",
    (".", ":"),
    None,
)

DEFAULT_PATTERNS = (*CREDENTIALS, EMAIL, CARD, IBAN, PHONE)
"""What a ``Redactor`` looks for in text unless it is told otherwise."""

PATTERNS = {pattern.name: pattern for pattern in (*DEFAULT_PATTERNS, US_SSN, IP_ADDRESS)}
"""All patterns of this package by name."""
