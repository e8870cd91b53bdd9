"""The risk of models: what holds now, and how it came to that."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from modelward.kit.database import Base, BigId


class RiskRecord(Base):
    """One step of a model's risk, with the event behind it.

    `event` says what moved it (`window`, `open_window`, `fairness`, `performance`, `policy`, `reference`, `daily`) and
    `cause` says it in a sentence. `sources` name the windows and policy versions that it was made from. What late data
    changed later is put right in the row itself, and `corrected_at` says when.
    """

    __tablename__ = "governance_risk_history"
    __table_args__ = (Index("ix_governance_risk_history_model", "model_id", "at", "id"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    model_id: Mapped[int] = mapped_column(ForeignKey("models.id", ondelete="CASCADE"))
    at: Mapped[datetime]
    risk_score: Mapped[float | None]
    status: Mapped[str | None] = mapped_column(String(12))
    event: Mapped[str] = mapped_column(String(20))
    cause: Mapped[str] = mapped_column(Text)
    components: Mapped[list[Any]]
    unmeasured: Mapped[list[Any]]
    reasons: Mapped[list[Any]]
    sources: Mapped[dict[str, Any]]
    corrected_at: Mapped[datetime | None]


class GovernanceState(Base):
    """What holds of a model now, as it was told last: its status and risk, since when, and why.

    `checks` are those of its policy, of which the share that holds is its compliance.
    `window_until` is the start of the newest closed window of drift that is in the history.
    """

    __tablename__ = "governance_states"

    model_id: Mapped[int] = mapped_column(ForeignKey("models.id", ondelete="CASCADE"), primary_key=True)
    status: Mapped[str | None] = mapped_column(String(12), index=True)
    risk_score: Mapped[float | None]
    since: Mapped[datetime]
    reasons: Mapped[list[Any]]
    components: Mapped[list[Any]]
    unmeasured: Mapped[list[Any]]
    checks: Mapped[list[Any]]
    sources: Mapped[dict[str, Any]]
    record_id: Mapped[int | None] = mapped_column(BigId)
    recorded_at: Mapped[datetime]
    window_until: Mapped[datetime | None]
    measured_at: Mapped[datetime | None]
