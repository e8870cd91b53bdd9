"""What each service documents of the requests that it takes, held against what it is sent."""

import hashlib
import hmac
import json
import struct
import zlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
import standardwebhooks
from tests.alerting.receivers import Request, mail_server_running
from tests.contracts.test_channels import VALUES

from modelward.alerting.channels.apprise import PARAMETERS, PLUGINS, check
from modelward.alerting.channels.aws_signature import signed
from modelward.alerting.channels.catalogue import ALL
from modelward.alerting.channels.contract import Letter, checked
from modelward.alerting.channels.sample import sample
from modelward.alerting.channels.webhook import new_secret
from modelward.alerting.picture import distributions, timeline
from modelward.alerting.post import NO_MAIL_SERVER, Post
from modelward.errors import Invalid, Unavailable
from modelward.kit.mail import mail_server, send_mail
from modelward.kit.outbound_rules import OutboundRules
from modelward.kit.outgoing import Answer, Outgoing
from modelward.rules.delivery import Result
from modelward.settings import settings_from

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)


def firing(**more: Any) -> Letter:
    message = replace(sample().message, kind="firing", severity="critical", incident_id=7, organisation_id=3, **more)
    return replace(sample(), message=message, at=NOW)


def sent(kind: str, letter: Letter | None = None, **values: str) -> Request:
    known = ALL[kind]
    outgoing = known.write(checked(known, {**VALUES[kind], **values}, OutboundRules()), letter or firing())
    assert isinstance(outgoing, Outgoing)
    parts = urlsplit(outgoing.address)
    headers = {name.lower(): value for name, value in outgoing.headers.items()}
    query = dict(parse_qsl(parts.query))
    return Request(outgoing.method, parts.netloc, parts.path, query, headers, outgoing.body)


def body(request: Request) -> Any:
    return json.loads(request.body)


def test_slack_gets_blocks_within_its_limits_and_a_text_for_notifications() -> None:
    request = sent("slack", firing(title="t" * 400, sentence="<!channel> & " + "s" * 5_000))
    told = body(request)
    assert request.headers["content-type"].startswith("application/json")
    assert told["text"].startswith("Alert: ttt")
    [attachment] = told["attachments"]
    header, section, details, actions = attachment["blocks"]
    assert (header["type"], header["text"]["type"]) == ("header", "plain_text")
    assert len(header["text"]["text"]) <= 150
    assert section["text"]["type"] == "mrkdwn"
    assert len(section["text"]["text"]) <= 3_000
    assert section["text"]["text"].startswith("&lt;!channel&gt; &amp; sss")
    assert len(details["text"]["text"]) <= 3_000
    assert actions["elements"][0]["url"] == "https://modelward.example/alerts"


def test_discord_gets_an_embed_with_the_picture_in_it_and_mentions_nobody() -> None:
    request = sent("discord")
    told = json.loads(request.parts["payload_json"][1])
    assert request.parts["files[0]"] == ("picture.png", firing().message.picture)
    [embed] = told["embeds"]
    assert embed["image"] == {"url": "attachment://picture.png"}
    assert embed["url"] == "https://modelward.example/alerts"
    assert 0 <= embed["color"] <= 0xFFFFFF
    assert datetime.fromisoformat(embed["timestamp"]).tzinfo is not None
    assert told["allowed_mentions"] == {"parse": []}
    plain = sent("discord", firing(picture=None))
    assert plain.headers["content-type"] == "application/json"
    assert "image" not in body(plain)["embeds"][0]


def test_teams_gets_one_adaptive_card_within_28_kilobytes() -> None:
    request = sent("teams", firing(details=("d" * 400,) * 40))
    told = body(request)
    assert len(request.body) <= 28_000
    assert told["type"] == "message"
    [attachment] = told["attachments"]
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    card = attachment["content"]
    assert (card["type"], card["version"]) == ("AdaptiveCard", "1.4")
    assert card["actions"] == [{"type": "Action.OpenUrl", "title": "Open", "url": "https://modelward.example/alerts"}]
    assert all(element["type"] in ("Container", "TextBlock") for element in card["body"])


def test_a_connector_that_microsoft_has_retired_is_refused() -> None:
    with pytest.raises(Invalid, match="retired"):
        sent("teams", url="https://acme.webhook.office.com/webhookb2/xyz")


def test_pagerduty_opens_one_incident_and_closes_the_same() -> None:
    opened = body(sent("pagerduty"))
    again = body(sent("pagerduty", replace(firing(), id="another", message=replace(firing().message, kind="changed"))))
    closed = body(sent("pagerduty", replace(firing(), message=replace(firing().message, kind="resolved"))))
    other = body(sent("pagerduty", replace(firing(), message=replace(firing().message, organisation_id=4))))
    assert [event["event_action"] for event in (opened, again, closed)] == ["trigger", "trigger", "resolve"]
    assert opened["dedup_key"] == again["dedup_key"] == closed["dedup_key"] != other["dedup_key"]
    assert opened["routing_key"] == VALUES["pagerduty"]["routing_key"]
    payload = opened["payload"]
    assert {"summary", "source", "severity"} <= set(payload)
    assert payload["severity"] in ("critical", "error", "warning", "info")
    assert len(body(sent("pagerduty", firing(sentence="s" * 5_000)))["payload"]["summary"]) <= 1_024
    assert opened["links"][0]["href"] == "https://modelward.example/alerts"
    assert sent("pagerduty").host == "events.pagerduty.com"
    assert sent("pagerduty", region="eu").host == "events.eu.pagerduty.com"
    unknown = ALL["pagerduty"].judge(Answer(400, b'{"status":"invalid event","errors":["Invalid routing key"]}'))
    assert unknown.result is Result.GONE


def test_telegram_gets_a_photo_with_its_caption_or_a_text_where_that_is_too_long() -> None:
    request = sent("telegram", topic="9")
    assert request.path == f"/bot{VALUES['telegram']['token']}/sendPhoto"
    parts = request.parts
    assert parts["photo"] == ("picture.png", firing().message.picture)
    assert parts["chat_id"][1] == b"-1001234567890"
    assert parts["message_thread_id"][1] == b"9"
    assert len(parts["caption"][1].decode()) <= 1_024
    long = sent("telegram", firing(sentence="a < b & c " * 400, details=("d" * 500,) * 30))
    assert long.path.endswith("/sendMessage")
    told = body(long)
    assert len(told["text"]) <= 4_096
    assert told["parse_mode"] == "HTML"
    assert "a &lt; b &amp; c" in told["text"]
    assert told["text"].endswith('<a href="https://modelward.example/alerts">Open in Modelward</a>')
    limited = ALL["telegram"].judge(Answer(429, b'{"ok":false,"parameters":{"retry_after":11}}'))
    assert (limited.result, limited.wait) == (Result.AGAIN, 11)
    gone = ALL["telegram"].judge(Answer(400, b'{"ok":false,"description":"Bad Request: chat not found"}'))
    assert gone.result is Result.GONE


def test_ntfy_gets_the_picture_where_attachments_are_allowed_and_json_elsewhere() -> None:
    with_picture = sent("ntfy")
    assert (with_picture.method, with_picture.path) == ("PUT", "/verySecretTopic")
    assert with_picture.body == firing().message.picture
    assert with_picture.query["filename"] == "picture.png"
    assert with_picture.query["priority"] == "5"
    assert with_picture.query["click"] == "https://modelward.example/alerts"
    own = sent("ntfy", server="https://ntfy.example.org", token="tk_secret")
    assert (own.method, own.host, own.path) == ("POST", "ntfy.example.org", "/")
    assert own.headers["authorization"] == "Bearer tk_secret"
    told = body(own)
    assert (told["topic"], told["priority"]) == ("verySecretTopic", 5)
    assert len(json.dumps(told["message"]).encode()) <= 4_096


def test_sns_is_asked_to_publish_and_the_signature_is_right() -> None:
    request = sent("sns", firing(title="\N{SNOWMAN}" * 200))
    form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
    assert (form["Action"], form["TopicArn"]) == ("Publish", VALUES["sns"]["topic_arn"])
    assert form["Subject"].isascii()
    assert 0 < len(form["Subject"]) <= 100
    assert "https://modelward.example/alerts" in form["Message"]
    assert request.host == "sns.eu-west-1.amazonaws.com"
    given = request.headers["authorization"].rpartition("Signature=")[2]
    assert given == _aws_signature(request, VALUES["sns"]["secret_access_key"])
    throttled = ALL["sns"].judge(Answer(400, b"<Error><Code>Throttling</Code></Error>"))
    assert throttled.result is Result.AGAIN


def _aws_signature(request: Request, secret: str) -> str:
    """As AWS documents it, written once more for this test."""
    date = request.headers["x-amz-date"]
    names = sorted(("content-type", "host", "x-amz-date"))
    canonical = "POST\n/\n\n" + "".join(f"{name}:{request.headers[name]}\n" for name in names)
    canonical += "\n" + ";".join(names) + "\n" + hashlib.sha256(request.body).hexdigest()
    scope = f"{date[:8]}/eu-west-1/sns/aws4_request"
    text = f"AWS4-HMAC-SHA256\n{date}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = ("AWS4" + secret).encode()
    for word in scope.split("/"):
        key = hmac.new(key, word.encode(), "sha256").digest()
    return hmac.new(key, text.encode(), "sha256").hexdigest()


def test_the_signature_of_aws_is_that_of_its_documentation() -> None:
    headers = signed(
        {"host": "iam.amazonaws.com", "content-type": "application/x-www-form-urlencoded; charset=utf-8"},
        b"",
        key_id="AKIDEXAMPLE",
        secret="wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
        region="us-east-1",
        service="iam",
        at=datetime(2015, 8, 30, 12, 36, tzinfo=UTC),
        method="GET",
        query="Action=ListUsers&Version=2010-05-08",
    )
    expected = "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"
    assert headers["authorization"].endswith(f"Signature={expected}")


def test_a_webhook_is_verified_by_the_library_of_standard_webhooks_with_either_secret() -> None:
    older, newer = new_secret(), new_secret()
    values = {"url": "https://hooks.example.org/x", "secret": newer, "previous_secret": older}
    moment = datetime.now(UTC)  # the library holds it against its own clock
    letter = replace(firing(), id="msg_7", at=moment)
    outgoing = ALL["webhook"].write(values, letter)
    retried = ALL["webhook"].write(values, replace(letter, at=moment + timedelta(seconds=40)))
    assert isinstance(outgoing, Outgoing)
    assert isinstance(retried, Outgoing)
    for secret in (older, newer):
        told = standardwebhooks.Webhook(secret).verify(outgoing.body, dict(outgoing.headers))
        assert told["type"] == "incident.firing"
        assert told["data"]["sentence"].startswith("`distance` moved")
    assert outgoing.headers["webhook-id"] == retried.headers["webhook-id"] == "msg_7"
    assert outgoing.headers["webhook-timestamp"] != retried.headers["webhook-timestamp"]
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        standardwebhooks.Webhook(new_secret()).verify(outgoing.body, dict(outgoing.headers))
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        standardwebhooks.Webhook(newer).verify(outgoing.body + b" ", dict(outgoing.headers))


def test_a_webhook_is_given_up_at_410_alone() -> None:
    judge = ALL["webhook"].judge
    assert [judge(Answer(status)).result for status in (204, 400, 404, 410, 500)] == [
        Result.SENT,
        Result.AGAIN,
        Result.AGAIN,
        Result.GONE,
        Result.AGAIN,
    ]


APPRISE = {
    "discord": "discord://12345678901234567/abcdefghijklmnopqrstuvwxyz0123456789",
    "flock": "flock://134b8gh0-eba0-4fa9-ab9c-257ced0e8221",
    "gchat": "gchat://workspace/key/token",
    "gotify": "gotify://gotify.example.org/abcdefghijklmno",
    "gotifys": "gotifys://gotify.example.org/abcdefghijklmno",
    "mmost": "mmost://mattermost.example.org/abcdefghijklmnopqrstuvwxyz",
    "mmosts": "mmosts://mattermost.example.org/abcdefghijklmnopqrstuvwxyz",
    "ntfy": "ntfy://ntfy.example.org/topic",
    "ntfys": "ntfys://ntfy.example.org/topic",
    "pagerduty": "pagerduty://0123456789abcdef0123456789abcdef@abcdefghijkl",
    "pover": f"pover://{'u' * 30}@{'a' * 30}",
    "rocket": "rocket://webhooktoken123/abcdefghijkl@rocket.example.org",
    "rockets": "rockets://webhooktoken123/abcdefghijkl@rocket.example.org",
    "slack": "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ",
    "workflows": f"workflows://prod.westeurope.logic.azure.com:443/{'6' * 32}/{'K' * 43}",
    "wxteams": f"wxteams://{'a' * 80}",
    "zulip": f"zulip://bot@org/{'a' * 32}",
}


@pytest.mark.parametrize("scheme", sorted(PLUGINS))
def test_every_service_of_apprise_that_is_allowed_makes_one_request_and_sends_nothing_itself(scheme: str) -> None:
    check({"url": APPRISE[scheme]}, OutboundRules(http=True))
    outgoing = ALL["apprise"].write({"url": APPRISE[scheme]}, firing())
    assert isinstance(outgoing, Outgoing)
    assert "moved from median 872" in outgoing.body.decode().replace("+", " ").replace("%20", " ")
    assert "github" not in outgoing.body.decode().lower()  # no icon from elsewhere


@pytest.mark.parametrize(
    "url",
    [
        "json://example.org",
        "form://example.org",
        "syslog://",
        "file:///etc/passwd",
        "mmosts://",
        "mmosts://mattermost.example.org",
        "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ?template=/etc/passwd",
        "discord://12345678901234567/abcdefghijklmnopqrstuvwxyz0123456789?template=file:///etc/passwd",
        "ntfys://ntfy.example.org/topic?attach=http://169.254.169.254/",
        "mmosts://mattermost.example.org/abcdefghijklmnopqrstuvwxyz?+Host=127.0.0.1",
        "rockets://user:password@rocket.example.org/#channel",
        "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ?mode=w;template=/etc/passwd",
        "discord://12345678901234567/abcdefghijklmnopqrstuvwxyz0123456789?thread=1?template=/etc/passwd",
        "ntfys://127.0.0.1/topic",
        "ntfy://ntfy.example.org/topic",
    ],
)
def test_other_addresses_of_apprise_are_refused(url: str) -> None:
    with pytest.raises(Invalid):
        check({"url": url}, OutboundRules())
    assert not PARAMETERS & {"template", "attach", "verify"}


HOSTILE = "@everyone <!channel> <users/all> [Sign in](https://evil.example/login)"


@pytest.mark.parametrize(
    ("kind", "url"),
    [
        ("teams", VALUES["teams"]["url"]),
        ("discord", VALUES["discord"]["url"]),
        ("apprise", "mmosts://mattermost.example.org/abcdefghijklmnopqrstuvwxyz"),
        ("apprise", "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"),
    ],
)
def test_names_chosen_by_whoever_sends_events_mention_nobody_and_hide_no_link(kind: str, url: str) -> None:
    request = sent(kind, firing(title=HOSTILE, sentence=HOSTILE, details=(HOSTILE,), picture=None), url=url)
    told = json.dumps(json.loads(request.body), ensure_ascii=False)
    assert "Sign in" in told
    for sign in ("@everyone", "<!channel", "<users/all", "](http"):
        assert sign not in told


def test_what_no_line_can_hold_reaches_no_receiver() -> None:
    strange = "a\r\nBcc: eve@example.org\x00\u202etxt\ud800 b"
    message = replace(firing().message, title=strange, sentence=strange, details=(strange,))
    letter = Post(settings_from({})).letter(message, "msg_1", now=NOW)
    assert letter.message.sentence == letter.message.title == "a Bcc: eve@example.org txt b"
    mail = mail_of(letter)
    assert "Bcc" not in mail
    assert mail.as_bytes()


def mail_of(letter: Letter | None = None, to: str = "ada@example.org, bob@example.org") -> EmailMessage:
    made = ALL["email"].write({"to": to}, letter or firing())
    assert isinstance(made, EmailMessage)
    return made


def test_a_mail_arrives_with_its_picture_in_it_and_its_thread() -> None:
    with mail_server_running() as (mailbox, port):
        settings = settings_from(
            {
                "MODELWARD_SMTP_URL": f"smtp://127.0.0.1:{port}",
                "MODELWARD_PUBLIC_URL": "https://modelward.example.org/",
            }
        )
        outcome = Post(settings).send(ALL["email"], {"to": "ada@example.org, bob@example.org"}, firing())
    assert outcome.result is Result.SENT
    [mail] = mailbox.mails
    assert mailbox.recipients == [["ada@example.org", "bob@example.org"]]
    assert mail["From"] == "Modelward <modelward@modelward.example.org>"
    assert mail["Subject"] == "Alert: this is how an alert looks"
    assert mail["Message-ID"] == "<msg_sample@modelward>"
    assert mail["References"] == "<incident-3-7@modelward>"
    text, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert text is not None
    assert html is not None
    assert "moved from median 872" in text.get_content()
    assert "https://modelward.example/alerts" in text.get_content()
    assert 'src="cid:picture"' in html.get_content()
    pictures = [part for part in mail.walk() if part.get_content_type() == "image/png"]
    assert [part.get_content() for part in pictures] == [firing().message.picture]
    assert pictures[0]["Content-ID"] == "<picture>"


def test_what_a_mail_server_says_decides_what_follows() -> None:
    with mail_server_running() as (mailbox, port):
        settings = settings_from({"MODELWARD_SMTP_URL": f"smtp://127.0.0.1:{port}"})

        def outcome(to: str = "ada@example.org, bob@example.org") -> tuple[Result, str]:
            found = Post(settings).send(ALL["email"], {"to": to}, firing())
            return found.result, found.reason

        mailbox.refuse = {"bob@example.org": "550 no such user"}
        assert outcome() == (Result.SENT, "The mail server did not take bob@example.org.")
        assert outcome("bob@example.org")[0] is Result.GONE
        mailbox.refuse = {"bob@example.org": "450 later"}
        assert outcome("bob@example.org")[0] is Result.AGAIN
        mailbox.refuse, mailbox.fail = {}, "554 it looks like spam"
        assert outcome()[0] is Result.REFUSED
        mailbox.fail = "451 later"
        assert outcome()[0] is Result.AGAIN
    assert outcome()[0] is Result.AGAIN  # nobody listens there any more


def test_without_a_mail_server_nothing_is_sent_and_said_so() -> None:
    outcome = Post(settings_from({})).send(ALL["email"], {"to": "ada@example.org"}, firing())
    assert (outcome.result, outcome.reason) == (Result.NOWHERE, NO_MAIL_SERVER)


@pytest.mark.parametrize("url", ["smtp://me:secret@127.0.0.1:{port}", "smtp://127.0.0.1:{port}?starttls=required"])
def test_neither_a_password_nor_what_must_be_encrypted_goes_over_an_open_line(url: str) -> None:
    with mail_server_running() as (mailbox, port):
        with pytest.raises(Unavailable, match="STARTTLS"):
            send_mail(mail_server(url.format(port=port)), mail_of(), sender="a@b", recipients=["ada@example.org"])
        assert mailbox.mails == []


def test_the_address_of_a_mail_server_is_taken_apart() -> None:
    assert mail_server("smtps://me%40x:p%3Aw@mail.example") == ("mail.example", 465, True, "never", "me@x", "p:w")
    assert mail_server("smtp://mail.example:587?starttls=required")[1:4] == (587, False, "required")


def read(png: bytes) -> tuple[int, int, bytes]:
    """Width, height and dots of a PNG of ours, read by its definition."""
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    at, chunks = 8, {}
    while at < len(png):
        size, name = struct.unpack(">I4s", png[at : at + 8])
        content = png[at + 8 : at + 8 + size]
        assert struct.unpack(">I", png[at + 8 + size : at + 12 + size])[0] == zlib.crc32(name + content)
        chunks[name] = content
        at += 12 + size
    width, height = struct.unpack(">II", chunks[b"IHDR"][:8])
    return width, height, zlib.decompress(chunks[b"IDAT"])


@pytest.mark.parametrize(
    "drawn",
    [
        distributions([1, 2, 3], [3, 2, 1]),
        distributions([], []),
        distributions([0, 0], [float("nan"), float("inf")]),
        timeline([0.1, None, 0.4, float("nan")], 0.25),
        timeline([]),
        distributions(range(500), range(500)),
    ],
)
def test_a_picture_is_small_and_whole_whatever_it_shows(drawn: bytes) -> None:
    width, height, dots = read(drawn)
    assert (width, height) == (480, 160)
    assert len(dots) == height * (width + 1)
    assert len(drawn) < 20_000
