"""A message as a channel would send it, for people to look at: what is secret is replaced."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from email.message import EmailMessage
from urllib.parse import quote

from modelward.alerting.channels.contract import Kind, Letter
from modelward.alerting.channels.wording import heading, plain

HIDDEN = "…"
_SHORTEST_SECRET = 4


@dataclass(frozen=True)
class Shown:
    """What it says, and how it is sent."""

    text: str
    content_type: str
    content: str
    picture: bool


def preview(kind: Kind, values: Mapping[str, str], letter: Letter) -> Shown:
    """The message through a channel of this kind. Its picture is left out: it would be long, and is no text."""
    letter = replace(letter, message=replace(letter.message, picture=None))
    written = kind.write(values, letter)
    text = f"{heading(letter.message)}\n{plain(letter)}"
    if isinstance(written, EmailMessage):
        return Shown(text, "message/rfc822", _mail(written), kind.shows_pictures)
    hidden = [values[field.name] for field in kind.fields if field.secret and field.name in values]
    return Shown(
        text, written.headers.get("Content-Type", ""), _without(written.body.decode(), hidden), kind.shows_pictures
    )


def _mail(mail: EmailMessage) -> str:
    head = "\n".join(f"{name}: {value}" for name, value in mail.items() if not name.lower().startswith("content-"))
    body = mail.get_body(("plain",))
    return f"{head}\n\n{body.get_content() if body is not None else ''}"


def _without(text: str, secrets: list[str]) -> str:
    for secret in secrets:
        if len(secret) >= _SHORTEST_SECRET:
            text = text.replace(secret, HIDDEN).replace(quote(secret, safe=""), HIDDEN)
    return text
