"""PagerDuty, through its Events API v2: developer.pagerduty.com/docs/events-api-v2."""

import json
from typing import Any

from modelward.alerting.channels.contract import Field, Kind, Letter, Values, judged
from modelward.alerting.channels.wording import cut, ending, heading, plain
from modelward.errors import Invalid
from modelward.kit.outbound_rules import OutboundRules
from modelward.kit.outgoing import Answer, Outgoing
from modelward.rules.delivery import Outcome, Result

ADDRESSES = {
    "us": "https://events.pagerduty.com/v2/enqueue",
    "eu": "https://events.eu.pagerduty.com/v2/enqueue",
}
LONGEST_SUMMARY = 1_024
KEY_LENGTH = 32


def write(values: Values, letter: Letter) -> Outgoing:
    """A trigger, or the resolution of the one before: both have the key of the incident, which PagerDuty opens once."""
    message = letter.message
    about = f"incident-{message.incident_id}" if message.incident_id is not None else letter.id
    event: dict[str, Any] = {
        "routing_key": values["routing_key"],
        "event_action": "resolve" if message.kind == "resolved" else "trigger",
        "dedup_key": f"modelward-{message.organisation_id}-{about}",
        "client": "Modelward",
        "payload": {
            "summary": cut(f"{heading(message)}. {message.sentence}", LONGEST_SUMMARY),
            "source": message.model_key or "modelward",
            "severity": message.severity,
            "timestamp": message.at.isoformat(),
            "class": message.kind,
            "custom_details": {"text": cut(plain(letter), 20_000)},
        },
    }
    if letter.link:
        event["client_url"] = letter.link
        event["links"] = [{"href": letter.link, "text": "Open in Modelward"}]
    address = ADDRESSES[values["region"]]
    return Outgoing(address, json.dumps(event).encode(), {"Content-Type": "application/json"})


def judge(answer: Answer) -> Outcome:
    """202: taken. 400 speaks of the event, or says that the key is none. 429: too many at once."""
    if answer.status == 400 and b"routing" in answer.body.lower():
        return Outcome(Result.GONE, "PagerDuty does not know this integration key.")
    return judged(answer)


def check(values: Values, _rules: OutboundRules) -> None:
    """Raises Invalid for what is no key."""
    if len(values["routing_key"]) != KEY_LENGTH or not values["routing_key"].isalnum():
        raise Invalid(f"This is no PagerDuty channel yet: an integration key has {KEY_LENGTH} letters and digits.")


KIND = Kind(
    name="pagerduty",
    title="PagerDuty",
    help="In PagerDuty: the service → Integrations → Add an integration → Events API V2, and paste its key.",
    fields=(
        Field("routing_key", "Integration key", secret=True, example="0123456789abcdef0123456789abcdef"),
        Field("region", "Region", choices=("us", "eu"), default="us", required=False),
    ),
    write=write,
    judge=judge,
    check=check,
    hint=lambda values: ending(values["routing_key"]),
)
