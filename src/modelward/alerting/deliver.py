"""The job that sends what waits for one channel: its oldest message, once, and then asks for the next.

A message is noted as sent in the transaction that ends its job. Whoever dies between sending and noting leaves the job
to the next, who sends that one message again: so each comes at least once, and seldom twice.
"""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Engine, func, select, update
from sqlalchemy.orm import Session

from modelward.accounts.principal import Role
from modelward.accounts.tables import Organisation, User
from modelward.alerting.channel_tables import Channel, Delivery
from modelward.alerting.channels.catalogue import kind_of
from modelward.alerting.deliveries import ADMINS, SLOW, admins_channel, due_at, put, queue, wake
from modelward.alerting.messages import Message
from modelward.alerting.post import Post
from modelward.alerting.values import values_of
from modelward.audit.author import SYSTEM
from modelward.audit.service import record
from modelward.errors import ModelwardError
from modelward.kit.database import change, reading
from modelward.rules.delivery import REFUSALS, After, Decision, Outcome, Result, decide
from modelward.settings import Settings

Write = Callable[[Session], object]

SLOW_SECONDS = 2.0
"""A channel that takes longer than this to answer goes into the lane of the slow ones."""


@dataclass(frozen=True)
class Tools:
    """What a delivery needs beside the database."""

    settings: Settings
    post: Post
    now: Callable[[], datetime]
    chance: Callable[[], float] = random.random


def deliver(engine: Engine, tools: Tools, *, channel_id: int, lane: str) -> Write | None:
    """Send the oldest message that waits for the channel, unless it is not its time or not its lane."""
    now = tools.now()
    with reading(engine) as session:
        channel = session.get(Channel, channel_id)
        head = _head(session, channel) if channel else None
        if channel is None or head is None:
            return None
        if channel.slow != (lane == SLOW) or due_at(channel, now=now) > now:
            return lambda writer: wake(writer, channel, now=tools.now())
        refused = _refused_in_a_row(session, channel)
        recipients = _admins(session, channel) if channel.kind == ADMINS else None
    began = time.monotonic()
    outcome = _sent(channel, head, recipients, tools)
    slow = time.monotonic() - began > SLOW_SECONDS
    now = tools.now()
    decision = decide(
        outcome,
        failures=channel.failures,
        refused=refused,
        failing_since=channel.failing_since,
        now=now,
        chance=tools.chance(),
    )
    return lambda writer: _note(writer, channel_id, head.id, decision, now=now, slow=slow)


def _head(session: Session, channel: Channel) -> Delivery | None:
    """What is to be sent next: of a channel that is not on, tests alone."""
    waiting = select(Delivery).where(Delivery.channel_id == channel.id, Delivery.state == "waiting")
    if channel.state != "on":
        waiting = waiting.where(Delivery.kind == "test")
    return session.scalars(waiting.order_by(Delivery.id).limit(1)).first()


def _refused_in_a_row(session: Session, channel: Channel) -> int:
    """How many of the newest messages the receiver refused, since somebody last changed the channel."""
    answered = (Delivery.channel_id == channel.id, Delivery.state.in_(("sent", "failed")))
    since = Delivery.tried_at >= channel.changed_at
    newest = select(Delivery.state).where(*answered, since).order_by(Delivery.tried_at.desc(), Delivery.id.desc())
    states = session.scalars(newest.limit(REFUSALS)).all()
    return next((at for at, state in enumerate(states) if state == "sent"), len(states))


def _admins(session: Session, channel: Channel) -> str:
    query = select(User.email).where(
        User.organisation_id == channel.organisation_id,
        User.role.in_((Role.OWNER.value, Role.ADMIN.value)),
        User.disabled_at.is_(None),
    )
    return ",".join(session.scalars(query.order_by(User.id)))


def _sent(channel: Channel, head: Delivery, recipients: str | None, tools: Tools) -> Outcome:
    now = tools.now()
    try:
        values = {"to": recipients} if recipients is not None else values_of(channel, tools.settings, now=now)
    except ModelwardError as error:
        return Outcome(Result.GONE, error.sentence)
    letter = tools.post.letter(Message.from_dict(head.message), head.message_id, now=now)
    return tools.post.send(kind_of(channel.kind), values, letter)


def _note(
    session: Session, channel_id: int, delivery_id: int, decision: Decision, *, now: datetime, slow: bool
) -> None:
    """Write down what came of the try, and ask for the next."""
    channel = session.get(Channel, channel_id, with_for_update=True)
    delivery = session.get(Delivery, delivery_id)
    if channel is None or delivery is None:  # deleted meanwhile
        return
    if decision.after is After.DISABLE and (channel.kind == ADMINS or channel.state != "on"):
        decision = replace(decision, after=After.FAILED)  # the last way to reach anybody; or nothing is left to disable
    _note_delivery(delivery, decision, now)
    _note_channel(channel, decision, now, slow=slow)
    session.flush()
    if decision.after is After.DISABLE:
        disable(session, channel, reason=decision.reason, now=now)
    if _head(session, channel) is not None:
        wake(session, channel, now=now)


def _note_delivery(delivery: Delivery, decision: Decision, now: datetime) -> None:
    if delivery.state != "waiting":
        return
    delivery.attempts += 1
    delivery.tried_at = now
    delivery.error = decision.reason or None
    if decision.after is After.DONE:
        delivery.state, delivery.sent_at = "sent", now
    elif decision.after is After.DROPPED:
        delivery.state = "dropped"
    elif decision.after is not After.RETRY:
        delivery.state = "failed"


def _note_channel(channel: Channel, decision: Decision, now: datetime, *, slow: bool) -> None:
    if decision.after is After.DROPPED:
        return
    channel.error = decision.reason or None
    if decision.after is After.DONE:
        channel.failures, channel.failing_since, channel.retry_at = 0, None, None
        channel.sent_at, channel.slow = now, slow
        return
    channel.failures += 1
    channel.retry_at = decision.at
    if decision.after is After.RETRY:
        channel.failing_since = channel.failing_since or now
        channel.slow = True
    else:  # it answered
        channel.failing_since, channel.slow = None, slow


def disable(session: Session, channel: Channel, *, reason: str, now: datetime) -> None:
    """Take a channel that fails for good out of use, and say so: in the chain, and to everybody else who is reached.

    What waits for it is failed; each can be sent again by hand once the channel is mended.
    """
    channel.state, channel.reason, channel.changed_at = "disabled", reason, now
    waiting = (Delivery.channel_id == channel.id, Delivery.state == "waiting")
    left = session.scalar(select(func.count()).where(*waiting)) or 0
    why = f"The channel was disabled: {reason}"
    change(session, update(Delivery).where(*waiting).values(state="failed", error=why))
    session.flush()
    _tell(session, channel, reason=reason, left=left, now=now)
    record(
        session,
        organisation_id=channel.organisation_id,
        author=SYSTEM,
        action="channel.disabled",
        object_kind="channel",
        object_id=channel.id,
        object_title=channel.name,
        at=now,
        before={"state": "on"},
        after={"state": "disabled"},
        reason=reason,
    )


def _tell(session: Session, channel: Channel, *, reason: str, left: int, now: datetime) -> None:
    """The owners and admins are told by e-mail in any case, and whoever the other channels reach."""
    organisation = session.get_one(Organisation, channel.organisation_id)
    missed = f" {left} messages that waited for it were not sent." if left else ""
    message = Message(
        kind="firing",
        title=f"the channel {channel.name} was disabled",
        sentence=f"Alerts of {organisation.name} do not reach {channel.name} any more. {reason}{missed}",
        details=("Mend it and switch it on again; what was not sent can be sent again by hand.",),
        link="/settings/channels",
        severity="critical",
        organisation_id=channel.organisation_id,
        at=now,
    )
    admins = admins_channel(session, organisation_id=channel.organisation_id, now=now)
    queue(session, message=message, channel_ids=None, now=now)
    others = select(Channel.id).where(
        Channel.organisation_id == channel.organisation_id, Channel.state == "on", Channel.kind != ADMINS
    )
    if session.scalars(others.limit(1)).first() is not None:  # otherwise the default was the admins already
        put(session, admins, message, now=now)
