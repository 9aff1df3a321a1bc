"""Who has shown a key to the page: the browser gets a random token in a cookie, and the key stays in this process."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable

IDLE_SECONDS = 12 * 3600.0
"""After how long a login that nobody uses ends."""
MAX_LOGINS = 1000
"""How many there are at a time; beyond, the one that was not used for the longest time ends."""
MAX_LOGINS_OF_ONE = 100
"""How many with one key, so that whoever has one cannot end those with others."""


class Logins:
    """The logins of a page. They end with the process, and no file knows them.

    A login is no proof of anything: the key behind it is looked at with every call, so that one that is revoked opens
    nothing any more.

    Args:
        now: Tells seconds.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._logins: OrderedDict[bytes, tuple[str, float]] = OrderedDict()
        """By the hash of the token: the authorization, and when it was last used. The one used last stands last."""

    def __len__(self) -> int:
        return len(self._logins)

    def begin(self, authorization: str) -> str:
        """Begin a login, and return its token.

        Args:
            authorization: What calls with the token are to be taken for: ``Bearer`` and a key that is right.
        """
        token = secrets.token_urlsafe(32)
        own = [digest for digest, (given, _) in self._logins.items() if given == authorization]
        if len(own) >= MAX_LOGINS_OF_ONE:
            del self._logins[own[0]]
        self._logins[_digest(token)] = authorization, self._now()
        while len(self._logins) > MAX_LOGINS:
            self._logins.popitem(last=False)
        return token

    def authorization(self, token: str) -> str | None:
        """Return what a call with a token is to be taken for; None if there is no such login, or no longer."""
        digest = _digest(token)
        authorization, used = self._logins.pop(digest, (None, 0.0))
        if authorization is None or self._now() - used >= IDLE_SECONDS:
            return None
        self._logins[digest] = authorization, self._now()
        return authorization

    def end(self, token: str) -> None:
        """End a login, if there is one."""
        self._logins.pop(_digest(token), None)


def _digest(token: str) -> bytes:
    # By its hash, so that how long a look-up takes says nothing of the tokens that there are.
    return hashlib.sha256(token.encode(errors="surrogatepass")).digest()
