"""Which names say that a secret stands behind them, as keys of dicts and within text such as ``password=hunter2``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

DEFAULT_KEYS = frozenset(
    {
        *("password", "passwd", "pwd", "passphrase", "passcode", "otp", "totp"),
        *("secret", "secrets", "credential", "credentials", "token", "jwt", "bearer", "auth", "authorization"),
        *("api_key", "api_token", "access_key", "access_key_id", "secret_key", "private_key", "signing_key"),
        *("encryption_key", "account_key", "master_key", "ssh_key", "service_account_key", "subscription_key"),
        *("access_token", "refresh_token", "id_token", "auth_token", "session_token", "csrf_token", "xsrf_token"),
        *("client_secret", "shared_secret", "webhook_secret", "cookie", "cookies", "session_cookie"),
        *("csrf", "csrfmiddlewaretoken", "xsrf", "jsessionid", "phpsessid", "connection_string"),
        *("sig", "sas_token", "x_amz_signature", "x_amz_security_token"),
        *("credit_card", "credit_card_number", "card_number", "cvv", "cvc", "security_code"),
        *("ssn", "social_security_number"),
    }
)
"""The names that a ``Redactor`` takes for those of secrets unless it is told otherwise."""

NO_SECRETS = frozenset(
    {
        *("per_token", "first_token", "last_token", "next_token", "page_token", "continuation_token", "stop_token"),
        *("eos_token", "bos_token", "pad_token", "unk_token", "sep_token", "cls_token", "mask_token", "end_token"),
        *("begin_token", "start_token", "special_token", "max_token", "min_token", "total_token", "new_token"),
        *("prompt_token", "completion_token", "input_token", "output_token", "cached_token", "reasoning_token"),
    }
)
"""Names of model parameters, counts and pages, which end like names of secrets."""

_DROPPED = frozenset({"value", "hash", "hashed", "confirmation", "confirm", "plain", "plaintext", "raw", "base64"})
"""Words at the end of a name that change nothing: a ``password_confirmation`` is a password."""
_WORDS = re.compile(r"[^\s_.:/-]+")
_HUMPS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_LONG = 6
"""A name of so many letters is found at the end of a word, too: ``dbpassword``."""
_LONGEST_KEY = 200
_KNOWN_MAX = 4096
_SIGNS = "_-. :/"
"""What may stand between the words of a name."""
_OTHERS = re.compile(r"[^\w. -]+")
"""What cannot stand within a name in text."""
_BEFORE_MAX = 3
"""How many words are taken for a name in text."""
_AROUND = 64
"""How many characters before a name in text are looked at for the rest of the name."""

_BEFORE = re.compile(
    r"(?<![\w-])(?:(?P<tag><)|(?P<option>--))?(?P<name>[\w-]+)(?P<end>)"
    r"(?:(?:\\*[\"'\]]){0,2}[ \t]{0,4}(?::=|=>|[:=])[ \t]{0,4}|(?(tag)>|(?(option)[ \t]{1,4}(?!-)|(?!))))"
)
"""The last word of a name, and what is between it and its value, also as a tag or as an option of a command."""
_VALUE = re.compile(
    r"(?P<quote>\\+[\"'])(?P<escaped>(?:(?!(?P=quote)).)*)"
    r'|"(?P<double>(?:[^"\\]|\\.)*)'
    r"|'(?P<single>(?:[^'\\]|\\.)*)"
    r"|(?P<bare>(?:(?:bearer|basic|digest|token|negotiate|apikey)[ \t]{1,4})?[^\s\"'&<>]+)",
    re.IGNORECASE | re.DOTALL,
)
"""A value behind a name. A quotation that nobody closes reaches to the end."""
_LINE = re.compile(r"[^\r\n\"'&<>]+")
_EDGES = ",;.:)]}([{\\"
_NOTHING = frozenset({"none", "null", "nil", "true", "false", "undefined", "include", "omit", ""})


class KeyNames:
    """Names of secrets, compared by words, whatever their case and the signs between the words."""

    def __init__(self, names: Iterable[str], allowed: Iterable[str]) -> None:
        names = sorted(names)
        self._names = frozenset(_joined(name) for name in names)
        usual = frozenset(_joined(name) for name in NO_SECRETS) - self._names
        self._allowed = usual | frozenset(_joined(name) for name in allowed)
        self._most = max((len(_words(name)) for name in (*names, *NO_SECRETS, *allowed)), default=0)
        self._long = tuple(name for name in self._names if len(name) >= _LONG)
        self._known: dict[str, bool] = {}
        self._hints = _shortest(self._names)
        self._last = (*{_words(name)[-1] for name in names}, *_DROPPED)

    def __bool__(self) -> bool:
        return bool(self._names)

    def may_be_in(self, text: str) -> bool:
        """Whether one of the names may stand in a text, of which all letters are given as small ones."""
        if not self._names:
            return False
        for sign in _SIGNS:  # in a fifth of the time that str.translate takes
            text = text.replace(sign, "")
        return any(each in text for each in self._hints)

    def secret(self, key: str) -> bool:
        """Whether a key is that of a secret."""
        known = self._known.get(key)
        if known is None:
            known = self._judge(key)
            if len(key) <= _LONGEST_KEY:
                if len(self._known) >= _KNOWN_MAX:  # keys come from outside, without end
                    self._known.clear()
                self._known[key] = known
        return known

    def _judge(self, key: str) -> bool:
        words = _words(key)
        while len(words) > 1 and (words[-1] in _DROPPED or words[-1].isdigit()):
            words.pop()
        if not words:
            return False
        words[-1] = words[-1].rstrip("0123456789") or words[-1]
        endings = ["".join(words[-count:]) for count in range(1, self._most + 1)]
        if not self._allowed.isdisjoint(endings):
            return False
        return not self._names.isdisjoint(endings) or "".join(words).endswith(self._long)

    def secret_value(self, key: str, value: object, around: object = ()) -> bool:
        """Whether what stands behind a key is a secret.

        Args:
            key: The key.
            value: The value.
            around: The dict that both stand in. Models' answers have a ``token`` beside its ``logprob``.
        """
        if value is None or value is True or value is False or value == "" or not self.secret(key):
            return False
        if _words(key)[-1] == "token":
            # A number is that of a token in a vocabulary, or a count.
            return not isinstance(value, (int, float)) and not (isinstance(around, dict) and "logprob" in around)
        return True

    def assigned(self, text: str) -> Iterator[tuple[int, int, int]]:
        """Find the values behind names within text.

        Returns:
            For each, where its name begins and where the value begins and ends. What is quoted has its name's place
            equal to the value's.
        """
        position = 0
        while found := _BEFORE.search(text, position):
            # Before the value is read: what is read is passed over, so that many names take no quadratic time.
            position = found.end()
            start, last = found.start("name"), found.end("end")
            word = text[max(start, last - _AROUND) : last]
            small = word.casefold().rstrip("0123456789")
            value = _VALUE.match(text, position) if self._names_secret(word, small, text, last) else None
            if value is None:
                continue
            branch = value.lastgroup or "bare"
            begin, end = value.span(branch)
            if branch == "bare":
                end = _end_of_line(small, text, begin, end)
                position = end
                begin, end = _trimmed(text, begin, end)
                if (
                    small.endswith(("cookie", "cookies"))
                    and found[0].rstrip().endswith(":")
                    and "=" not in text[begin:end]
                ):
                    continue  # in words for people: the header has pairs
            else:
                position = end
            if text[begin:end].strip("*").casefold() not in _NOTHING:
                yield (start if branch == "bare" and not found["tag"] else begin), begin, end

    def _names_secret(self, word: str, small: str, text: str, last: int) -> bool:
        """Whether a word in text, which ends at a place, is the last one of the name of a secret."""
        if not small.endswith(self._last):
            return False
        if not small.endswith("token") and self.secret(word):
            return True
        # More words of it may stand before, as in "API key" or "next token".
        return self.secret(" ".join(_OTHERS.split(text[max(0, last - _AROUND) : last])[-1].split()[-_BEFORE_MAX:]))


def _end_of_line(name: str, text: str, begin: int, end: int) -> int:
    """Find the end of a header's value, which has spaces in it."""
    if name.endswith("authorization") or (name.endswith(("cookie", "cookies")) and "=" in text[begin:end]):
        line = _LINE.match(text, begin)
        return line.end() if line else end
    return end


def _trimmed(text: str, begin: int, end: int) -> tuple[int, int]:
    """Leave out the signs around a value without quotes, such as the bracket of a call that it stands in."""
    while begin < end and text[begin] in _EDGES:
        begin += 1
    while begin < end and (text[end - 1] in _EDGES or text[end - 1].isspace()):
        end -= 1
    return begin, end


def _words(name: str) -> list[str]:
    """Split a name at signs and at capitals, in small letters."""
    return _WORDS.findall(_HUMPS.sub(" ", name).casefold())


def _joined(name: str) -> str:
    return "".join(_words(name))


def _shortest(words: Iterable[str]) -> tuple[str, ...]:
    """Leave out words in which another one stands."""
    kept: list[str] = []
    for word in sorted(words, key=len):
        if not any(each in word for each in kept):
            kept.append(word)
    return tuple(kept)
