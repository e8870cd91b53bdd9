"""The shapes of incidents in requests and answers."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from modelward.kit.paging import Asked
from modelward.rules.alert_rules import AlertKind, Severity

State = Literal["open", "resolved"]


class IncidentAnswer(BaseModel):
    """An incident: the alerts of one model that belong together."""

    model_config = ConfigDict(protected_namespaces=(), from_attributes=True)

    id: int
    state: State
    severity: Severity
    title: str
    sentence: str
    model_id: int | None = Field(description="null: it concerns the organisation as a whole")
    model: str | None = None
    alert_count: int = Field(description="alerts that are not over")
    since: datetime = Field(description="when, in the events' own time, what it tells of began")
    opened_at: datetime
    told_at: datetime | None = Field(description="when the last message was written")
    messages: int
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    resolved_at: datetime | None


class AlertAnswer(BaseModel):
    """One alert of an incident."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    rule: str = Field(validation_alias="rule_key")
    kind: AlertKind
    subject: str
    title: str
    severity: Severity
    state: Literal["pending", "firing", "fading", "resolved"]
    sentence: str
    since: datetime
    began_at: datetime
    ended_at: datetime | None
    muted: str | None = Field(default=None, description="why nobody is told of it now; null: people are")


class EventAnswer(BaseModel):
    """One line of the timeline. A decision has a `reason` from a closed set, and the message where one was sent."""

    model_config = ConfigDict(from_attributes=True)

    at: datetime
    kind: str
    reason: str | None
    sentence: str
    author: str | None
    message: dict[str, Any] | None
    deliveries: int | None = Field(description="to how many channels it was put into the outbox")


class IncidentDetail(IncidentAnswer):
    """An incident with its alerts and its timeline, newest last."""

    alerts: list[AlertAnswer]
    timeline: list[EventAnswer]


class IncidentsAsked(Asked):
    """How the list of incidents can be asked for."""

    sort: Literal["id", "-id", "opened_at", "-opened_at"] = "-id"
    state: State | None = None
    severity: Severity | None = None
    model: str | None = Field(default=None, max_length=200, description="Those of this model: id or key.")
    acknowledged: bool | None = None


class IncidentPage(BaseModel):
    """Some incidents; `next` is the cursor of the following ones."""

    items: list[IncidentAnswer]
    next: str | None


class Acknowledgement(BaseModel):
    """`POST /alerts/{incident}/acknowledge`."""

    model_config = ConfigDict(extra="forbid")

    acknowledged: bool = Field(default=True, description="false takes it back")
    note: str | None = Field(default=None, max_length=1_000, examples=["The feed was changed; we retrain on Monday."])
