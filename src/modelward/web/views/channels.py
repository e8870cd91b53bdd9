"""How channels and what they were sent look on pages."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from modelward.alerting.channel_tables import Channel, Delivery
from modelward.alerting.channels.catalogue import kind_of
from modelward.alerting.channels.wording import WORDS
from modelward.web.states import DRIFTED, HEALTHY, SILENT, TOO_FEW, WARNING, State

ON: Final = "on"


@dataclass(frozen=True)
class ChannelView:
    """One channel; `word` says how it is, and `told` why."""

    id: int
    name: str
    kind: str
    title: str
    hint: str
    options: dict[str, str]
    state: str
    mark: State
    word: str
    told: str
    sent_at: datetime | None
    retry_at: datetime | None
    created_by: str | None
    created_at: datetime
    default: bool


@dataclass(frozen=True)
class DeliveryView:
    """One message to one channel."""

    id: int
    channel_id: int | None
    channel: str
    heading: str
    sentence: str
    mark: State
    word: str
    told: str
    attempts: int
    at: datetime
    incident_id: int | None
    again: bool
    """whether it may be sent again"""


def channel_view(channel: Channel, *, admin: bool) -> ChannelView:
    """The channel, as readers or admins may see it."""
    mark, word, told = _state_of(channel)
    return ChannelView(
        id=channel.id,
        name=channel.name,
        kind=channel.kind,
        title=kind_of(channel.kind).title,
        hint=channel.hint if admin else "",
        options=dict(channel.options) if admin else {},
        state=channel.state,
        mark=mark,
        word=word,
        told=told,
        sent_at=channel.sent_at,
        retry_at=channel.retry_at,
        created_by=channel.created_by,
        created_at=channel.created_at,
        default=channel.kind == "admins",
    )


def _state_of(channel: Channel) -> tuple[State, str, str]:
    if channel.state == "disabled":
        return DRIFTED, "Disabled", channel.reason or ""
    if channel.state == "paused":
        return SILENT, "Paused", "What is sent meanwhile goes to the other channels."
    if channel.failing_since is not None:
        return WARNING, "Failing", channel.error or ""
    if channel.sent_at is None:
        return TOO_FEW, "Not used yet", channel.error or ""
    return HEALTHY, "Working", channel.error or ""


_DELIVERIES: Final = {
    "waiting": (TOO_FEW, "On its way"),
    "sent": (HEALTHY, "Sent"),
    "failed": (DRIFTED, "Not sent"),
    "dropped": (SILENT, "Went nowhere"),
}


def delivery_view(delivery: Delivery) -> DeliveryView:
    """One row of the log."""
    mark, word = _DELIVERIES[delivery.state]
    if delivery.state == "waiting" and delivery.attempts:
        mark, word = WARNING, "Tried again soon"
    return DeliveryView(
        id=delivery.id,
        channel_id=delivery.channel_id,
        channel=delivery.channel_name,
        heading=f"{WORDS[delivery.kind]}: {delivery.message['title']}",
        sentence=delivery.message["sentence"],
        mark=mark,
        word=word,
        told=delivery.error or "",
        attempts=delivery.attempts,
        at=delivery.sent_at or delivery.tried_at or delivery.created_at,
        incident_id=delivery.incident_id,
        again=delivery.state != "waiting" and delivery.channel_id is not None,
    )
