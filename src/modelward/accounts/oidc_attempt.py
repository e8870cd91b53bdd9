"""A sign-in that went to the identity provider and is expected back: what is remembered of it, and where.

It is kept in a signed cookie of the browser that began it, so that only this browser can finish it (RFC 9700, 4.7), and
so that strangers who begin a thousand fill no memory of ours.
"""

import json
import threading
from collections import OrderedDict
from datetime import datetime, timedelta
from typing import NamedTuple

from modelward.kit.secrets import random_token, sign, verify

LASTS = timedelta(minutes=10)

_PURPOSE = "sign-in through OpenID Connect"
_REMEMBERED = 10_000


class Attempt(NamedTuple):
    """What ties the answer of the provider to this attempt and this browser."""

    state: str
    nonce: str
    verifier: str
    """of PKCE (RFC 7636): whoever catches the code on its way cannot use it"""
    back: str
    """where the person wanted to go"""
    begun: float


def new_attempt(back: str, *, now: datetime) -> Attempt:
    """A sign-in that begins."""
    return Attempt(random_token(), random_token(), random_token(), back, now.timestamp())


def sealed(attempt: Attempt, *, secret: str) -> str:
    """The attempt for its browser to keep: it can be read there, and not be changed."""
    return sign(json.dumps(attempt).encode(), secret=secret, purpose=_PURPOSE)


def opened(kept: str, *, secret: str, now: datetime) -> Attempt | None:
    """The attempt that a browser kept; None when it is not ours or older than 10 minutes."""
    value = verify(kept, secret=secret, purpose=_PURPOSE)
    attempt = Attempt(*json.loads(value)) if value is not None else None
    too_old = attempt is None or attempt.begun <= (now - LASTS).timestamp()
    return None if too_old else attempt


class Finished:
    """The attempts that came back to this process: each may do so once, even where a copy of its cookie was kept.

    Other processes do not know of it; there it ends at the provider, whose code works once.
    """

    def __init__(self) -> None:
        self._states: OrderedDict[str, None] = OrderedDict()
        self._lock = threading.Lock()

    def first(self, attempt: Attempt) -> bool:
        """Whether it comes back for the first time."""
        with self._lock:
            if attempt.state in self._states:
                return False
            self._states[attempt.state] = None
            if len(self._states) > _REMEMBERED:
                self._states.popitem(last=False)
            return True
