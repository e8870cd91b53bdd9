"""What projects, models and features may be called."""

import unicodedata

from modelward.errors import Invalid

CLASS_SCORE = "@score:"
"""What the columns of class probabilities are called, before the name of the class."""
LONGEST = 200
"""Characters of a name."""


def key_of(name: str, *, what: str = "A model", digits: bool = False) -> str:
    """The key that a name gives: the name itself, with what cannot stand in an address replaced by a hyphen.

    Raises:
        Invalid: it is empty, too long, or all digits (those are ids) where `digits` does not allow that.
    """
    composed = unicodedata.normalize("NFC", str(name)).strip()
    key = "".join(
        "-" if char in "/\\" or unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") else char for char in composed
    )
    if not key or key in (".", ".."):
        raise Invalid(f"{what} needs a name: give it 1 to {LONGEST} characters.")
    if len(key) > LONGEST:
        raise Invalid(f"{what} is named with {len(key)} characters: use at most {LONGEST}.")
    if key.isdigit() and not digits:
        raise Invalid(f"{what} cannot be called {key}: a name of digits alone would be taken for an id. Add a letter.")
    return key


def feature_name(name: str) -> str:
    """The name of a feature, if it may be one. Any text may, of 1 to 200 characters that a database can keep.

    Raises:
        Invalid: it is empty, too long, or holds a NUL or half of a surrogate pair.
    """
    if not name or len(name) > LONGEST:
        raise Invalid(f"The feature {name[:40]!r} has a name of {len(name)} characters: use 1 to {LONGEST}.")
    if any(char == "\0" or unicodedata.category(char) == "Cs" for char in name):
        raise Invalid(
            f"The feature {name[:40]!r} holds a character that is no text (NUL or a lone surrogate): rename it."
        )
    return name
