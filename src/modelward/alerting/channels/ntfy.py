"""ntfy, at ntfy.sh or on a server of one's own: docs.ntfy.sh/publish."""

import json
import re
from typing import Any
from urllib.parse import urlencode, urlsplit

from modelward.alerting.channels.contract import Field, Kind, Letter, Values, judged
from modelward.alerting.channels.wording import cut, heading, plain
from modelward.errors import Invalid
from modelward.kit.outbound_rules import OutboundRules
from modelward.kit.outgoing import Answer, Outgoing
from modelward.rules.delivery import Outcome

PUBLIC = "https://ntfy.sh"
LONGEST_MESSAGE = 3_500  # bytes would be 4,096
LONGEST_BESIDE_A_PICTURE = 1_000  # it stands in the address then
PRIORITIES = {"info": 3, "warning": 4, "critical": 5}
TAGS = {"firing": "rotating_light", "changed": "warning", "reminder": "hourglass", "resolved": "white_check_mark"}
_TOPIC = re.compile(r"[\w-]{1,64}")


def write(values: Values, letter: Letter) -> Outgoing:
    """Published as JSON; with a picture at ntfy.sh, where attachments are allowed, the picture is the body."""
    message = letter.message
    told: dict[str, Any] = {
        "title": cut(heading(message), 250),
        "message": cut(plain(letter, link=False), LONGEST_MESSAGE),
        "priority": 2 if message.kind in ("resolved", "test") else PRIORITIES[message.severity],
    }
    if letter.link:
        told["click"] = letter.link
    tags = [TAGS[message.kind]] if message.kind in TAGS else []
    headers = {"Authorization": f"Bearer {values['token']}"} if "token" in values else {}
    if message.picture and values["server"] == PUBLIC and len(told["message"]) <= LONGEST_BESIDE_A_PICTURE:
        query = urlencode({**told, "filename": "picture.png", "tags": ",".join(tags)})
        return Outgoing(f"{values['server']}/{values['topic']}?{query}", message.picture, headers, "PUT")
    body = json.dumps({"topic": values["topic"], **told, "tags": tags}).encode()
    return Outgoing(f"{values['server']}/", body, {**headers, "Content-Type": "application/json"})


def judge(answer: Answer) -> Outcome:
    """401 and 403: the token, or the topic is somebody's. 404: no ntfy there. 413: this message. 429: too many."""
    return judged(answer)


def check(values: Values, rules: OutboundRules) -> None:
    """Raises Invalid for what is no server or topic."""
    rules.check(values["server"])
    if urlsplit(values["server"]).query or values["server"].endswith("/"):
        raise Invalid(
            "This is no ntfy channel yet: write the server as https://ntfy.example.org, without a / at its end."
        )
    if not _TOPIC.fullmatch(values["topic"]):
        raise Invalid("This is no ntfy channel yet: a topic has up to 64 letters, digits, _ and -.")


KIND = Kind(
    name="ntfy",
    title="ntfy",
    help="Choose a topic that nobody guesses, and subscribe to it in the ntfy app.",
    fields=(
        Field("topic", "Topic", secret=True, example="modelward-7f3k2"),
        Field("server", "Server", required=False, default=PUBLIC, example=PUBLIC),
        Field("token", "Access token", secret=True, required=False, example="tk_XXXX"),
    ),
    write=write,
    judge=judge,
    check=check,
    hint=lambda values: f"{urlsplit(values['server']).hostname}, a topic of {len(values['topic'])} characters",
    shows_pictures=True,
)
