"""What a kind of channel is: the fields that people fill in, its request for a message, and what an answer means.

A kind sends nothing itself, keeps nothing and knows no clock: so its preview is the very thing that is sent.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from typing import Final

from modelward.alerting.messages import Message
from modelward.errors import FieldError, Invalid
from modelward.kit.outbound_rules import OutboundRules
from modelward.kit.outgoing import Answer, Outgoing
from modelward.rules.delivery import Outcome, Result

Values = Mapping[str, str]
"""The fields of one channel by their names, what is secret among them."""


@dataclass(frozen=True)
class Field:
    """One thing that a kind asks for."""

    name: str
    title: str
    secret: bool = False
    required: bool = True
    example: str = ""
    help: str = ""
    choices: tuple[str, ...] = ()
    default: str = ""


@dataclass(frozen=True)
class Letter:
    """A message on its way: `id` is the same over all tries; `link` is a whole address; `home` that of the service."""

    message: Message
    id: str
    at: datetime
    link: str | None = None
    home: str | None = None


def _nothing(_values: Values, _rules: OutboundRules) -> None:
    """What the fields themselves say is enough."""


GONE: Final = frozenset({401, 403, 404, 410})
LATER: Final = frozenset({408, 409, 425, 429})


def judged(answer: Answer, *, gone: frozenset[int] = GONE, later: frozenset[int] = LATER) -> Outcome:
    """What a status means where a kind knows nothing better."""
    status = answer.status
    if 200 <= status < 300:
        return Outcome(Result.SENT)
    if 300 <= status < 400:
        return Outcome(
            Result.GONE, f"The receiver answered {status}, a redirect, which is not followed: give the final address."
        )
    if status in gone:
        return Outcome(
            Result.GONE, f"The receiver answered {status}: there is no such receiver, or it does not let us in."
        )
    if status in later or status >= 500:
        return Outcome(Result.AGAIN, f"The receiver answered {status}.", answer.retry_after)
    return Outcome(Result.REFUSED, f"The receiver answered {status}: it does not take this message.")


@dataclass(frozen=True)
class Kind:
    """One kind of channel."""

    name: str
    title: str
    help: str
    fields: tuple[Field, ...]
    write: Callable[[Values, Letter], Outgoing | EmailMessage]
    hint: Callable[[Values], str]
    """What tells people which one it is, without what is secret."""
    judge: Callable[[Answer], Outcome] = judged
    check: Callable[[Values, OutboundRules], None] = _nothing
    """Raises Invalid for values that cannot work."""
    shows_pictures: bool = False


SECRET_LENGTH: Final = 4_000


def checked(kind: Kind, values: Mapping[str, str], rules: OutboundRules) -> dict[str, str]:
    """The values as they are kept: trimmed, with the defaults.

    Raises:
        Invalid: a field is missing, unknown or cannot be.
    """
    known = {field.name: field for field in kind.fields}
    problems = [
        FieldError(f"config.{name}", "there is no such field", "leave it out") for name in values if name not in known
    ]
    kept = {}
    for field in kind.fields:
        value = values.get(field.name, "").strip() or field.default
        if problem := _problem(field, value):
            problems.append(problem)
        elif value:
            kept[field.name] = value
    if problems:
        told = "; ".join(f"{problem.field}: {problem.wrong} ({problem.fix})" for problem in problems)
        raise Invalid(f"This is no {kind.title} channel yet. {told}.", fields=tuple(problems))
    kind.check(kept, rules)
    return kept


def _problem(field: Field, value: str) -> FieldError | None:
    name = f"config.{field.name}"
    if not value:
        return FieldError(name, "it is missing", f"such as {field.example}") if field.required else None
    if field.choices and value not in field.choices:
        return FieldError(name, "it is none of the choices", f"one of {', '.join(field.choices)}")
    if len(value) > SECRET_LENGTH or not value.isprintable():
        return FieldError(name, "it is too long or holds what cannot be printed", f"such as {field.example}")
    return None
