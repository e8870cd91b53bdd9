"""What changed, as rows."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from modelward.kit.database import Base, BigId


class Signal(Base):
    """One change of one thing. Written in the transaction of its cause; claimed later by whoever tells people."""

    __tablename__ = "signals"
    __table_args__ = (
        Index("ix_signals_recent", "organisation_id", "id"),
        Index("ix_signals_model", "model_id", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    # No foreign keys: signals lie below accounts and registry, and outlive what they speak of.
    organisation_id: Mapped[int]
    model_id: Mapped[int | None]
    kind: Mapped[str] = mapped_column(String(80))
    subject: Mapped[str] = mapped_column(Text)
    before: Mapped[str | None] = mapped_column(Text)
    after: Mapped[str | None] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    evidence: Mapped[dict[str, Any] | None]
    at: Mapped[datetime]
    claimed_at: Mapped[datetime | None]
