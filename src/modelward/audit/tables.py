"""The chain and its head. No foreign keys: audit lies below what it speaks of, and outlives it."""

import json
from datetime import datetime
from typing import Any

from sqlalchemy import Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from modelward.kit.database import Base


class AuditEntry(Base):
    """One change of one thing by somebody. `position` counts from 1 without a gap within its organisation.

    What changed is kept as the text that the hash was taken of, not as the database's own idea of JSON.
    """

    __tablename__ = "audit_entries"
    __table_args__ = (
        Index("ix_audit_entries_model", "organisation_id", "model_id", "position"),
        Index("ix_audit_entries_action", "organisation_id", "action", "position"),
        Index("ix_audit_entries_at", "organisation_id", "at"),
    )

    organisation_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    author_title: Mapped[str] = mapped_column(Text)
    author_kind: Mapped[str] = mapped_column(String(10))
    author_id: Mapped[int | None]
    on_behalf_of: Mapped[str | None] = mapped_column(Text)
    address: Mapped[str | None] = mapped_column(Text)
    action: Mapped[str] = mapped_column(String(80))  # model.registered, policy.changed
    object_kind: Mapped[str] = mapped_column(String(40))
    object_id: Mapped[str | None] = mapped_column(Text)
    object_title: Mapped[str] = mapped_column(Text)
    model_id: Mapped[int | None]
    before_json: Mapped[str | None] = mapped_column("before", Text)
    after_json: Mapped[str | None] = mapped_column("after", Text)
    reason: Mapped[str | None] = mapped_column(Text)
    key_mark: Mapped[str] = mapped_column(String(16))  # tells keys apart, and is none
    previous: Mapped[str] = mapped_column(String(64))  # the hash of the entry before
    hash: Mapped[str] = mapped_column(String(64))

    @property
    def before(self) -> dict[str, Any] | None:
        """The fields that changed, as they were."""
        return None if self.before_json is None else json.loads(self.before_json)

    @property
    def after(self) -> dict[str, Any] | None:
        """The fields that changed, as they are since."""
        return None if self.after_json is None else json.loads(self.after_json)


class AuditHead(Base):
    """The last entry of an organisation's chain. `seal` proves that whoever wrote this row had the key."""

    __tablename__ = "audit_heads"

    organisation_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    position: Mapped[int]
    hash: Mapped[str] = mapped_column(String(64))
    key_mark: Mapped[str] = mapped_column(String(16))
    seal: Mapped[str] = mapped_column(String(64))


class AuditCheck(Base):
    """What the last verification of an organisation's chain found. `code` is None where the chain is whole."""

    __tablename__ = "audit_checks"

    organisation_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    checked_at: Mapped[datetime]
    entries: Mapped[int]  # those that are as they were written, before the first that is not
    hash: Mapped[str] = mapped_column(String(64))
    position: Mapped[int | None]
    code: Mapped[str | None] = mapped_column(String(20))
    sentence: Mapped[str | None] = mapped_column(Text)
