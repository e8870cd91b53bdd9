"""Taking secrets out of what is about to be logged, wherever they stand in it. When in doubt it takes too much.

Every pattern runs in time linear in the text: a log line may quote whatever a stranger sent.
"""

import re
from collections.abc import Mapping
from typing import Any

HIDDEN = "[redacted]"
_LONGEST = 16_000  # characters kept at either end of a longer text

_NAMES = (
    r"password|passwd|passphrase|pwd|secret|secret[_-]?key|api[_-]?key|apikey|token|authorization|"
    r"cookie|modelward_session|code_verifier"
)
_SECRET_NAME = re.compile(rf"(?:{_NAMES})\Z", re.IGNORECASE)

# Each leaves its first group, which says what stood there.
_PATTERNS: tuple[re.Pattern[str], ...] = (
    re.compile(r"(-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----)[^-]+"),
    re.compile(r"(\bmw_(?:ingest|read|admin)_)\w{6,}"),
    re.compile(r"(\$argon2\w{0,2}\$)[^\s\"'<>&;]+"),
    # JSON Web Tokens: two or three parts, the first of which begins with `{"` in base64.
    re.compile(r"(?<![\w-])()ey[JA][\w-]{5,}\.[\w-]+(?:\.[\w-]*)*"),
    re.compile(r"\b(bearer\s+)(?:bearer\s+)*[^\s\"'<>,;]+", re.IGNORECASE),
    re.compile(r"\b(basic\s+)[A-Za-z0-9+/_-]{4,}={0,2}", re.IGNORECASE),
    # Headers as lines, and as pairs of a list: (b'cookie', b'…').
    re.compile(r"((?:authorization|cookie|x-api-key|x-form-token)[ \t]*:[ \t]*)[^\r\n\"']+", re.IGNORECASE),
    re.compile(rf"((?:{_NAMES})\\*[\"'][ \t]*,[ \t]*b?\\*\")[^\"\r\n]*", re.IGNORECASE),
    re.compile(rf"((?:{_NAMES})\\*[\"'][ \t]*,[ \t]*b?\\*')[^'\r\n]*", re.IGNORECASE),
    # "password": "…" and password='…', also inside a text that was quoted itself.
    re.compile(
        rf"((?:{_NAMES})\\*[\"']?\s{{0,9}}[=:]\s{{0,9}}b?\\*\")(?:\\(?!\")[^\r\n]|[^\"\\\r\n]|\\\"(?=\w))*",
        re.IGNORECASE,
    ),
    re.compile(rf"((?:{_NAMES})\\*[\"']?\s{{0,9}}[=:]\s{{0,9}}b?\\*')(?:\\.|[^'\\\r\n])*", re.IGNORECASE),
    # password=… of an address, a form or a message; "token": 123.
    re.compile(rf"((?:{_NAMES})=)(?!\s|[\"']|b[\"'])[^\s&\"']+", re.IGNORECASE),
    re.compile(rf"((?:{_NAMES})\\*[\"']\s{{0,9}}:\s{{0,9}})(?![\"'\\\s]|b[\"'])[^\s,}}\]]+", re.IGNORECASE),
    re.compile(r"\b((?:password|passwd|passphrase):[ \t]+)(?![\"'\[])\S+", re.IGNORECASE),
    # user:password@ of an address. One of the web ends before its path; others may hold anything, as SQLAlchemy allows.
    re.compile(r"(\bhttps?://[^\s/@:\"]{0,200}:)[^\s/@\"]{1,500}(?=@)", re.IGNORECASE),
    re.compile(r"(\b(?!https?:)[a-z][a-z0-9+.-]{0,40}://[^\s/@:\"]{0,200}:)[^\s\"]{1,500}(?=@)", re.IGNORECASE),
)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def redacted(text: str) -> str:
    """The text without what looks like a key, a password or a token, and without characters that steer a terminal."""
    for pattern in _PATTERNS:
        text = pattern.sub(rf"\g<1>{HIDDEN}", text)
    if len(text) > 2 * _LONGEST:
        text = f"{text[:_LONGEST]} … {len(text) - 2 * _LONGEST:,} characters left out … {text[-_LONGEST:]}"
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)


def redacted_value(value: Any, *, name: str = "") -> Any:
    """The value of a field of a log line, redacted: by its name, or by what it looks like."""
    if name and _SECRET_NAME.search(name) and value is not None:
        return HIDDEN
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Mapping):
        return {redacted(str(key)): redacted_value(each, name=str(key)) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [redacted_value(each) for each in value]
    return redacted(value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value))
