"""Discord, through a webhook of a channel: discord.com/developers/docs/resources/webhook#execute-webhook."""

import json
from typing import Any
from urllib.parse import urlsplit

from modelward.alerting.channels.contract import Field, Kind, Letter, Values, judged
from modelward.alerting.channels.multipart import multipart
from modelward.alerting.channels.wording import colour, cut, ending, harmless, heading
from modelward.kit.outbound_rules import OutboundRules
from modelward.kit.outgoing import Answer, Outgoing
from modelward.rules.delivery import Outcome

LONGEST_DESCRIPTION = 4_096
LONGEST_TITLE = 256


def write(values: Values, letter: Letter) -> Outgoing:
    """One embed, with the picture in it. Nobody is mentioned, whatever the text says."""
    message = harmless(letter).message
    text = "\n".join([message.sentence, *(f"- {detail}" for detail in message.details)])
    embed: dict[str, Any] = {
        "title": cut(heading(message), LONGEST_TITLE),
        "description": cut(text, LONGEST_DESCRIPTION),
        "color": int(colour(message)[1:], 16),
        "timestamp": message.at.isoformat(),
    }
    if letter.link:
        embed["url"] = letter.link
    if message.picture:
        embed["image"] = {"url": "attachment://picture.png"}
    told = json.dumps({"embeds": [embed], "allowed_mentions": {"parse": []}})
    if not message.picture:
        return Outgoing(values["url"], told.encode(), {"Content-Type": "application/json"})
    body, kind = multipart({"payload_json": told}, {"files[0]": ("picture.png", "image/png", message.picture)})
    return Outgoing(values["url"], body, {"Content-Type": kind})


def judge(answer: Answer) -> Outcome:
    """401, 403 and 404: the webhook was deleted, or its token is another. 400: this message. 429 says for how long."""
    return judged(answer)


def check(values: Values, rules: OutboundRules) -> None:
    """Raises Invalid for an address that may not be called."""
    rules.check(values["url"])


KIND = Kind(
    name="discord",
    title="Discord",
    help="In Discord: the channel's settings → Integrations → Webhooks → New webhook → Copy the address.",
    fields=(Field("url", "Webhook address", secret=True, example="https://discord.com/api/webhooks/0000/XXXX"),),
    write=write,
    judge=judge,
    check=check,
    hint=lambda values: f"{urlsplit(values['url']).hostname} {ending(values['url'])}",
    shows_pictures=True,
)
