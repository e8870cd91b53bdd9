"""Slack, through an incoming webhook: api.slack.com/messaging/webhooks."""

import json
from typing import Any
from urllib.parse import urlsplit

from modelward.alerting.channels.contract import Field, Kind, Letter, Values, judged
from modelward.alerting.channels.wording import colour, cut, ending, heading
from modelward.errors import Invalid
from modelward.kit.outbound_rules import OutboundRules
from modelward.kit.outgoing import Answer, Outgoing
from modelward.rules.delivery import Outcome

LONGEST_TEXT = 3_000  # characters of a section
LONGEST_HEADER = 150


def write(values: Values, letter: Letter) -> Outgoing:
    """Blocks, in an attachment for the colour of its edge, and a text for notifications."""
    message = letter.message
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": {"type": "plain_text", "text": cut(heading(message), LONGEST_HEADER)}},
        {"type": "section", "text": {"type": "mrkdwn", "text": cut(escaped(message.sentence), LONGEST_TEXT)}},
    ]
    if message.details:
        lines = "\n".join(f"• {escaped(detail)}" for detail in message.details)
        blocks.append({"type": "section", "text": {"type": "mrkdwn", "text": cut(lines, LONGEST_TEXT)}})
    if letter.link:
        button = {"type": "button", "text": {"type": "plain_text", "text": "Open"}, "url": letter.link}
        blocks.append({"type": "actions", "elements": [button]})
    body = {
        "text": escaped(f"{heading(message)}. {cut(message.sentence, 500)}"),
        "attachments": [{"color": colour(message), "blocks": blocks}],
    }
    return Outgoing(values["url"], json.dumps(body).encode(), {"Content-Type": "application/json; charset=utf-8"})


def escaped(text: str) -> str:
    """Slack's three control characters: so no text mentions a channel or hides a link."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def judge(answer: Answer) -> Outcome:
    """403, 404 and 410: the webhook, the app or the channel is gone. 400: this message."""
    return judged(answer)


def check(values: Values, rules: OutboundRules) -> None:
    """Raises Invalid for what is no address of a webhook."""
    rules.check(values["url"])
    if not urlsplit(values["url"]).path.strip("/"):
        raise Invalid("This is no Slack channel yet: paste the whole address of the webhook, with its path.")


KIND = Kind(
    name="slack",
    title="Slack",
    help="In Slack: Apps → Incoming Webhooks → Add to Slack, choose a channel, and paste the address of the webhook.",
    fields=(Field("url", "Webhook address", secret=True, example="https://hooks.slack.com/services/T0000/B0000/XXXX"),),
    write=write,
    judge=judge,
    check=check,
    hint=lambda values: f"{urlsplit(values['url']).hostname} {ending(values['url'])}",
)
