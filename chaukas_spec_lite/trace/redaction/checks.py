"""What tells a number or a text that looks like personal data from one that is: check digits, lengths, surroundings."""

from __future__ import annotations

import base64
import re
import string

IBAN_LENGTHS = {
    **dict.fromkeys(("NO",), 15),
    **dict.fromkeys(("BE",), 16),
    **dict.fromkeys(("DK", "FK", "FO", "FI", "GL", "NL", "SD"), 18),
    **dict.fromkeys(("MK", "SI"), 19),
    **dict.fromkeys(("AT", "BA", "EE", "KZ", "XK", "LT", "LU", "MN"), 20),
    **dict.fromkeys(("HR", "LV", "LI", "CH"), 21),
    **dict.fromkeys(("BH", "BG", "CR", "GE", "DE", "IE", "ME", "RS", "GB", "VA"), 22),
    **dict.fromkeys(("TL", "GI", "IQ", "IL", "OM", "SO", "AE"), 23),
    **dict.fromkeys(("AD", "CZ", "MD", "PK", "RO", "SA", "SK", "ES", "SE", "TN", "VG"), 24),
    **dict.fromkeys(("PT", "ST"), 25),
    **dict.fromkeys(("IS", "TR"), 26),
    **dict.fromkeys(("BI", "DJ", "FR", "GR", "IT", "MR", "MC", "SM"), 27),
    **dict.fromkeys(("AL", "AZ", "BY", "CY", "DO", "GT", "HN", "HU", "LB", "NI", "PL", "SV"), 28),
    **dict.fromkeys(("BR", "EG", "PS", "QA", "UA"), 29),
    **dict.fromkeys(("JO", "KW", "MU", "YE"), 30),
    **dict.fromkeys(("MT", "SC"), 31),
    **dict.fromkeys(("LC",), 32),
    **dict.fromkeys(("RU",), 33),
}
"""How many characters an IBAN has, by its country."""

_ISSUERS = re.compile(
    r"4(?:[0-9]{12}|[0-9]{15}|[0-9]{18})"  # Visa
    r"|5[1-5][0-9]{14}|2(?:2(?:2[1-9]|[3-9][0-9])|[3-6][0-9]{2}|7(?:[01][0-9]|20))[0-9]{12}"  # Mastercard
    r"|3[47][0-9]{13}"  # American Express
    r"|6(?:011|5[0-9]{2}|4[4-9][0-9])[0-9]{12}(?:[0-9]{3})?"  # Discover
    r"|62[0-9]{14,17}|81[0-9]{14}"  # UnionPay, RuPay
    r"|35(?:2[89]|[3-8][0-9])[0-9]{12}(?:[0-9]{3})?"  # JCB
    r"|3(?:0[0-5]|[689][0-9])[0-9]{11}(?:[0-9]{2})?"  # Diners Club
    r"|(?:50|5[6-9]|6[0-9])[0-9]{11,17}"  # Maestro
)
_SIGNS = re.compile(r"[^0-9A-Za-z]+")
_DOUBLED = str.maketrans("0123456789", "0246813579")
"""The sum of the digits of twice a digit."""
_ALPHANUMERIC = string.ascii_letters + string.digits
_UUID = re.compile(r"[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}")
_UUID_LENGTH = 36
_FILES = frozenset({"png", "jpg", "jpeg", "gif", "webp", "svg", "ico", "css", "js", "ts", "py", "json", "html", "md"})
_AROUND = 40
"""How far around a match is looked; no more, so that time stays in proportion to the text."""


def digits(text: str) -> str:
    """Return letters and digits without the signs between them, in capitals: two ways of writing are one number."""
    if text.isalnum():
        return text.upper()
    return _SIGNS.sub("", text).upper()


def luhn(number: str) -> bool:
    """Whether the last of these digits is the check digit of the others."""
    return (sum(map(int, number[-1::-2])) + sum(map(int, number[-2::-2].translate(_DOUBLED)))) % 10 == 0


def card(found: re.Match[str]) -> bool:
    """Whether digits are the number of a payment card: an issuer's, with its length and check digit."""
    number = digits(found[0])
    return bool(_ISSUERS.fullmatch(number)) and luhn(number) and not _in_hash(found) and not _in_uuid(found)


def _in_hash(found: re.Match[str]) -> bool:
    """Whether digits stand in a longer text of hexadecimal digits."""
    text, (start, end) = found.string, found.span()
    before, after = text[max(0, start - _AROUND) : start], text[end : end + _AROUND]
    rest = before.rstrip(_ALPHANUMERIC)
    # As in %3D4111..., which is = in a URL.
    left = "" if rest.endswith("%") and len(before) == len(rest) + 2 else before[len(rest) :]
    around = left + after[: len(after) - len(after.lstrip(_ALPHANUMERIC))]
    return bool(around) and not around.strip(string.hexdigits)


def _in_uuid(found: re.Match[str]) -> bool:
    """Whether a match begins within a UUID."""
    before = max(0, found.start() - _UUID_LENGTH)
    around = found.string[before : found.start() + _UUID_LENGTH]
    return any(before + each.start() <= found.start() < before + each.end() for each in _UUID.finditer(around))


def iban(found: re.Match[str]) -> bool | int:
    """Where the IBAN ends that begins here; False if none does."""
    text, start = found.string, found.start()
    wanted = IBAN_LENGTHS.get(found[0][:2].upper(), 0)
    number, end = "", start
    while len(number) < wanted and end < found.end():
        if text[end].isalnum():
            number += text[end]
        end += 1
    if len(number) != wanted or not wanted or (end < len(text) and text[end].isalnum()):
        return False
    moved = number[4:] + number[:4]
    return end if not _in_uuid(found) and int("".join(str(int(each, 36)) for each in moved)) % 97 == 1 else False


def email(found: re.Match[str]) -> bool:
    """Whether text with an @ is somebody's address, and not a file, a repository or what is before a URL's host."""
    if found[0].rpartition(".")[2].lower() in _FILES or found[0].startswith("git@"):
        return False
    before = found.string[max(0, found.start() - 300) : found.start()]
    if "://" not in before:
        return True
    _, scheme, user = before.rpartition("://")
    # The URL's own pattern finds that, and leaves the host.
    return not (scheme and ":" in user and not re.search(r"[\s/?#\"']", user))


def has_digit(found: re.Match[str]) -> bool:
    """Whether there is a digit in it, as in any random key of some length, unlike words with hyphens."""
    return any(each.isdigit() for each in found[0])


def telephone(found: re.Match[str]) -> bool:
    """Whether there are enough digits for a telephone number, and not too many."""
    return 8 <= sum(each.isdigit() for each in found[0]) <= 15


def bearer(found: re.Match[str]) -> bool:
    """Whether what follows ``Bearer`` is a token rather than a word."""
    token = found["secret"]
    return any(each.isdigit() for each in token) or (len(token) >= 20 and not token.islower())


def basic(found: re.Match[str]) -> bool:
    """Whether what follows ``Basic`` is a name and a password in base64."""
    token = found["secret"]
    try:
        return b":" in base64.b64decode(token + "=" * (-len(token) % 4), validate=True)
    except ValueError:
        return False
