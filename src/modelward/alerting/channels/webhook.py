"""A program of one's own: JSON by POST, signed after Standard Webhooks (standardwebhooks.com)."""

import base64
import binascii
import hashlib
import hmac
import json
import secrets
from urllib.parse import urlsplit

from modelward.alerting.channels.contract import Field, Kind, Letter, Values, judged
from modelward.alerting.channels.wording import ending
from modelward.errors import Invalid
from modelward.kit.outbound_rules import OutboundRules
from modelward.kit.outgoing import Answer, Outgoing
from modelward.rules.delivery import Outcome, Result

PREFIX = "whsec_"
SHORTEST, LONGEST = 24, 64  # bytes of a secret
GONE = frozenset({410})


def write(values: Values, letter: Letter) -> Outgoing:
    """The body is signed with its id, which is the same over all retries, and the time of this one.

    While a secret is exchanged there are two signatures, the newer first.
    """
    message = letter.message
    told = {
        "type": f"incident.{message.kind}",
        "timestamp": message.at.isoformat(),
        "data": {**message.to_dict(), "link": letter.link},
    }
    body = json.dumps(told, separators=(",", ":")).encode()
    stamp = str(int(letter.at.timestamp()))
    live = [values[name] for name in ("secret", "previous_secret") if name in values]
    signatures = " ".join(f"v1,{_signature(secret, f'{letter.id}.{stamp}.'.encode() + body)}" for secret in live)
    headers = {
        "Content-Type": "application/json",
        "webhook-id": letter.id,
        "webhook-timestamp": stamp,
        "webhook-signature": signatures,
    }
    return Outgoing(values["url"], body, headers)


def _signature(secret: str, content: bytes) -> str:
    return base64.b64encode(hmac.digest(_key(secret), content, hashlib.sha256)).decode("ascii")


def _key(secret: str) -> bytes:
    try:
        return base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        return b""


def new_secret() -> str:
    """A secret in the form that libraries for Standard Webhooks take."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode("ascii")


def judge(answer: Answer) -> Outcome:
    """As Standard Webhooks has it: 2xx is taken, 410 ends it, a redirect is a failure, all else is tried again."""
    if answer.status < 400 or answer.status in GONE:
        return judged(answer)
    return Outcome(Result.AGAIN, f"The receiver answered {answer.status}.", answer.retry_after)


def check(values: Values, rules: OutboundRules) -> None:
    """Raises Invalid for an address that may not be called, or a secret that is none."""
    rules.check(values["url"])
    if not SHORTEST <= len(_key(values["secret"])) <= LONGEST:
        raise Invalid(
            f"This is no webhook yet: the secret is whsec_ and {SHORTEST} to {LONGEST} bytes in base64; leave it out, "
            "and one is made."
        )


KIND = Kind(
    name="webhook",
    title="Webhook",
    help="For a program of your own. Check the signature with any library for Standard Webhooks.",
    fields=(
        Field("url", "Address", secret=True, example="https://example.org/hooks/modelward"),
        Field("secret", "Signing secret", secret=True, required=False, example="whsec_…, or empty to make one"),
    ),
    write=write,
    judge=judge,
    check=check,
    hint=lambda values: f"{urlsplit(values['url']).hostname}, secret {ending(values['secret'])}",
    shows_pictures=True,
)
