"""Segments' rows: what is kept of each value of a declared segment, what its windows said, and what holds now."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from modelward.kit.database import Base, BigId


def _model_id(*, primary_key: bool = False) -> Mapped[int]:
    return mapped_column(ForeignKey("models.id", ondelete="CASCADE"), primary_key=primary_key)


class SegmentSummary(Base):
    """The profile and the joint summaries of one value of a segment over one span.

    `level` says what the span is: 0 a bucket, 1 a day that took the place of its buckets, 2 a longer span (that of the
    reference) that was merged once. Rows of another `recipe` are as if they were not there.
    """

    __tablename__ = "monitoring_segments"
    __table_args__ = (Index("ix_monitoring_segments_span", "model_id", "recipe", "bucket", "ends_at"),)

    model_id: Mapped[int] = _model_id(primary_key=True)
    segment: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str] = mapped_column(primary_key=True)
    bucket: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    ends_at: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    level: Mapped[int]
    recipe: Mapped[str]
    rows: Mapped[int]
    profile: Mapped[bytes]
    joint: Mapped[bytes]


class SegmentState(Base):
    """How a model's rows are divided, and what its segments amount to now.

    `settings` and `recipe` as in the state of performance. `generation` counts the changes to the summaries. `basis`
    tells by what the windows were judged: when it changes, they are judged anew. `alarms` are those that hold, the
    gravest first.
    """

    __tablename__ = "monitoring_segment_states"

    model_id: Mapped[int] = _model_id(primary_key=True)
    settings: Mapped[str]
    recipe: Mapped[str]
    cuts: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    generation: Mapped[int]
    basis: Mapped[str]
    verdict: Mapped[str]
    since: Mapped[datetime | None]
    reason: Mapped[str]
    alarms: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    build_not_before: Mapped[datetime]


class SegmentWindow(Base):
    """One value of a segment in one window: its drift, quality, performance and fairness, as narrow as a line of them
    needs it.

    `columns` are the features' PSI, and the reasons of those that moved. `performance` and `fairness` hold the verdict,
    the reason and the figures with their intervals.
    """

    __tablename__ = "monitoring_segment_windows"
    __table_args__ = (
        UniqueConstraint("model_id", "kind", "segment", "value", "starts_at", name="uq_monitoring_segment_windows"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    model_id: Mapped[int] = _model_id()
    kind: Mapped[str]
    segment: Mapped[str]
    value: Mapped[str]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    closed: Mapped[bool]
    rows: Mapped[int]
    rows_reference: Mapped[int]
    verdict: Mapped[str]
    psi: Mapped[float | None]
    reason: Mapped[str]
    columns: Mapped[dict[str, Any]] = mapped_column(JSON)
    quality: Mapped[dict[str, Any]] = mapped_column(JSON)
    performance: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    fairness: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    evaluated_at: Mapped[datetime]


class SegmentYardstick(Base):
    """How far the reference's windows of one kind of one value of a segment lie from one another.

    `settings` is what it was made by: with others it is as if it were not there. `outdated` ones still hold, and are
    made anew when nothing else is to be built. `calibration` is None where fewer than two windows have enough rows.
    """

    __tablename__ = "monitoring_segment_yardsticks"

    model_id: Mapped[int] = _model_id(primary_key=True)
    window: Mapped[str] = mapped_column(primary_key=True)
    segment: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str] = mapped_column(primary_key=True)
    settings: Mapped[str]
    outdated: Mapped[bool]
    calibration: Mapped[bytes | None]
