"""Amazon SNS: publishes to a topic, signed with a key that may do nothing else (`sns:Publish` on that topic)."""

import re
from urllib.parse import urlencode

from modelward.alerting.channels.aws_signature import signed
from modelward.alerting.channels.contract import Field, Kind, Letter, Values, judged
from modelward.alerting.channels.wording import cut, ending, heading, plain
from modelward.errors import Invalid
from modelward.kit.outbound_rules import OutboundRules
from modelward.kit.outgoing import Answer, Outgoing
from modelward.rules.delivery import Outcome, Result

_ARN = re.compile(r"arn:(aws|aws-cn|aws-us-gov):sns:([a-z]{2}(?:-[a-z]+)+-\d):\d{12}:[\w-]{1,256}")
_KEY = re.compile(r"(AKIA|ASIA)[A-Z0-9]{12,28}")
LONGEST_SUBJECT = 100
LONGEST_MESSAGE = 200_000
THROTTLED = (b"<Code>Throttl", b"<Code>RequestThrottl", b"<Code>KMSThrottling")


def write(values: Values, letter: Letter) -> Outgoing:
    """`Publish`, with a subject for those who are subscribed by e-mail (ASCII, at most 100 characters)."""
    partition, region = _place(values["topic_arn"])
    subject = heading(letter.message).encode("ascii", "replace").decode()
    subject = "".join(sign for sign in subject if sign.isprintable())[:LONGEST_SUBJECT]
    form = {
        "Action": "Publish",
        "Version": "2010-03-31",
        "TopicArn": values["topic_arn"],
        "Subject": subject,
        "Message": cut(plain(letter), LONGEST_MESSAGE),
    }
    host = f"sns.{region}.amazonaws.com" + (".cn" if partition == "aws-cn" else "")
    body = urlencode(form).encode()
    headers = signed(
        {"host": host, "content-type": "application/x-www-form-urlencoded; charset=utf-8"},
        body,
        key_id=values["access_key_id"],
        secret=values["secret_access_key"],
        region=region,
        service="sns",
        at=letter.at,
    )
    return Outgoing(f"https://{host}/", body, headers)


def _place(arn: str) -> tuple[str, str]:
    found = _ARN.fullmatch(arn)
    if not found:
        raise Invalid("This is no SNS channel yet: a topic is arn:aws:sns:eu-west-1:123456789012:name.")
    return found[1], found[2]


def judge(answer: Answer) -> Outcome:
    """403: the key, or what it may do. 404: no such topic. 400 with Throttling: later; other 400: this message."""
    if answer.status == 400 and any(sign in answer.body for sign in THROTTLED):
        return Outcome(Result.AGAIN, "Amazon SNS asks for fewer messages.")
    if answer.status == 403 and b"RequestExpired" in answer.body:
        return Outcome(Result.AGAIN, "Amazon SNS finds the time of this machine's clock wrong.")
    return judged(answer)


def check(values: Values, _rules: OutboundRules) -> None:
    """Raises Invalid for what is no topic or key."""
    _place(values["topic_arn"])
    if not _KEY.fullmatch(values["access_key_id"]):
        raise Invalid("This is no SNS channel yet: the id of an access key begins with AKIA or ASIA.")


KIND = Kind(
    name="sns",
    title="Amazon SNS",
    help="Make a topic, and an access key that may do nothing but sns:Publish on it.",
    fields=(
        Field("topic_arn", "Topic", example="arn:aws:sns:eu-west-1:123456789012:modelward"),
        Field("access_key_id", "Access key id", example="AKIAIOSFODNN7EXAMPLE"),
        Field(
            "secret_access_key", "Secret access key", secret=True, example="wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
        ),
    ),
    write=write,
    judge=judge,
    check=check,
    hint=lambda values: f"{values['topic_arn'].rpartition(':')[2]}, key {ending(values['access_key_id'])}",
)
