"""Monitoring's rows: profiles (a cache of the raw events), what is to be done to them, and what was concluded.

Buckets and days are named by the second of the epoch at which they begin. Partials and bucket profiles hold all columns
in one payload (see payload.py); a day holds a row a column, so that a year of one column is read without the others.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from modelward.kit.database import Base, BigId


def _model_id(*, primary_key: bool = False) -> Mapped[int]:
    return mapped_column(ForeignKey("models.id", ondelete="CASCADE"), primary_key=primary_key)


class Absorbed(Base):
    """A batch of the mover whose new rows are in the profiles; kept while the journal could bring it again."""

    __tablename__ = "monitoring_absorbed"
    __table_args__ = (Index("ix_monitoring_absorbed_at", "at"),)

    model_id: Mapped[int] = _model_id(primary_key=True)
    batch: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime]


class Partial(Base):
    """The profile of one batch's rows in one bucket, or (level > 0) of several batches merged.

    Ids only grow, also after deletions: "all partials up to this one" is how a rebuild knows what its scan saw.
    """

    __tablename__ = "monitoring_partials"
    __table_args__ = (UniqueConstraint("model_id", "bucket", "batch"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    model_id: Mapped[int] = _model_id()
    bucket: Mapped[int] = mapped_column(BigInteger)
    batch: Mapped[str]
    level: Mapped[int]
    rows: Mapped[int]
    payload: Mapped[bytes]


class BucketProfile(Base):
    """The profile of a bucket: rebuilt from raw rows, or settled from its partials; partials beside it come on top.

    `merges` counts how often partials were merged in since it was built from raw rows.
    """

    __tablename__ = "monitoring_buckets"

    model_id: Mapped[int] = _model_id(primary_key=True)
    bucket: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    rows: Mapped[int]
    payload: Mapped[bytes]
    generation: Mapped[int]
    merges: Mapped[int]
    built_at: Mapped[datetime]


class DayProfile(Base):
    """A whole day of the model's zone, rolled up; it is there only while every bucket of it is unchanged."""

    __tablename__ = "monitoring_days"
    __table_args__ = (UniqueConstraint("model_id", "starts_at"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    model_id: Mapped[int] = _model_id()
    starts_at: Mapped[int] = mapped_column(BigInteger)
    ends_at: Mapped[int] = mapped_column(BigInteger)
    rows: Mapped[int]


class DayColumn(Base):
    """One column of a rolled-up day."""

    __tablename__ = "monitoring_day_columns"

    day_id: Mapped[int] = mapped_column(BigId, ForeignKey("monitoring_days.id", ondelete="CASCADE"), primary_key=True)
    column: Mapped[str] = mapped_column("column_name", primary_key=True)
    payload: Mapped[bytes]


class BucketMark(Base):
    """Something to be done about a bucket; cleared only where its generation has not grown since it was read.

    `kind`: ``dirty`` (rows are missing in its profile), ``stale`` (labels or duplicates came), ``due`` (its profile
    changed, so that windows over it are to be evaluated), and those of `marks.py` for joint summaries and segments.
    """

    __tablename__ = "monitoring_marks"

    model_id: Mapped[int] = _model_id(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    bucket: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    generation: Mapped[int]
    marked_at: Mapped[datetime]


class Activity(Base):
    """When a model's events arrive, by our clock, and how far their own time has come."""

    __tablename__ = "monitoring_activity"

    model_id: Mapped[int] = _model_id(primary_key=True)
    last_arrival_at: Mapped[datetime]
    longest_gap_seconds: Mapped[float]
    newest_ts: Mapped[datetime]
    bucket_seconds: Mapped[int]
    time_zone: Mapped[str] = mapped_column(server_default="UTC")
    rebuild_not_before: Mapped[datetime]
    forgotten_before: Mapped[int | None] = mapped_column(BigInteger)
    """The bucket before which raw events were deleted: older profiles can't be rebuilt, and stay as they are."""


class Evaluation(Base):
    """One window held against the reference: the verdict, its measures for the charts, and the whole comparison."""

    __tablename__ = "monitoring_evaluations"
    __table_args__ = (UniqueConstraint("model_id", "kind", "starts_at"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    model_id: Mapped[int] = _model_id()
    kind: Mapped[str]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    closed: Mapped[bool]
    verdict: Mapped[str]
    level: Mapped[str]
    drifted: Mapped[bool]
    rows: Mapped[int]
    rows_reference: Mapped[int]
    psi: Mapped[float | None]
    ks: Mapped[float | None]
    reason: Mapped[str]
    measures: Mapped[dict[str, Any]] = mapped_column(JSON)
    comparison: Mapped[dict[str, Any]] = mapped_column(JSON)
    evaluated_at: Mapped[datetime]
    baseline_id: Mapped[int | None]
    baseline_status: Mapped[str]


class ColumnEvaluation(Base):
    """One column of an evaluation, as narrow as the heat map and the alarm rule need it."""

    __tablename__ = "monitoring_column_evaluations"

    evaluation_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("monitoring_evaluations.id", ondelete="CASCADE"), primary_key=True
    )
    column: Mapped[str] = mapped_column("column_name", primary_key=True)
    kind: Mapped[str]
    level: Mapped[str]
    drifted: Mapped[bool]
    psi: Mapped[float | None]
    ks: Mapped[float | None]
    p_value: Mapped[float | None]
    reason: Mapped[str]


class ReferenceEvent(Base):
    """An event that a provisional reference was taken from, so that it is not held against itself."""

    __tablename__ = "monitoring_reference_events"

    baseline_id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[str] = mapped_column(primary_key=True)


class Joint(Base):
    """What predictions and labels (or groups) of one span amount to together: a bucket, or a day rolled up from them.

    `name` is ``@outcome`` for performance, else a protected attribute or two of them. `labelled` rows have a prediction
    and a label. Rows of another `recipe` (another task, threshold or grouping) are as if they were not there.
    """

    __tablename__ = "monitoring_joint"

    model_id: Mapped[int] = _model_id(primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    bucket: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    ends_at: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    recipe: Mapped[str]
    rolled_up: Mapped[bool]
    rows: Mapped[int]
    labelled: Mapped[int]
    delay_seconds: Mapped[float | None]
    payload: Mapped[bytes]
    generation: Mapped[int]
    built_at: Mapped[datetime]


class PerformanceState(Base):
    """What holds for a model's performance and fairness between two looks at it.

    `settings` tells whether anything that decides has changed since; `recipe` is that of the joint summaries. `seen`
    is what its labels and predictions look like. `basis` says which rows are the standard (and the calibration) of the
    others, and what was measured there. `judged_until` is the start of the newest window that labels have judged.
    """

    __tablename__ = "monitoring_performance_states"

    model_id: Mapped[int] = _model_id(primary_key=True)
    settings: Mapped[str]
    recipe: Mapped[str]
    seen: Mapped[dict[str, Any]] = mapped_column(JSON)
    basis: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    calibration: Mapped[bytes | None]
    verdict: Mapped[str | None]
    since: Mapped[datetime | None]
    reason: Mapped[str | None]
    judged_until: Mapped[datetime | None]
    fairness: Mapped[dict[str, Any]] = mapped_column(JSON)
    build_not_before: Mapped[datetime]


class Performance(Base):
    """The performance of one window: estimated, then measured on the labels that there are, then final.

    `metric` is the one that the window is judged by, with its value, its estimate and both intervals; `measures` holds
    all of them. `parted` says whether truth and estimate contradict each other, None where one of them is not known.
    """

    __tablename__ = "monitoring_performance"
    __table_args__ = (UniqueConstraint("model_id", "kind", "starts_at"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    model_id: Mapped[int] = _model_id()
    kind: Mapped[str]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    closed: Mapped[bool]
    task: Mapped[str]
    state: Mapped[str]
    verdict: Mapped[str]
    reason: Mapped[str]
    rows: Mapped[int]
    labelled: Mapped[int]
    metric: Mapped[str | None]
    value: Mapped[float | None]
    low: Mapped[float | None]
    high: Mapped[float | None]
    estimate: Mapped[float | None]
    estimate_low: Mapped[float | None]
    estimate_high: Mapped[float | None]
    parted: Mapped[bool | None]
    calibrated_on: Mapped[bool]
    measures: Mapped[dict[str, Any]] = mapped_column(JSON)
    evaluated_at: Mapped[datetime]


class Fairness(Base):
    """How one window treats the groups of one protected attribute, or of two together."""

    __tablename__ = "monitoring_fairness"
    __table_args__ = (UniqueConstraint("model_id", "kind", "starts_at", "attribute"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    model_id: Mapped[int] = _model_id()
    kind: Mapped[str]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    closed: Mapped[bool]
    attribute: Mapped[str]
    verdict: Mapped[str]
    reason: Mapped[str]
    rows: Mapped[int]
    labelled: Mapped[int]
    score: Mapped[float | None]
    low: Mapped[float | None]
    high: Mapped[float | None]
    measures: Mapped[dict[str, Any]] = mapped_column(JSON)
    evaluated_at: Mapped[datetime]
