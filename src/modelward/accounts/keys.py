"""The form of an API key: `mw_<kind>_<32 characters of base62><6 characters of base62: CRC32 of all before>`.

The checksum lets a mistyped or invented key be refused without asking the database, and lets scanners for leaked
secrets be sure: give them `KEY_PATTERN`.
"""

import hashlib
import re
import secrets
import string
import zlib

from modelward.accounts.principal import KeyKind

__all__ = ["KEY_PATTERN", "KeyKind", "digest_of", "is_known_form", "is_wellformed", "new_key"]

KEY_PATTERN = r"\bmw_(?:ingest|read|admin)_[0-9A-Za-z]{38}\b"
"""The regular expression for secret scanners."""

_KEY = re.compile(r"mw_(?:ingest|read|admin)_[0-9A-Za-z]{38}")
_KNOWN = re.compile(r"[a-z0-9](?:[a-z0-9-]{2,30})[a-z0-9]")
_BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase


def new_key(kind: KeyKind) -> str:
    """A fresh key with 190 random bits."""
    body = f"mw_{kind}_" + "".join(secrets.choice(_BASE62) for _ in range(32))
    return body + _checksum(body)


def is_wellformed(token: str) -> bool:
    """Can this be a key at all? Answers from its form and checksum alone."""
    return _KEY.fullmatch(token) is not None and secrets.compare_digest(token[-6:], _checksum(token[:-6]))


def is_known_form(token: str) -> bool:
    """May this be a key that everybody knows (`demo-key`)? 4 to 32 lower-case letters, digits and hyphens."""
    return _KNOWN.fullmatch(token) is not None


def digest_of(token: str) -> bytes:
    """What is stored of a key or link. Their randomness makes a slow hash pointless."""
    return hashlib.sha256(token.encode()).digest()


def _checksum(body: str) -> str:
    number, digits = zlib.crc32(body.encode()), ""
    for _ in range(6):
        number, digit = divmod(number, 62)
        digits = _BASE62[digit] + digits
    return digits
