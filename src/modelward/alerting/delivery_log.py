"""Reading what was sent, and sending it again."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from modelward.accounts.principal import Principal
from modelward.alerting.channel_schemas import ChannelsAsked, DeliveriesAsked
from modelward.alerting.channel_tables import Channel, Delivery
from modelward.alerting.deliveries import put
from modelward.alerting.messages import Message
from modelward.audit.service import record
from modelward.errors import Conflict, NotFound
from modelward.kit.paging import Page, listed


def channels_page(session: Session, *, principal: Principal, asked: ChannelsAsked) -> Page[Channel]:
    """The channels of the organisation; none for a caller who sees a part of it alone."""
    if not principal.scope.whole:
        return Page((), None)
    query = select(Channel).where(Channel.organisation_id == principal.organisation_id)
    columns = {name: getattr(Channel, name) for name in ("id", "name", "created_at", "kind", "state")}
    return listed(session, query, asked, columns=columns, key=Channel.id)


def deliveries_page(session: Session, *, principal: Principal, asked: DeliveriesAsked) -> Page[Delivery]:
    """What was sent and what is to be; none for a caller who sees a part of the organisation alone."""
    if not principal.scope.whole:
        return Page((), None)
    query = select(Delivery).where(Delivery.organisation_id == principal.organisation_id)
    names = ("id", "created_at", "channel_id", "incident_id", "state", "kind")
    return listed(session, query, asked, columns={name: getattr(Delivery, name) for name in names}, key=Delivery.id)


def resend(session: Session, *, sender: Principal, delivery_id: int, now: datetime) -> Delivery:
    """Queue the same message for the same channel once more, under its old message id.

    Raises:
        NotFound: there is no such delivery.
        Conflict: it waits already, or its channel is not on.
    """
    delivery = session.get(Delivery, delivery_id)
    if delivery is None or delivery.organisation_id != sender.organisation_id or not sender.scope.whole:
        raise NotFound(f"There is no delivery {delivery_id}.")
    channel = session.get(Channel, delivery.channel_id) if delivery.channel_id is not None else None
    if delivery.state == "waiting":
        raise Conflict("This message is still on its way.")
    if channel is None or channel.state != "on":
        raise Conflict(f"The channel {delivery.channel_name!r} is not on: switch it on first.")
    channel.retry_at = None
    message = Message.from_dict(delivery.message)
    made = put(session, channel, message, now=now, message_id=delivery.message_id)
    record(
        session,
        organisation_id=channel.organisation_id,
        author=sender.author,
        action="delivery.resent",
        object_kind="delivery",
        object_id=delivery.id,
        object_title=message.title,
        at=now,
        after={"channel": channel.name},
    )
    return session.get_one(Delivery, made)
