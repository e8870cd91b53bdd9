"""What is kept of the quality of a model's data, and what its columns must be."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from modelward.kit.database import Base, BigId


class QualityRecord(Base):
    """The quality of an evaluated window: the findings that alarm, as JSON. It comes and goes with the evaluation."""

    __tablename__ = "monitoring_quality"

    evaluation_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("monitoring_evaluations.id", ondelete="CASCADE"), primary_key=True
    )
    verdict: Mapped[str]
    too_few: Mapped[bool]
    reason: Mapped[str]
    rows: Mapped[int]
    repeated: Mapped[int]
    findings: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    more: Mapped[int]


class QualityState(Base):
    """The quality of a model now. `late`: whether its events are overdue; `settled_at`: when this was decided last."""

    __tablename__ = "monitoring_quality_states"

    model_id: Mapped[int] = mapped_column(ForeignKey("models.id", ondelete="CASCADE"), primary_key=True)
    verdict: Mapped[str]
    since: Mapped[datetime | None]
    reason: Mapped[str]
    late: Mapped[bool]
    watched_since: Mapped[datetime]
    settled_at: Mapped[datetime]


class Constraints(Base):
    """The constraints in force on a model's columns, as JSON; a model without a row has none."""

    __tablename__ = "monitoring_constraints"

    model_id: Mapped[int] = mapped_column(ForeignKey("models.id", ondelete="CASCADE"), primary_key=True)
    in_force: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    changed_at: Mapped[datetime]


class Repeated(Base):
    """How many events of a bucket came again under an id that was stored.

    After a crash in the middle of a step its events may be counted here once too often; a single window of that warns,
    and one warning makes no alarm.
    """

    __tablename__ = "monitoring_repeated"

    model_id: Mapped[int] = mapped_column(ForeignKey("models.id", ondelete="CASCADE"), primary_key=True)
    bucket: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    events: Mapped[int]
