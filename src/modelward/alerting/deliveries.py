"""The outbox: messages are written down in the transaction of what they tell, and sent afterwards, at least once."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from modelward.alerting.channel_tables import Channel, Delivery
from modelward.alerting.messages import Message
from modelward.jobs.service import enqueue
from modelward.kit.database import insert_into
from modelward.kit.ids import uuid7

QUICK, SLOW = "deliver", "deliver_slowly"
"""Kinds of jobs, whose key is the channel's id: what answers late, or not at all, has a lane of its own."""
ADMINS = "admins"
LONGEST_WAIT = timedelta(days=1)


def queue(session: Session, *, message: Message, channel_ids: Sequence[int] | None, now: datetime) -> int:
    """Write down that the message is to be sent, and answer to how many channels.

    `None` is the organisation's default: all of its channels that are on, or, where there are none, e-mail to its
    owners and admins. Of channels that are named, those that are paused, disabled or gone are left out; where none of
    them is left, the default is told. An empty list is told nobody.
    """
    channels = _channels(session, message.organisation_id, channel_ids)
    if channel_ids and not channels:
        channel_ids, channels = None, _channels(session, message.organisation_id, None)
    if channel_ids is None and not channels:
        channels = [admins_channel(session, organisation_id=message.organisation_id, now=now)]
    for channel in channels:
        put(session, channel, message, now=now)
    return len(channels)


def put(session: Session, channel: Channel, message: Message, *, now: datetime, message_id: str | None = None) -> int:
    """Write down one message for one channel, whatever its state; gives the delivery's id."""
    delivery = Delivery(
        organisation_id=channel.organisation_id,
        channel_id=channel.id,
        channel_name=channel.name,
        message_id=message_id or f"msg_{uuid7(int(now.timestamp() * 1000))}",
        message=message.to_dict(),
        kind=message.kind,
        incident_id=message.incident_id,
        state="waiting",
        attempts=0,
        created_at=now,
    )
    session.add(delivery)
    session.flush()
    wake(session, channel, now=now)
    return delivery.id


def wake(session: Session, channel: Channel, *, now: datetime) -> None:
    """Ask for the job that sends what waits for the channel: now, or when it is to be tried again."""
    enqueue(session, SLOW if channel.slow else QUICK, str(channel.id), run_at=due_at(channel, now=now))


def due_at(channel: Channel, *, now: datetime) -> datetime:
    """When the channel may be tried. No wait is longer than a day: a clock that was wrong wrote what says so."""
    retry_at = channel.retry_at
    return retry_at if retry_at is not None and now < retry_at <= now + LONGEST_WAIT else now


def of_incident(session: Session, incident_id: int) -> list[Delivery]:
    """The messages of an incident, oldest first."""
    query = select(Delivery).where(Delivery.incident_id == incident_id).order_by(Delivery.id)
    return list(session.scalars(query))


def admins_channel(session: Session, *, organisation_id: int, now: datetime) -> Channel:
    """The default channel of an organisation, made when it is not there yet."""
    row = {
        "organisation_id": organisation_id,
        "kind": ADMINS,
        "name": "Owners and admins",
        "state": "on",
        "options": {},
        "hint": "",
        "created_at": now,
        "changed_at": now,
        "failures": 0,
        "slow": False,
    }
    session.execute(insert_into(session, Channel).values(row).on_conflict_do_nothing())
    mine = (Channel.organisation_id == organisation_id, Channel.kind == ADMINS)
    return session.scalars(select(Channel).where(*mine)).one()


def _channels(session: Session, organisation_id: int, channel_ids: Sequence[int] | None) -> list[Channel]:
    query = select(Channel).where(Channel.organisation_id == organisation_id, Channel.state == "on")
    named = Channel.kind != ADMINS if channel_ids is None else Channel.id.in_(channel_ids)
    return list(session.scalars(query.where(named).order_by(Channel.id)))
