"""How a message reads, in the parts that every channel puts together in its own way."""

import re
from dataclasses import replace
from typing import Final

from modelward.alerting.channels.contract import Letter
from modelward.alerting.messages import Message

WORDS: Final = {
    "firing": "Alert",
    "changed": "Changed",
    "reminder": "Still so",
    "resolved": "Resolved",
    "test": "Test",
}
COLOURS: Final = {"info": "#2f6f9f", "warning": "#b7791f", "critical": "#b3261e"}
RESOLVED: Final = "#2e7d4f"


def heading(message: Message) -> str:
    """`Alert: churn drifted`."""
    return f"{WORDS[message.kind]}: {' '.join(message.title.split())}"


def colour(message: Message) -> str:
    """The colour of its severity, or of relief, as `#rrggbb`."""
    return RESOLVED if message.kind == "resolved" else COLOURS[message.severity]


_MARKUP: Final = re.compile(r"[@<]|\](?=\()")


def harmless(letter: Letter) -> Letter:
    """For receivers that read text as markup: names of models and columns mention nobody and hide no link.

    Whoever may send events chooses such names. A space of no width comes after what would begin a mention or end the
    text of a link; nothing else changes to the eye.
    """
    message = letter.message
    return replace(
        letter,
        message=replace(
            message,
            title=_tamed(message.title),
            sentence=_tamed(message.sentence),
            details=tuple(map(_tamed, message.details)),
        ),
    )


def _tamed(text: str) -> str:
    return _MARKUP.sub(lambda found: found[0] + "\u200b", text)


def printable(message: Message) -> Message:
    """Each text on one line, without characters that steer a terminal, turn the direction of reading or are none."""
    return replace(
        message,
        title=_on_one_line(message.title),
        sentence=_on_one_line(message.sentence),
        details=tuple(map(_on_one_line, message.details)),
    )


def _on_one_line(text: str) -> str:
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())


def plain(letter: Letter, *, link: bool = True) -> str:
    """The sentence, the details and the link as lines of text."""
    message = letter.message
    lines = [message.sentence, *(f"- {detail}" for detail in message.details)]
    if link and letter.link:
        lines.append(letter.link)
    return "\n".join(lines)


def cut(text: str, most: int) -> str:
    """The text, or the beginning of it with a sign that it goes on."""
    return text if len(text) <= most else text[: most - 1] + "…"


def ending(secret: str) -> str:
    """What may be shown of a secret: its last four characters, where that is little of it."""
    return f"…{secret[-4:]}" if len(secret) >= 12 else "…"
