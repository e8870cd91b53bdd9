"""Due work, the schedule that makes more of it, and named leases."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from modelward.kit.database import Base, BigId


class Job(Base):
    """Something to be done once `run_at` has come, by whoever claims it first. One row for each (kind, key)."""

    __tablename__ = "jobs"
    __table_args__ = (
        UniqueConstraint("kind", "key"),
        Index("ix_jobs_due", "state", "run_at"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    kind: Mapped[str] = mapped_column(String(80))
    key: Mapped[str] = mapped_column(String(400))
    payload: Mapped[dict[str, Any] | None]
    run_at: Mapped[datetime]
    owner: Mapped[str | None] = mapped_column(String(200))
    lease_until: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)  # begun so often since it last succeeded
    fence: Mapped[int] = mapped_column(BigId, default=0)  # claimed so often ever: tells one claim from the next
    generation: Mapped[int] = mapped_column(BigId, default=1)  # asked for so often: grows when asked for while it runs
    claimed_generation: Mapped[int] = mapped_column(BigId, default=0)
    state: Mapped[str] = mapped_column(String(8), default="due")  # due, dead
    error: Mapped[str | None] = mapped_column(Text)


class Schedule(Base):
    """A job that is asked for again and again."""

    __tablename__ = "job_schedules"

    name: Mapped[str] = mapped_column(String(200), primary_key=True)
    kind: Mapped[str] = mapped_column(String(80))
    payload: Mapped[dict[str, Any] | None]
    every_seconds: Mapped[int]
    next_at: Mapped[datetime] = mapped_column(index=True)


class Lease(Base):
    """Who holds a name (`model:7`), and until when."""

    __tablename__ = "leases"

    name: Mapped[str] = mapped_column(String(200), primary_key=True)
    owner: Mapped[str] = mapped_column(String(200))
    until: Mapped[datetime]
