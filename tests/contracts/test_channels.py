"""One suite for every kind of channel: each is sent by the real sender, over HTTPS, to a receiver of this machine."""

import socket
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import get_args

import pytest
from tests.alerting.receivers import Receiver, authority, leading_to, receiving, rules_with

from modelward.alerting.channels.catalogue import ALL, KINDS
from modelward.alerting.channels.contract import Kind, Letter, checked
from modelward.alerting.channels.sample import sample
from modelward.alerting.messages import Message, MessageKind, Severity
from modelward.alerting.preview import preview
from modelward.errors import Invalid
from modelward.kit.outbound import Outbound
from modelward.kit.outbound_rules import OutboundRules
from modelward.kit.outgoing import Answer, Outgoing
from modelward.rules.delivery import Result

VALUES: dict[str, dict[str, str]] = {
    "slack": {"url": "https://hooks.slack.com/services/T0001/B0001/verySecretSlack"},
    "email": {"to": "ml-team@example.org, ada@example.org"},
    "teams": {
        "url": "https://prod-00.westeurope.logic.azure.com/workflows/1/triggers/manual/paths/invoke?sig=verySecret"
    },
    "discord": {"url": "https://discord.com/api/webhooks/123/verySecretDiscord"},
    "pagerduty": {"routing_key": "0123456789abcdef0123456789abcdef"},
    "telegram": {"token": "123456789:ABC-DEF0123456789abcdefghij", "chat_id": "-1001234567890"},
    "ntfy": {"topic": "verySecretTopic"},
    "sns": {
        "topic_arn": "arn:aws:sns:eu-west-1:123456789012:modelward",
        "access_key_id": "AKIAIOSFODNN7EXAMPLE",
        "secret_access_key": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    },
    "webhook": {
        "url": "https://hooks.example.org/verySecretHook",
        "secret": "whsec_" + "c2VjcmV0IG9mIHRoZSB0ZXN0cywgbG9uZyBlbm91Z2g=",
    },
    "apprise": {"url": "mmosts://mattermost.example.org/verySecretMattermostHook12"},
}
HTTP = [kind for kind in KINDS.values() if kind.name != "email"]
every_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
every_http_kind = pytest.mark.parametrize("kind", HTTP, ids=lambda kind: kind.name)
HOSTILE = "<script>alert(1)</script> @everyone <!channel> `x` & \N{SNOWMAN}\n\rSubject: other\r\n" + "long " * 4_000


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return authority(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def receiver(certificates: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    with receiving(certificates[1]) as made:
        monkeypatch.setattr(socket, "getaddrinfo", leading_to(made.port))
        yield made


@pytest.fixture
def outbound(certificates: tuple[Path, Path]) -> Outbound:
    return Outbound(rules_with(certificates[0]), seconds=5)


def values_of(kind: Kind) -> dict[str, str]:
    return checked(kind, VALUES[kind.name], OutboundRules())


def written(kind: Kind, letter: Letter) -> Outgoing:
    outgoing = kind.write(values_of(kind), letter)
    assert isinstance(outgoing, Outgoing)
    return outgoing


def secrets(kind: Kind) -> list[str]:
    values = VALUES[kind.name]
    return [values[field.name] for field in kind.fields if field.secret and field.name in values]


def test_there_are_values_for_every_kind() -> None:
    assert set(VALUES) == set(KINDS)
    assert set(ALL) - set(KINDS) == {"admins"}


@every_http_kind
@pytest.mark.parametrize("message_kind", get_args(MessageKind))
def test_a_message_is_one_request_and_taken(
    kind: Kind, message_kind: MessageKind, receiver: Receiver, outbound: Outbound
) -> None:
    letter = sample()
    answer = outbound.send(written(kind, replace(letter, message=replace(letter.message, kind=message_kind))))
    assert kind.judge(answer).result is Result.SENT
    assert len(receiver.requests) == 1


@every_http_kind
def test_what_was_sent_says_why_and_leads_to_the_page(kind: Kind, receiver: Receiver, outbound: Outbound) -> None:
    outbound.send(written(kind, sample()))
    [request] = receiver.requests
    told = " ".join([*request.query.values(), request.body.decode("utf-8", "replace")]).replace("+", " ")
    assert "moved from median 872" in told
    assert "modelward.example" in told


@every_http_kind
@pytest.mark.parametrize(
    ("status", "result"), [(500, Result.AGAIN), (503, Result.AGAIN), (429, Result.AGAIN), (410, Result.GONE)]
)
def test_what_an_answer_means(kind: Kind, status: int, result: Result, receiver: Receiver, outbound: Outbound) -> None:
    receiver.status, receiver.headers = status, {"Retry-After": "7"}
    outcome = kind.judge(outbound.send(written(kind, sample())))
    assert outcome.result is result
    assert str(status) in outcome.reason or result is Result.AGAIN
    if status == 429:
        assert outcome.wait == 7


@every_http_kind
def test_a_redirect_is_not_followed_and_said_to_be_one(kind: Kind, receiver: Receiver, outbound: Outbound) -> None:
    receiver.status, receiver.headers = 302, {"Location": "https://hooks.example.org/elsewhere"}
    outcome = kind.judge(outbound.send(written(kind, sample())))
    assert (outcome.result, len(receiver.requests)) == (Result.GONE, 1)
    assert "redirect" in outcome.reason


@every_http_kind
def test_no_answer_of_a_receiver_is_repeated_to_people(kind: Kind) -> None:
    for status in (200, 302, 400, 403, 404, 429, 500):
        assert "inner" not in kind.judge(Answer(status, b"what stands on an inner page")).reason


@every_kind
@pytest.mark.parametrize("severity", get_args(Severity))
def test_a_hostile_and_endless_text_still_makes_a_message(kind: Kind, severity: Severity) -> None:
    message = Message(
        kind="firing",
        title=HOSTILE,
        sentence=HOSTILE,
        details=(HOSTILE,) * 40,
        organisation_id=1,
        at=datetime(2026, 1, 5, 12, tzinfo=UTC),
        severity=severity,
        link="/alerts/1",
        picture=sample().message.picture,
    )
    wrote = kind.write(values_of(kind), replace(sample(), message=message))
    if isinstance(wrote, EmailMessage):
        assert "\n" not in str(wrote["Subject"])
        assert "<script>" not in wrote.get_body(("html",)).get_content()  # type: ignore[union-attr]
        assert bytes(wrote)


@every_kind
def test_what_people_see_of_a_channel_holds_no_secret(kind: Kind) -> None:
    values = values_of(kind)
    shown = preview(kind, values, sample())
    assert shown.text.startswith("Test: this is how an alert looks")
    seen = f"{kind.hint(values)} {shown} {kind.write(values, sample())!r}" if kind.name != "email" else str(shown)
    for secret in secrets(kind):
        assert secret not in seen
        assert secret.rpartition("/")[2] not in seen


@every_kind
def test_a_channel_without_its_fields_says_which_are_missing(kind: Kind) -> None:
    needed = [field.name for field in kind.fields if field.required]
    with pytest.raises(Invalid) as caught:
        checked(kind, {"unknown": "x"}, OutboundRules())
    assert {field.field for field in caught.value.fields} == {"config.unknown", *(f"config.{name}" for name in needed)}


@pytest.mark.parametrize("kind", [kind for kind in HTTP if "url" in VALUES[kind.name]], ids=lambda kind: kind.name)
def test_an_address_inside_of_the_house_is_refused_when_it_is_given(kind: Kind) -> None:
    inside = {"apprise": "mmosts://127.0.0.1/verySecretMattermostHook12"}.get(kind.name, "https://169.254.169.254/x")
    with pytest.raises(Invalid, match="private"):
        checked(kind, {**VALUES[kind.name], "url": inside}, OutboundRules())
