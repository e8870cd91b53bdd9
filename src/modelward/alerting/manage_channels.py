"""Making, changing and ending channels. Each is an entry of the audit chain, without what is secret."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from modelward.accounts.principal import Principal
from modelward.alerting.channel_schemas import ChannelChange, NewChannel
from modelward.alerting.channel_tables import Channel, Delivery
from modelward.alerting.channels.catalogue import KINDS, kind_of
from modelward.alerting.channels.contract import checked
from modelward.alerting.channels.sample import sample_message
from modelward.alerting.channels.webhook import new_secret
from modelward.alerting.deliveries import ADMINS, put, wake
from modelward.alerting.values import PREVIOUS, UNTIL, keep, values_of
from modelward.audit.service import record
from modelward.errors import Conflict, Invalid, NotFound
from modelward.kit.database import change
from modelward.kit.outbound_rules import rules_of
from modelward.settings import Settings

MOST_CHANNELS = 100


def channel_of(session: Session, *, principal: Principal, channel_id: int) -> Channel:
    """A channel of the caller's organisation.

    Raises:
        NotFound: there is none, or the caller sees a part of the organisation alone.
    """
    channel = session.get(Channel, channel_id)
    if channel is None or channel.organisation_id != principal.organisation_id or not principal.scope.whole:
        raise NotFound(f"There is no channel {channel_id}.")
    return channel


def make_channel(
    session: Session, *, maker: Principal, body: NewChannel, settings: Settings, now: datetime
) -> tuple[Channel, str | None]:
    """A new channel, and the signing secret where one was made for it.

    Raises:
        Invalid: the kind or its fields are not right.
        Conflict: there are too many, or one of this name.
    """
    if body.kind not in KINDS:
        raise Invalid(f"There is no kind of channel {body.kind!r}: there are {', '.join(KINDS)}.")
    kind = kind_of(body.kind)
    _check_room(session, maker.organisation_id)
    _check_name(session, maker.organisation_id, body.name)
    made = new_secret() if kind.name == "webhook" and not body.config.get("secret") else None
    values = checked(kind, {**body.config, **({"secret": made} if made else {})}, rules_of(settings))
    channel = Channel(
        organisation_id=maker.organisation_id,
        kind=kind.name,
        name=body.name,
        state="on",
        options={},
        created_by=maker.title,
        created_at=now,
        changed_at=now,
        failures=0,
        slow=False,
    )
    session.add(channel)
    session.flush()
    keep(channel, kind, values, settings)
    session.flush()
    _record(session, maker, channel, "channel.made", now, after=_told(channel))
    return channel, made


def change_channel(
    session: Session, *, changer: Principal, channel_id: int, body: ChannelChange, settings: Settings, now: datetime
) -> Channel:
    """Change what is given. Values that are secret and not given stay; a channel that is switched on begins anew.

    Raises:
        NotFound, Invalid, Conflict.
    """
    channel = _own(session, changer, channel_id)
    before, secrets = _told(channel), []
    if body.name is not None and body.name != channel.name:
        _check_name(session, channel.organisation_id, body.name)
        channel.name = body.name
    if body.config is not None:
        secrets = _set_values(channel, body.config, settings, now)
    if body.state is not None and body.state != channel.state:
        _set_state(session, channel, body.state, now)
    channel.changed_at = now
    session.flush()
    after = _told(channel)
    changed = [name for name in after if before[name] != after[name]]
    if changed or secrets:
        told = {name: after[name] for name in changed} | ({"changed": secrets} if secrets else {})
        _record(
            session,
            changer,
            channel,
            "channel.changed",
            now,
            before={name: before[name] for name in changed},
            after=told,
        )
    return channel


def _set_values(channel: Channel, config: Mapping[str, str], settings: Settings, now: datetime) -> list[str]:
    """Keep the new values beside the old; answers which secret ones were given."""
    kind = kind_of(channel.kind)
    secret = [field.name for field in kind.fields if field.secret]
    known = {field.name for field in kind.fields}
    # What cannot be read any more is given anew; the check says what is missing.
    old = values_of(channel, settings, now=now) if not set(secret) <= set(config) else dict(channel.options)
    values = {**{name: value for name, value in old.items() if name in known}, **config}
    keep(channel, kind, checked(kind, values, rules_of(settings)), settings)
    channel.failures, channel.failing_since, channel.retry_at, channel.error = 0, None, None, None
    return [name for name in secret if name in config]


def _set_state(session: Session, channel: Channel, state: str, now: datetime) -> None:
    channel.state, channel.reason = state, None
    if state == "on":
        channel.failures, channel.failing_since, channel.retry_at, channel.error = 0, None, None, None
        wake(session, channel, now=now)


def rotate_secret(
    session: Session, *, changer: Principal, channel_id: int, grace_hours: int, settings: Settings, now: datetime
) -> tuple[Channel, str]:
    """A new signing secret; the one before signs too until the grace is over.

    Raises:
        NotFound: there is no such channel.
        Conflict: it signs nothing.
    """
    channel = _own(session, changer, channel_id)
    if channel.kind != "webhook":
        raise Conflict("Only a webhook has a signing secret: of other channels change the fields themselves.")
    values, made = values_of(channel, settings, now=now), new_secret()
    older = {PREVIOUS: values["secret"], UNTIL: (now + timedelta(hours=grace_hours)).isoformat()} if grace_hours else {}
    keep(channel, kind_of(channel.kind), {"url": values["url"], "secret": made, **older}, settings)
    channel.changed_at = now
    session.flush()
    _record(session, changer, channel, "channel.secret_rotated", now, after={"grace_hours": grace_hours})
    return channel, made


def delete_channel(session: Session, *, deleter: Principal, channel_id: int, now: datetime) -> None:
    """End a channel. What waited for it is not sent; what it was sent stays in the log.

    Raises:
        NotFound: there is no such channel.
    """
    channel = _own(session, deleter, channel_id)
    waiting = update(Delivery).where(Delivery.channel_id == channel.id, Delivery.state == "waiting")
    change(session, waiting.values(state="failed", error="The channel was deleted."))
    change(session, update(Delivery).where(Delivery.channel_id == channel.id).values(channel_id=None))
    told = _told(channel)
    change(session, delete(Channel).where(Channel.id == channel.id))
    _record(session, deleter, channel, "channel.deleted", now, before=told)


def try_channel(session: Session, *, tester: Principal, channel_id: int, now: datetime) -> Delivery:
    """Queue a message that says it is a test. It is tried at once, whatever the channel's state.

    Raises:
        NotFound: there is no such channel.
    """
    channel = channel_of(session, principal=tester, channel_id=channel_id)
    channel.retry_at = None
    message = sample_message(organisation_id=channel.organisation_id, at=now, link="/settings/channels")
    made = put(session, channel, message, now=now)
    _record(session, tester, channel, "channel.tested", now)
    return session.get_one(Delivery, made)


def _own(session: Session, principal: Principal, channel_id: int) -> Channel:
    channel = channel_of(session, principal=principal, channel_id=channel_id)
    if channel.kind == ADMINS:
        raise Conflict("This channel is the default while there is no other, and cannot be changed: make another.")
    return channel


def _check_room(session: Session, organisation_id: int) -> None:
    made = session.scalar(select(func.count()).where(Channel.organisation_id == organisation_id)) or 0
    if made >= MOST_CHANNELS:
        raise Conflict(f"There are {MOST_CHANNELS} channels already: delete one first.")


def _check_name(session: Session, organisation_id: int, name: str) -> None:
    taken = select(Channel.id).where(Channel.organisation_id == organisation_id, Channel.name == name)
    if session.scalars(taken.limit(1)).first() is not None:
        raise Conflict(f"There is a channel called {name!r} already: choose another name.")


def _told(channel: Channel) -> dict[str, Any]:
    """What the chain is told of a channel."""
    return {
        "kind": channel.kind,
        "name": channel.name,
        "state": channel.state,
        "hint": channel.hint,
        **{name: value for name, value in channel.options.items() if name not in ("kind", "name", "state", "hint")},
    }


def _record(
    session: Session,
    author: Principal,
    channel: Channel,
    action: str,
    now: datetime,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    record(
        session,
        organisation_id=channel.organisation_id,
        author=author.author,
        action=action,
        object_kind="channel",
        object_id=channel.id,
        object_title=channel.name,
        at=now,
        before=before,
        after=after,
    )
