"""Channels and deliveries over HTTP. Readers see names and states; an admin of the whole organisation changes them."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response, status

from modelward.accounts.api_route import ApiRoute
from modelward.accounts.permission import Admin, Reader
from modelward.accounts.principal import Principal, Right
from modelward.alerting import delivery_log, manage_channels
from modelward.alerting.channel_schemas import (
    ChannelAnswer,
    ChannelChange,
    ChannelPage,
    ChannelsAsked,
    DeliveriesAsked,
    DeliveryAnswer,
    DeliveryPage,
    MadeChannel,
    NewChannel,
    Preview,
    Rotation,
)
from modelward.alerting.channel_tables import Channel
from modelward.alerting.channels.catalogue import kind_of
from modelward.alerting.channels.sample import sample_message
from modelward.alerting.post import Post
from modelward.alerting.preview import preview
from modelward.alerting.values import values_of
from modelward.kit.clock import now
from modelward.kit.paging import lead_on
from modelward.kit.web import Reading, Writing
from modelward.registry.service import LARGEST_ID

router = APIRouter(route_class=ApiRoute, tags=["alerting"])

Id = Annotated[int, Path(ge=1, le=LARGEST_ID)]


@router.post("/channels", status_code=status.HTTP_201_CREATED)
def create_channel(
    body: NewChannel, request: Request, response: Response, session: Writing, admin: Admin
) -> MadeChannel:
    """Make a channel. Where a webhook is given no signing secret, one is made, and is in this answer alone."""
    made = manage_channels.make_channel(session, maker=admin, body=body, settings=request.app.state.settings, now=now())
    return _shown_once(response, admin, *made)


@router.get("/channels")
def list_channels(
    request: Request, response: Response, session: Reading, reader: Reader, asked: Annotated[ChannelsAsked, Query()]
) -> ChannelPage:
    """The channels of the organisation and how they are. What they are set to is for admins."""
    page = delivery_log.channels_page(session, principal=reader, asked=asked)
    lead_on(request, response, page.next)
    return ChannelPage(items=[answer_of(channel, reader) for channel in page.items], next=page.next)


@router.get("/channels/{channel_id}")
def read_channel(channel_id: Id, session: Reading, reader: Reader) -> ChannelAnswer:
    """One channel."""
    return answer_of(manage_channels.channel_of(session, principal=reader, channel_id=channel_id), reader)


@router.patch("/channels/{channel_id}")
def change_channel(
    channel_id: Id, body: ChannelChange, request: Request, session: Writing, admin: Admin
) -> ChannelAnswer:
    """Change what is given; secrets that are not given stay. `state: on` begins anew with what waits for it."""
    changed = manage_channels.change_channel(
        session,
        changer=admin,
        channel_id=channel_id,
        body=body,
        settings=request.app.state.settings,
        now=now(),
    )
    return answer_of(changed, admin)


@router.delete("/channels/{channel_id}", status_code=status.HTTP_204_NO_CONTENT)
def delete_channel(channel_id: Id, session: Writing, admin: Admin) -> None:
    """End a channel. What waits for it is not sent; the log of what it was sent stays."""
    manage_channels.delete_channel(session, deleter=admin, channel_id=channel_id, now=now())


@router.post("/channels/{channel_id}/test", status_code=status.HTTP_202_ACCEPTED)
def test_channel(channel_id: Id, session: Writing, admin: Admin) -> DeliveryAnswer:
    """Send a message that says it is a test. The delivery's `state` tells in a moment what came of it."""
    return DeliveryAnswer.of(manage_channels.try_channel(session, tester=admin, channel_id=channel_id, now=now()))


@router.get("/channels/{channel_id}/preview")
def preview_channel(channel_id: Id, request: Request, session: Reading, admin: Admin) -> Preview:
    """A message as this channel would send it, without its secrets. Nothing is sent."""
    channel = manage_channels.channel_of(session, principal=admin, channel_id=channel_id)
    settings, moment = request.app.state.settings, now()
    message = sample_message(organisation_id=admin.organisation_id, at=moment)
    letter = Post(settings).letter(message, "msg_preview", now=moment)
    shown = preview(kind_of(channel.kind), values_of(channel, settings, now=moment), letter)
    return Preview.model_validate(shown, from_attributes=True)


@router.post("/channels/{channel_id}/rotate-secret")
def rotate_channel_secret(
    channel_id: Id,
    request: Request,
    response: Response,
    session: Writing,
    admin: Admin,
    *,
    body: Rotation | None = None,
) -> MadeChannel:
    """Give a webhook a new signing secret, shown once. Until the grace is over both sign, so nothing is refused."""
    made = manage_channels.rotate_secret(
        session,
        changer=admin,
        channel_id=channel_id,
        grace_hours=(body or Rotation()).grace_hours,
        settings=request.app.state.settings,
        now=now(),
    )
    return _shown_once(response, admin, *made)


@router.get("/deliveries")
def list_deliveries(
    request: Request, response: Response, session: Reading, reader: Reader, asked: Annotated[DeliveriesAsked, Query()]
) -> DeliveryPage:
    """What was sent to which channel and what came of it, the latest first."""
    page = delivery_log.deliveries_page(session, principal=reader, asked=asked)
    lead_on(request, response, page.next)
    return DeliveryPage(items=[DeliveryAnswer.of(delivery) for delivery in page.items], next=page.next)


@router.post("/deliveries/{delivery_id}/resend", status_code=status.HTTP_202_ACCEPTED)
def resend_delivery(delivery_id: Id, session: Writing, admin: Admin) -> DeliveryAnswer:
    """Send the same message to the same channel again, as a delivery of its own with the same message id."""
    return DeliveryAnswer.of(delivery_log.resend(session, sender=admin, delivery_id=delivery_id, now=now()))


def answer_of(channel: Channel, principal: Principal) -> ChannelAnswer:
    """The channel as this caller may see it."""
    admin = principal.may(Right.ADMIN)
    told = {name: getattr(channel, name) for name in ChannelAnswer.model_fields if name not in ("hint", "config")}
    return ChannelAnswer(**told, hint=channel.hint if admin else None, config=dict(channel.options) if admin else None)


def _shown_once(response: Response, admin: Principal, channel: Channel, secret: str | None) -> MadeChannel:
    response.headers["Cache-Control"] = "no-store"
    return MadeChannel(**answer_of(channel, admin).model_dump(), signing_secret=secret)
