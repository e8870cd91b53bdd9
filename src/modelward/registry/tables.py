"""What is known of the users' models."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from modelward.accounts.tables import Organisation
from modelward.kit.database import Base, BigId


class Project(Base):
    """A group of models."""

    __tablename__ = "projects"
    __table_args__ = (UniqueConstraint("organisation_id", "key"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(primary_key=True)
    organisation_id: Mapped[int] = mapped_column(ForeignKey(Organisation.id))
    key: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime]


class Model(Base):
    """A user's machine-learning model. Its integer id also names its table of events, so it is never given twice."""

    __tablename__ = "models"
    __table_args__ = (
        UniqueConstraint("organisation_id", "key"),
        Index("ix_models_project_id_name", "project_id", "name"),
        Index(
            "uq_models_champion",
            "project_id",
            "name",
            unique=True,
            sqlite_where=text("deployment_place = 'champion'"),
            postgresql_where=text("deployment_place = 'champion'"),
        ),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    organisation_id: Mapped[int] = mapped_column(ForeignKey(Organisation.id))
    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"), index=True)
    key: Mapped[str] = mapped_column(String(200))
    name: Mapped[str] = mapped_column(String(200))
    version: Mapped[str | None] = mapped_column(String(200))
    description: Mapped[str | None] = mapped_column(Text)
    task: Mapped[str | None] = mapped_column(String(40))  # classification, regression, …
    time_zone: Mapped[str] = mapped_column(String(80), default="UTC")
    threshold: Mapped[float | None]  # from which score on the predicted class is 1; 0.5 unless set
    prediction_kind: Mapped[str | None] = mapped_column(String(12))
    attributes: Mapped[dict[str, Any]] = mapped_column(default=dict)  # training_accuracy, fairness_baseline, target, …
    monitor: Mapped[dict[str, Any] | None]
    windows: Mapped[dict[str, Any] | None]  # the kinds of its windows, as its volume chose them; see monitoring
    health: Mapped[str] = mapped_column(String(12), default="too_few")
    health_since: Mapped[datetime | None]
    health_reason: Mapped[str | None] = mapped_column(Text)
    deployment_status: Mapped[str] = mapped_column(String(24), default="draft", server_default="draft")
    deployment_place: Mapped[str | None] = mapped_column(String(12))  # champion, challenger; None: not in production
    deployment_since: Mapped[datetime | None]
    created_by: Mapped[str | None] = mapped_column(String(200))
    created_at: Mapped[datetime]
    first_event_at: Mapped[datetime | None]
    last_event_at: Mapped[datetime | None]
    event_count: Mapped[int] = mapped_column(BigId, default=0)


class Feature(Base):
    """One feature, under its readable name, and the column of the event store (`f1`, `f2`, …) that holds it."""

    __tablename__ = "features"
    __table_args__ = (UniqueConstraint("model_id", "column"),)

    model_id: Mapped[int] = mapped_column(ForeignKey("models.id"), primary_key=True)
    name: Mapped[str] = mapped_column(String(200), primary_key=True)
    kind: Mapped[str] = mapped_column(String(12))  # numeric, categorical, boolean
    column: Mapped[str] = mapped_column(String(8))
    position: Mapped[int]
    added_at: Mapped[datetime]


class Baseline(Base):
    """A reference: what a model's data looked like when all was well. At most one of a model is current."""

    __tablename__ = "baselines"
    __table_args__ = (
        Index(
            "uq_baselines_current",
            "model_id",
            unique=True,
            sqlite_where=text("status IN ('provisional', 'confirmed')"),
            postgresql_where=text("status IN ('provisional', 'confirmed')"),
        ),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    model_id: Mapped[int] = mapped_column(ForeignKey("models.id"), index=True)
    status: Mapped[str] = mapped_column(String(12))  # building, provisional, confirmed, replaced
    source: Mapped[str] = mapped_column(String(12))  # upload, window, first_events
    starts_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]
    rows: Mapped[int] = mapped_column(BigId, default=0)
    profile: Mapped[bytes | None] = mapped_column(LargeBinary)
    note: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
