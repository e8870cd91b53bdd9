"""What alerts: rules, the alerts that they raise, the incidents these belong to, and what was decided about them.

The alerts of one model are one group; so are those that concern the organisation as a whole. Whoever changes the alerts
or the incident of a group first locks its row, so that two workers never tell the same twice.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from modelward.kit.database import Base, BigId


def _model_id() -> Mapped[int | None]:
    return mapped_column(ForeignKey("models.id", ondelete="CASCADE"), index=True)


class Rule(Base):
    """A rule that somebody wrote. One with `built_in` holds in the place of the built-in rule of that name.

    Its scope is the organisation, or the project or the model that is named.
    """

    __tablename__ = "alerting_rules"
    __table_args__ = (Index("ix_alerting_rules_organisation", "organisation_id", "id"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(primary_key=True)
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"))
    built_in: Mapped[str | None] = mapped_column(String(40))
    title: Mapped[str] = mapped_column(String(200))
    kind: Mapped[str] = mapped_column(String(40))
    condition: Mapped[dict[str, Any]]
    severity: Mapped[str | None] = mapped_column(String(10))  # None: as grave as the alarm
    wait_seconds: Mapped[int] = mapped_column(default=0)
    enabled: Mapped[bool] = mapped_column(default=True)
    project_id: Mapped[int | None] = mapped_column(ForeignKey("projects.id"))
    model_id: Mapped[int | None] = _model_id()
    channel_ids: Mapped[list[Any] | None]  # None: the organisation's default
    created_by: Mapped[str | None] = mapped_column(String(200))
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]


class Group(Base):
    """The alerts of one model (`model:7`), or of an organisation (`organisation:1`): when it was looked at last, and
    the start of the newest closed window that there was then.
    """

    __tablename__ = "alerting_groups"

    key: Mapped[str] = mapped_column(String(60), primary_key=True)
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"))
    model_id: Mapped[int | None] = _model_id()
    looked_at: Mapped[datetime | None]
    known_until: Mapped[datetime | None]


class IncidentRow(Base):
    """Alerts that belong together, from the first that fired until all of them are over. One of a group is open."""

    __tablename__ = "alerting_incidents"
    __table_args__ = (
        Index(
            "uq_alerting_incidents_open",
            "group_key",
            unique=True,
            sqlite_where=text("state = 'open'"),
            postgresql_where=text("state = 'open'"),
        ),
        Index("ix_alerting_incidents_recent", "organisation_id", "state", "id"),
        Index("ix_alerting_incidents_due", "state", "due_at"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"))
    group_key: Mapped[str] = mapped_column(String(60))
    model_id: Mapped[int | None] = _model_id()
    state: Mapped[str] = mapped_column(String(10), default="open")  # open, resolved
    severity: Mapped[str] = mapped_column(String(10))
    title: Mapped[str] = mapped_column(Text)
    sentence: Mapped[str] = mapped_column(Text)
    alert_count: Mapped[int] = mapped_column(default=0)  # that are not over
    opened_at: Mapped[datetime]
    since: Mapped[datetime]  # when, in the events' own time, what it tells of began
    told_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None]  # when to decide again
    resolved_at: Mapped[datetime | None]
    acknowledged_at: Mapped[datetime | None]
    acknowledged_by: Mapped[str | None] = mapped_column(String(320))
    acknowledged_by_user: Mapped[int | None]
    last_reason: Mapped[str | None] = mapped_column(String(40))  # of the last decision
    messages: Mapped[int] = mapped_column(default=0)


class AlertRow(Base):
    """One alert: what a rule says of one subject of one group, for as long as it says so. See rules/alert_states.py."""

    __tablename__ = "alerting_alerts"
    __table_args__ = (
        Index(
            "uq_alerting_alerts_live",
            "group_key",
            "rule_key",
            "subject",
            unique=True,
            sqlite_where=text("state <> 'resolved'"),
            postgresql_where=text("state <> 'resolved'"),
        ),
        Index("ix_alerting_alerts_incident", "incident_id", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"))
    group_key: Mapped[str] = mapped_column(String(60))
    incident_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("alerting_incidents.id", ondelete="CASCADE"))
    rule_key: Mapped[str] = mapped_column(String(60))
    kind: Mapped[str] = mapped_column(String(40))
    subject: Mapped[str] = mapped_column(Text)
    title: Mapped[str] = mapped_column(Text)
    severity: Mapped[str] = mapped_column(String(10))
    state: Mapped[str] = mapped_column(String(10))
    sentence: Mapped[str] = mapped_column(Text)
    since: Mapped[datetime]
    began_at: Mapped[datetime]
    gone_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    told: Mapped[str | None] = mapped_column(String(10))
    told_over: Mapped[bool] = mapped_column(default=False)
    stale: Mapped[bool] = mapped_column(default=False)
    channel_ids: Mapped[list[Any] | None]  # of its rule


class IncidentEvent(Base):
    """One line of an incident's timeline. A decision has its `reason` (rules/incidents.py), and its message if any."""

    __tablename__ = "alerting_incident_events"
    __table_args__ = (
        Index("ix_alerting_incident_events_incident", "incident_id", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    incident_id: Mapped[int] = mapped_column(BigId, ForeignKey("alerting_incidents.id", ondelete="CASCADE"))
    at: Mapped[datetime]
    kind: Mapped[str] = mapped_column(String(20))  # fired, fading, resolved, decided, acknowledged, unacknowledged
    reason: Mapped[str | None] = mapped_column(String(40))
    sentence: Mapped[str] = mapped_column(Text)
    author: Mapped[str | None] = mapped_column(String(320))
    message: Mapped[dict[str, Any] | None]
    deliveries: Mapped[int | None]  # to so many channels


class SilenceRow(Base):
    """Somebody's word that something need not be told for a while. What is None matches everything."""

    __tablename__ = "alerting_silences"
    __table_args__ = (
        Index("ix_alerting_silences_ends", "organisation_id", "ends_at"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"))
    project_id: Mapped[int | None] = mapped_column(ForeignKey("projects.id"))
    model_id: Mapped[int | None] = _model_id()
    kind: Mapped[str | None] = mapped_column(String(40))
    column: Mapped[str | None] = mapped_column("column_name", String(200))
    author: Mapped[str] = mapped_column(String(320))
    author_user: Mapped[int | None]
    reason: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    expired_by: Mapped[str | None] = mapped_column(String(320))  # who ended it early
