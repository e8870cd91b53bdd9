"""What organisations ask of their models, every version of it."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from modelward.kit.database import Base, BigId


class PolicyVersion(Base):
    """One version of what an organisation, a project or a model asks: `body` holds only what it names.

    Versions are never changed or deleted; the newest of a scope is in force. `scope_id` is the id of what `scope` says.
    """

    __tablename__ = "governance_policies"
    __table_args__ = (UniqueConstraint("scope", "scope_id", "number"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    scope: Mapped[str] = mapped_column(String(12))  # organisation, project, model
    scope_id: Mapped[int]
    number: Mapped[int]
    body: Mapped[dict[str, Any]]
    author: Mapped[str] = mapped_column(String(200))
    note: Mapped[str | None] = mapped_column(Text)
    at: Mapped[datetime]
