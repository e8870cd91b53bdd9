"""The shapes of channels and deliveries in requests and answers. No answer holds what is secret of a channel."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from modelward.kit.paging import Asked

State = Literal["on", "paused", "disabled"]
DeliveryState = Literal["waiting", "sent", "failed", "dropped"]
Config = dict[str, str]
_CONFIG = "The fields of this kind, by their names; docs/alerting.md lists them."


class NewChannel(BaseModel):
    """`POST /channels`."""

    model_config = ConfigDict(extra="forbid")

    kind: str = Field(max_length=20, examples=["slack"])
    name: str = Field(min_length=1, max_length=200, examples=["#ml-alerts"])
    config: Config = Field(default={}, description=_CONFIG, max_length=20)


class ChannelChange(BaseModel):
    """`PATCH /channels/{channel}`: what is given is changed. A field of `config` that is left out stays as it is."""

    model_config = ConfigDict(extra="forbid")

    name: str | None = Field(default=None, min_length=1, max_length=200)
    state: Literal["on", "paused"] | None = Field(
        default=None, description="`on` also brings back one that was disabled."
    )
    config: Config | None = Field(default=None, description=_CONFIG, max_length=20)


class ChannelAnswer(BaseModel):
    """A channel. What it is set to is told to admins alone, and what is secret of it to nobody."""

    id: int
    kind: str
    name: str
    state: State
    reason: str | None = Field(description="why it was disabled")
    hint: str | None = Field(description="which one it is; for admins")
    config: Config | None = Field(description="its fields, without those that are secret; for admins")
    error: str | None = Field(description="why the last try failed")
    failing_since: datetime | None
    retry_at: datetime | None
    sent_at: datetime | None
    created_by: str | None
    created_at: datetime
    changed_at: datetime


class MadeChannel(ChannelAnswer):
    """A channel that was made or whose secret was exchanged. `signing_secret` is shown now and never again."""

    signing_secret: str | None = None


class ChannelsAsked(Asked):
    """How the list of channels can be asked for."""

    sort: Literal["id", "-id", "name", "-name", "created_at", "-created_at"] = "id"
    kind: str | None = Field(default=None, max_length=20)
    state: State | None = None


class ChannelPage(BaseModel):
    """Some channels; `next` is the cursor of the following ones."""

    items: list[ChannelAnswer]
    next: str | None


class Rotation(BaseModel):
    """`POST /channels/{channel}/rotate-secret`."""

    model_config = ConfigDict(extra="forbid")

    grace_hours: int = Field(default=24, ge=0, le=720, description="So long the older secret signs too.")


class Preview(BaseModel):
    """A message as it would be sent, with what is secret replaced by `…`."""

    text: str = Field(description="what it says")
    content_type: str
    content: str = Field(description="the request's body, or the mail; pictures are left out")
    picture: bool = Field(description="whether the channel shows pictures")


class DeliveryAnswer(BaseModel):
    """One message to one channel."""

    id: int
    channel_id: int | None = Field(description="none: the channel was deleted")
    channel_name: str
    message_id: str
    kind: str = Field(description="firing, changed, reminder, resolved or test")
    title: str
    sentence: str
    incident_id: int | None
    state: DeliveryState
    attempts: int
    created_at: datetime
    tried_at: datetime | None
    sent_at: datetime | None
    error: str | None

    @classmethod
    def of(cls, delivery: Any) -> "DeliveryAnswer":
        """The answer about a row of the outbox."""
        told = {name: getattr(delivery, name) for name in cls.model_fields if name not in ("title", "sentence")}
        return cls(**told, title=delivery.message["title"], sentence=delivery.message["sentence"])


class DeliveriesAsked(Asked):
    """How the list of deliveries can be asked for."""

    sort: Literal["id", "-id", "created_at", "-created_at"] = "-id"
    channel_id: int | None = Field(default=None, ge=1, le=2**31 - 1)
    incident_id: int | None = Field(default=None, ge=1, le=2**31 - 1)
    state: DeliveryState | None = None
    kind: Literal["firing", "changed", "reminder", "resolved", "test"] | None = None


class DeliveryPage(BaseModel):
    """Some deliveries; `next` is the cursor of the following ones."""

    items: list[DeliveryAnswer]
    next: str | None
