"""Channels: listed, made, tried, looked at with what they were sent, switched, and ended."""

import base64
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import HTMLResponse
from starlette.responses import Response

from modelward.accounts.permission import Admin, Reader
from modelward.accounts.principal import Principal, Right
from modelward.alerting import manage_channels
from modelward.alerting.channel_schemas import ChannelChange, ChannelsAsked, DeliveriesAsked, NewChannel
from modelward.alerting.channel_tables import Channel
from modelward.alerting.channels.catalogue import KINDS, kind_of
from modelward.alerting.channels.sample import sample_message
from modelward.alerting.delivery_log import channels_page, deliveries_page, resend
from modelward.alerting.post import NO_MAIL_SERVER, Post
from modelward.alerting.preview import Shown, preview
from modelward.alerting.values import values_of
from modelward.errors import Conflict, Invalid
from modelward.kit.clock import now
from modelward.kit.database import reading, writing
from modelward.kit.web import Writing
from modelward.web.errors import PageRoute
from modelward.web.forms import FOLLOW, Done, Text, done, shaped, told
from modelward.web.pages import page
from modelward.web.views.channels import channel_view, delivery_view

router = APIRouter(
    prefix="/settings/channels", route_class=PageRoute, include_in_schema=False, default_response_class=HTMLResponse
)
HOME = "/settings/channels"
_LOG = 20
_LARGEST_ID = 2**31 - 1
_NOT_SO = "Give the channel a name of at most 200 characters."


async def _given(request: Request) -> dict[str, str]:
    """The fields of a form whose names depend on the kind of channel."""
    return {name: value for name, value in (await request.form()).items() if isinstance(value, str)}


Given = Annotated[dict[str, str], Depends(_given)]


@router.get("")
def channels(request: Request, reader: Reader, done: Done = None) -> Response:
    moment = now()
    with reading(request.app.state.database) as session:
        found = channels_page(session, principal=reader, asked=ChannelsAsked(limit=200))
        log = deliveries_page(session, principal=reader, asked=DeliveriesAsked(limit=_LOG))
    return page(
        request,
        "channels.html",
        now=moment,
        channels=[channel_view(one, admin=reader.may(Right.ADMIN)) for one in found.items],
        deliveries=[delivery_view(one) for one in log.items],
        more=log.next is not None,
        kinds=KINDS.values(),
        mail=request.app.state.settings.smtp_url is not None,
        no_mail=NO_MAIL_SERVER,
        message=told(done),
    )


@router.get("/deliveries")
def deliveries(request: Request, reader: Reader, cursor: Annotated[str | None, Query()] = None) -> Response:
    asked = shaped(DeliveriesAsked, FOLLOW, limit=100, cursor=cursor)
    with reading(request.app.state.database) as session:
        log = deliveries_page(session, principal=reader, asked=asked)
    shown = [delivery_view(one) for one in log.items]
    return page(request, "deliveries.html", deliveries=shown, following=log.next)


@router.post("/deliveries/{delivery_id}/resend")
def send_again(delivery_id: int, session: Writing, admin: Admin) -> Response:
    resend(session, sender=admin, delivery_id=_known(delivery_id), now=now())
    return done(HOME, "resent")


@router.get("/new")
def new(request: Request, _: Admin, kind: Annotated[str, Query(max_length=20)] = "slack") -> Response:
    return _form(request, kind)


@router.post("/new")
def make(request: Request, admin: Admin, given: Given) -> Response:
    kind = given.get("kind", "")
    try:
        body = shaped(NewChannel, _NOT_SO, kind=kind, name=given.get("name", ""), config=_config(given))
        with writing(request.app.state.database) as session:
            channel, secret = manage_channels.make_channel(
                session, maker=admin, body=body, settings=request.app.state.settings, now=now()
            )
    except (Invalid, Conflict) as error:
        return _form(request, kind, failure=error.sentence, given=given, status=422)
    if secret is not None:
        return page(request, "channel_secret.html", channel=channel, secret=secret, grace_hours=None)
    return done(f"{HOME}/{channel.id}", "channel-made")


@router.get("/{channel_id}")
def channel(request: Request, channel_id: int, admin: Admin, done: Done = None) -> Response:
    return _page(request, admin, channel_id, message=told(done))


@router.post("/{channel_id}/test")
def try_it(channel_id: int, session: Writing, admin: Admin) -> Response:
    manage_channels.try_channel(session, tester=admin, channel_id=_known(channel_id), now=now())
    return done(f"{HOME}/{channel_id}", "channel-tested")


@router.post("/{channel_id}/change")
def change(request: Request, channel_id: int, admin: Admin, given: Given) -> Response:
    body = {"name": given.get("name") or None, "config": _config(given) or None}
    return _changed(request, admin, channel_id, body, "channel-changed")


@router.post("/{channel_id}/state")
def switch(request: Request, channel_id: int, admin: Admin, state: Text = "") -> Response:
    return _changed(request, admin, channel_id, {"state": state}, "channel-on" if state == "on" else "channel-paused")


@router.post("/{channel_id}/rotate")
def rotate(
    request: Request, channel_id: int, session: Writing, admin: Admin, hours: Annotated[int, Form(ge=0, le=720)] = 24
) -> Response:
    channel, secret = manage_channels.rotate_secret(
        session,
        changer=admin,
        channel_id=_known(channel_id),
        grace_hours=hours,
        settings=request.app.state.settings,
        now=now(),
    )
    return page(request, "channel_secret.html", channel=channel, secret=secret, grace_hours=hours)


@router.post("/{channel_id}/delete")
def end(
    request: Request, channel_id: int, session: Writing, admin: Admin, understood: Annotated[bool, Form()] = False
) -> Response:
    if not understood:
        wanted = "Nothing was done: say first that you know who is not told any more."
        return _page(request, admin, channel_id, failure=wanted, status=422)
    manage_channels.delete_channel(session, deleter=admin, channel_id=_known(channel_id), now=now())
    return done(HOME, "channel-deleted")


def _config(given: dict[str, str]) -> dict[str, str]:
    """What is filled in of the kind's own fields; what is left empty stays as it is."""
    return {name.removeprefix("field."): text for name, text in given.items() if name.startswith("field.") and text}


def _changed(request: Request, admin: Principal, channel_id: int, change: dict[str, Any], word: str) -> Response:
    try:
        body = shaped(ChannelChange, _NOT_SO, **change)
        with writing(request.app.state.database) as session:
            manage_channels.change_channel(
                session,
                changer=admin,
                channel_id=_known(channel_id),
                body=body,
                settings=request.app.state.settings,
                now=now(),
            )
    except (Invalid, Conflict) as error:
        return _page(request, admin, channel_id, failure=error.sentence, status=422)
    return done(f"{HOME}/{channel_id}", word)


def _form(
    request: Request, name: str, *, failure: str = "", given: dict[str, str] | None = None, status: int = 200
) -> Response:
    kind = KINDS.get(name)
    if kind is None:
        raise Invalid(FOLLOW)
    hidden = {f"field.{field.name}" for field in kind.fields if field.secret}
    kept = {name: text for name, text in (given or {}).items() if name not in hidden}
    mail = name != "email" or request.app.state.settings.smtp_url is not None
    return page(
        request,
        "channel_new.html",
        status=status,
        kind=kind,
        kinds=KINDS.values(),
        kept=kept,
        failure=failure,
        warning="" if mail else NO_MAIL_SERVER,
    )


def _page(
    request: Request,
    admin: Principal,
    channel_id: int,
    *,
    message: str | None = None,
    failure: str = "",
    status: int = 200,
) -> Response:
    moment = now()
    with reading(request.app.state.database) as session:
        found = manage_channels.channel_of(session, principal=admin, channel_id=_known(channel_id))
        asked = DeliveriesAsked(limit=_LOG, channel_id=found.id)
        log = deliveries_page(session, principal=admin, asked=asked)
    shown, unread = _previewed(request, found)
    sample = sample_message(organisation_id=admin.organisation_id, at=moment)
    return page(
        request,
        "_channel_now.html" if request.headers.get("x-part") == "channel" else "channel.html",
        status=status,
        now=moment,
        channel=channel_view(found, admin=True),
        kind=kind_of(found.kind),
        sample=sample,
        picture=base64.b64encode(sample.picture or b"").decode("ascii"),
        shown=shown,
        deliveries=[delivery_view(one) for one in log.items],
        on_its_way=any(one.state == "waiting" for one in log.items),
        message=message,
        failure=failure or unread,
    )


def _previewed(request: Request, channel: Channel) -> tuple[Shown | None, str]:
    """The message as this channel would send it, or why that cannot be said."""
    settings, moment = request.app.state.settings, now()
    message = sample_message(organisation_id=channel.organisation_id, at=moment)
    try:
        letter = Post(settings).letter(message, "msg_preview", now=moment)
        return preview(kind_of(channel.kind), values_of(channel, settings, now=moment), letter), ""
    except (Invalid, Conflict) as error:
        return None, error.sentence


def _known(identifier: int) -> int:
    """Databases refuse numbers that no id has."""
    return identifier if 0 < identifier <= _LARGEST_ID else 0
