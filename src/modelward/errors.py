"""The five ways in which Modelward says no, each with a sentence that the user can act on.

What each kind means at an edge (HTTP status, exit code, retry) is decided there, in one table, not here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar


@dataclass(frozen=True)
class FieldError:
    """One field of what was sent: where it is (`features.0.name`), what was wrong, and what to do about it."""

    field: str
    wrong: str
    fix: str = ""


class ModelwardError(Exception):
    """Something a person can act on. `sentence` says what was wrong and what to do."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class NotFound(ModelwardError):  # noqa: N818 - the five kinds read as what they say, not as "errors"
    """It is not there, or not for this caller to see."""


class Forbidden(ModelwardError):  # noqa: N818
    """The caller is known, and may not do this."""

    authenticated: ClassVar[bool] = True


class Unauthorized(Forbidden):
    """Nobody knows who is calling: no credential, or one that is not valid."""

    authenticated: ClassVar[bool] = False


class Conflict(ModelwardError):  # noqa: N818
    """It cannot be done in the present state: it exists already, or somebody else was first."""


class NotYet(Conflict):
    """The state that it needs comes by itself, and soon: ask again after `retry_after` seconds."""

    def __init__(self, sentence: str, *, retry_after: int) -> None:
        super().__init__(sentence)
        self.retry_after = retry_after


class Refused(Conflict):
    """A decision was asked for, and it is no. `reasons` are all of them: `code`, `sentence`, `evidence`."""

    def __init__(self, sentence: str, *, reasons: tuple[Mapping[str, Any], ...] = ()) -> None:
        super().__init__(sentence)
        self.reasons = reasons


class Invalid(ModelwardError):  # noqa: N818
    """What was sent is not understood or not allowed. `fields` names the places, where they are known."""

    def __init__(self, sentence: str, *, fields: tuple[FieldError, ...] = ()) -> None:
        super().__init__(sentence)
        self.fields = fields


class Unavailable(ModelwardError):  # noqa: N818
    """Not now. `retry_after` is in seconds."""

    def __init__(self, sentence: str, *, retry_after: int = 1) -> None:
        super().__init__(sentence)
        self.retry_after = retry_after


class TooMany(Unavailable):
    """Not so often: the caller asks for more than their share."""
