"""Which passwords are taken: at least 12 characters, and not one that is guessed in the first million tries."""

import re
import unicodedata

from modelward.errors import FieldError, Invalid

SHORTEST = 12
LONGEST = 1_000
_LOOKED_AT = 24
"""Characters that are searched for common words: the search takes ever longer with more (one second for 48)."""
_COMMON = 1  # zxcvbn's scores: 0 and 1 fall within 10⁶ guesses (Wheeler 2016, USENIX Security)


def normalised(password: str) -> str:
    """The password in the one form in which it is hashed (NFC): keyboards differ in how they compose `é`."""
    return unicodedata.normalize("NFC", password)


def checked_password(password: str, *, email: str, name: str = "") -> str:
    """The password as it is hashed.

    Raises:
        Invalid: it is too short, too long, no text, or easily guessed.
    """
    password = normalised(password)
    if len(password) < SHORTEST:
        raise _refused(f"it has fewer than {SHORTEST} characters", "choose a longer one: several words are good")
    if len(password) > LONGEST:
        raise _refused(f"it has more than {LONGEST:,} characters", "choose a shorter one")
    if not _is_text(password):
        raise _refused("it holds half a character", "send it as UTF-8")
    if _is_common(password, email, name):
        raise _refused("it is easily guessed", "choose one that is not made of common words, your name or a pattern")
    return password


def _is_text(password: str) -> bool:
    try:
        password.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_common(password: str, email: str, name: str) -> bool:
    from zxcvbn import zxcvbn

    email, name = email[:100], name[:100]
    known = [
        email,
        *email.split("@"),
        *re.split(r"[\W_]+", email),
        name,
        *name.split(),
        "".join(name.split()),
        "modelward",
    ]
    score = zxcvbn(password[:_LOOKED_AT], user_inputs=[word for word in known if word])["score"]
    return int(score) <= _COMMON


def _refused(wrong: str, fix: str) -> Invalid:
    return Invalid(f"This password is not taken: {wrong}; {fix}.", fields=(FieldError("password", wrong, fix),))
