"""Microsoft Teams, through a workflow that takes webhook requests (the connectors of Office 365 were retired)."""

import json
from typing import Any
from urllib.parse import urlsplit

from modelward.alerting.channels.contract import Field, Kind, Letter, Values, judged
from modelward.alerting.channels.wording import cut, ending, harmless, heading
from modelward.errors import Invalid
from modelward.kit.outbound_rules import OutboundRules
from modelward.kit.outgoing import Answer, Outgoing
from modelward.rules.delivery import Outcome

LONGEST = 28_000  # bytes of a message
STYLES = {"info": "accent", "warning": "warning", "critical": "attention"}


def write(values: Values, letter: Letter) -> Outgoing:
    """A message with one adaptive card."""
    message = harmless(letter).message
    style = "good" if message.kind == "resolved" else STYLES[message.severity]
    body: list[dict[str, Any]] = [
        {
            "type": "Container",
            "style": style,
            "bleed": True,
            "items": [_text(heading(message), size="Medium", weight="Bolder")],
        },
        _text(cut(message.sentence, 3_000)),
        *(_text(cut(detail, 500), isSubtle=True, spacing="Small") for detail in message.details[:20]),
    ]
    card: dict[str, Any] = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "msteams": {"width": "Full"},
        "body": body,
    }
    if letter.link:
        card["actions"] = [{"type": "Action.OpenUrl", "title": "Open", "url": letter.link}]
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
    told = json.dumps({"type": "message", "attachments": [attachment]})
    return Outgoing(values["url"], told.encode(), {"Content-Type": "application/json"})


def _text(text: str, **more: Any) -> dict[str, Any]:
    return {"type": "TextBlock", "text": text, "wrap": True, **more}


def judge(answer: Answer) -> Outcome:
    """202: taken. 401, 403 and 404: the workflow is gone, switched off, or its signature is another."""
    return judged(answer)


def check(values: Values, rules: OutboundRules) -> None:
    """Raises Invalid for an address that may not be called, or is of a connector that was retired."""
    rules.check(values["url"])
    if (urlsplit(values["url"]).hostname or "").endswith(".webhook.office.com"):
        raise Invalid("Microsoft has retired these connectors: make a workflow in Teams, and paste its address.")


KIND = Kind(
    name="teams",
    title="Microsoft Teams",
    help="In Teams: the channel's menu → Workflows → Send webhook alerts to a channel, and paste its address.",
    fields=(
        Field(
            "url",
            "Workflow address",
            secret=True,
            example="https://prod-00.westeurope.logic.azure.com/workflows/XXXX/triggers/manual/paths/invoke?sig=XXXX",
        ),
    ),
    write=write,
    judge=judge,
    check=check,
    hint=lambda values: f"{urlsplit(values['url']).hostname} {ending(values['url'])}",
)
