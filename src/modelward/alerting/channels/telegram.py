"""Telegram, through a bot: core.telegram.org/bots/api."""

import json
import re
from html import escape
from typing import Any

from modelward.alerting.channels.contract import Field, Kind, Letter, Values, judged
from modelward.alerting.channels.multipart import multipart
from modelward.alerting.channels.wording import cut, heading
from modelward.errors import Invalid
from modelward.kit.outbound_rules import OutboundRules
from modelward.kit.outgoing import Answer, Outgoing
from modelward.rules.delivery import Outcome, Result

ADDRESS = "https://api.telegram.org/bot{token}/{method}"
LONGEST_TEXT = 4_096
LONGEST_CAPTION = 1_024
_TOKEN = re.compile(r"\d{5,20}:[\w-]{20,100}")
_CHAT = re.compile(r"-?\d{1,20}|@\w{4,64}")


def write(values: Values, letter: Letter) -> Outgoing:
    """A photo with its caption where both fit, otherwise a text: always one message."""
    message = letter.message
    told: dict[str, Any] = {"chat_id": values["chat_id"], "parse_mode": "HTML"}
    if "topic" in values:
        told["message_thread_id"] = int(values["topic"])
    caption = _html(letter, LONGEST_TEXT)
    if message.picture and len(caption) <= LONGEST_CAPTION:
        fields = {name: str(value) for name, value in {**told, "caption": caption}.items()}
        body, kind = multipart(fields, {"photo": ("picture.png", "image/png", message.picture)})
        return Outgoing(ADDRESS.format(token=values["token"], method="sendPhoto"), body, {"Content-Type": kind})
    text = {**told, "text": caption, "link_preview_options": {"is_disabled": True}}
    address = ADDRESS.format(token=values["token"], method="sendMessage")
    return Outgoing(address, json.dumps(text).encode(), {"Content-Type": "application/json"})


def _html(letter: Letter, most: int) -> str:
    """Telegram's HTML. Only whole lines are left out, so that none of it is cut in a tag."""
    message = letter.message
    lines = [f"<b>{escape(cut(heading(message), 300))}</b>", escape(cut(message.sentence, 2_000))]
    link = f'<a href="{escape(letter.link)}">Open in Modelward</a>' if letter.link else ""
    for detail in message.details:
        line = f"• {escape(cut(detail, 500))}"
        if sum(map(len, lines)) + len(lines) + len(line) + len(link) + 2 > most:
            break
        lines.append(line)
    return "\n".join([*lines, *([link] if link else [])])


def judge(answer: Answer) -> Outcome:
    """401 and 404: no such bot. 403: it was blocked or thrown out. 400 may say that there is no such chat."""
    said = answer.body.lower()
    if answer.status == 400 and (b"chat not found" in said or b"chat_id is empty" in said or b"upgraded" in said):
        return Outcome(Result.GONE, "Telegram does not know this chat, or the bot is not in it.")
    if answer.status == 429:
        return Outcome(Result.AGAIN, "Telegram asks for fewer messages.", _asked(answer))
    return judged(answer)


def _asked(answer: Answer) -> float | None:
    try:
        return float(json.loads(answer.body)["parameters"]["retry_after"])
    except (ValueError, KeyError, TypeError):
        return answer.retry_after


def check(values: Values, _rules: OutboundRules) -> None:
    """Raises Invalid for what is no token, chat or topic."""
    if not _TOKEN.fullmatch(values["token"]):
        raise Invalid("This is no Telegram channel yet: the token of a bot looks like 123456789:ABC-DEF…")
    if not _CHAT.fullmatch(values["chat_id"]):
        raise Invalid("This is no Telegram channel yet: a chat is a number such as -1001234567890, or @name.")
    if not values.get("topic", "1").isdecimal():
        raise Invalid("This is no Telegram channel yet: a topic is a number.")


KIND = Kind(
    name="telegram",
    title="Telegram",
    help="Write /newbot to @BotFather, paste the token, add the bot to the chat, and give the chat's id.",
    fields=(
        Field("token", "Token of the bot", secret=True, example="123456789:ABC-DEF0123456789abcdefghij"),
        Field("chat_id", "Chat", example="-1001234567890"),
        Field("topic", "Topic in the chat", required=False, example="7"),
    ),
    write=write,
    judge=judge,
    check=check,
    hint=lambda values: f"{values['chat_id']}, bot {values['token'].partition(':')[0]}",
    shows_pictures=True,
)
