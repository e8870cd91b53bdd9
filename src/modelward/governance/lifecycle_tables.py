"""Who moved a version where, knowing what; and who approved it."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from modelward.kit.database import Base, BigId
from modelward.registry.tables import Model


class Transition(Base):
    """One step of a version's life, as it was decided. Never changed, but for `ended_at` of an override.

    `author` is who did it as JSON (title, kind, id, people behind it); `policies` the versions of the policies under
    which it was decided; `evidence` what the gate read at that moment, and `grounds` what it said against it: the
    reasons that an override went past.
    """

    __tablename__ = "governance_transitions"
    __table_args__ = (
        Index("ix_governance_transitions_model", "model_id", "id"),
        Index("ix_governance_transitions_recent", "organisation_id", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    organisation_id: Mapped[int]
    model_id: Mapped[int] = mapped_column(ForeignKey(Model.id))
    action: Mapped[str] = mapped_column(String(24))  # submit, approve, …; and expire, which nobody asks for
    before: Mapped[str] = mapped_column(String(24))
    after: Mapped[str] = mapped_column(String(24))
    place_before: Mapped[str | None] = mapped_column(String(12))
    place_after: Mapped[str | None] = mapped_column(String(12))
    author: Mapped[dict[str, Any]]
    at: Mapped[datetime]
    justification: Mapped[str | None] = mapped_column(Text)
    policies: Mapped[list[Any]]
    evidence: Mapped[dict[str, Any]]
    grounds: Mapped[list[Any]]
    override: Mapped[bool] = mapped_column(default=False)
    expires_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]  # when an override ran out
    other_model_id: Mapped[int | None]  # the version that this one replaced, was replaced by, or brought back


class Approval(Base):
    """One approval of one submission (`submission_id`, a transition), by one person or key."""

    __tablename__ = "governance_approvals"
    __table_args__ = (UniqueConstraint("submission_id", "holder"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    model_id: Mapped[int] = mapped_column(ForeignKey(Model.id), index=True)
    submission_id: Mapped[int] = mapped_column(ForeignKey("governance_transitions.id"))
    holder: Mapped[str] = mapped_column(String(40))  # user:3, key:7, operator
    role: Mapped[str] = mapped_column(String(10))  # as it was at that moment
    author: Mapped[dict[str, Any]]
    at: Mapped[datetime]
    justification: Mapped[str | None] = mapped_column(Text)
