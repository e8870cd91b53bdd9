"""Where messages go, and the outbox: each message on its way to one channel."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from modelward.kit.database import Base, BigId


class Channel(Base):
    """One receiver. What is secret of it is sealed in `secret`; `hint` tells people which one it is.

    An organisation without channels has one of the kind `admins`, made when the first message is for it: e-mail to
    its owners and admins.
    """

    __tablename__ = "alerting_channels"
    __table_args__ = (
        Index(
            "uq_alerting_channels_admins",
            "organisation_id",
            unique=True,
            sqlite_where=text("kind = 'admins'"),
            postgresql_where=text("kind = 'admins'"),
        ),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    kind: Mapped[str] = mapped_column(String(20))
    name: Mapped[str] = mapped_column(String(200))
    state: Mapped[str] = mapped_column(String(10), default="on")  # on, paused (by a person), disabled (by the service)
    reason: Mapped[str | None] = mapped_column(Text)  # why it is disabled
    options: Mapped[dict[str, Any]]  # what is no secret
    secret: Mapped[bytes | None] = mapped_column(LargeBinary)
    hint: Mapped[str] = mapped_column(String(200), default="")
    created_by: Mapped[str | None] = mapped_column(String(200))
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    failures: Mapped[int] = mapped_column(default=0)  # in a row
    failing_since: Mapped[datetime | None]
    retry_at: Mapped[datetime | None]  # while it fails nothing is sent before
    slow: Mapped[bool] = mapped_column(default=False)  # it took long to answer, or fails: others need not wait for it
    error: Mapped[str | None] = mapped_column(Text)  # why the last try failed, as a sentence
    sent_at: Mapped[datetime | None]


class Delivery(Base):
    """One message to one channel. Written in the transaction of what it tells; sent afterwards, in this order."""

    __tablename__ = "alerting_deliveries"
    __table_args__ = (
        Index("ix_alerting_deliveries_due", "channel_id", "state", "id"),
        Index("ix_alerting_deliveries_recent", "organisation_id", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"))
    channel_id: Mapped[int | None] = mapped_column(ForeignKey("alerting_channels.id", ondelete="SET NULL"))
    channel_name: Mapped[str] = mapped_column(String(200))  # outlives the channel
    message_id: Mapped[str] = mapped_column(String(64))  # the same over all tries, and when it is sent again
    message: Mapped[dict[str, Any]]
    kind: Mapped[str] = mapped_column(String(10))  # of the message: firing, changed, reminder, resolved, test
    incident_id: Mapped[int | None] = mapped_column(index=True)  # of a table of this room that is younger
    state: Mapped[str] = mapped_column(String(10), default="waiting")  # waiting, sent, failed, dropped
    attempts: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    tried_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    error: Mapped[str | None] = mapped_column(Text)  # why it was not sent, as a sentence
