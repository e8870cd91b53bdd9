"""Deliveries, with a clock that is moved by hand: each message comes, in its order, or somebody hears why not."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import select
from tests.alerting.outbox import Outbox

from modelward.accounts.principal import Role
from modelward.alerting.channel_schemas import ChannelChange
from modelward.alerting.channel_tables import Channel
from modelward.alerting.deliveries import QUICK
from modelward.alerting.delivery_jobs import overdue, stand_in
from modelward.alerting.delivery_log import resend
from modelward.alerting.manage_channels import change_channel, delete_channel, try_channel
from modelward.audit.tables import AuditEntry
from modelward.errors import Conflict
from modelward.jobs.loop import Handler
from modelward.jobs.service import claim
from modelward.jobs.tables import Job
from modelward.kit.database import reading, writing
from modelward.rules.delivery import Outcome, Result

FAILED = Outcome(Result.AGAIN, "The receiver answered 500.")
GONE = Outcome(Result.GONE, "The receiver answered 404: there is no such receiver, or it does not let us in.")


def states(outbox: Outbox) -> list[str]:
    return [delivery.state for delivery in outbox.deliveries()]


def actions(outbox: Outbox) -> list[str]:
    with reading(outbox.engine) as session:
        about_channels = select(AuditEntry.action).where(AuditEntry.object_kind == "channel")
        return list(session.scalars(about_channels.order_by(AuditEntry.position)))


def test_messages_of_a_channel_come_in_their_order_with_whole_links(outbox: Outbox) -> None:
    outbox.channel("a")
    for number in range(5):
        outbox.tell(f"message {number}", link="/alerts/7")
    outbox.work()
    assert outbox.sentences() == [f"message {number}" for number in range(5)]
    assert {letter.link for _, _, letter in outbox.post.sent} == {"https://modelward.example.org/alerts/7"}
    assert states(outbox) == ["sent"] * 5
    assert outbox.work() == 0


def test_a_receiver_that_failed_for_30_minutes_hears_all_in_order_within_a_minute(outbox: Outbox) -> None:
    outbox.channel("a")
    recovered = outbox.now + timedelta(minutes=30)
    outbox.post.outcome = lambda _letter: FAILED if outbox.now < recovered else Outcome(Result.SENT)
    for number in range(3):
        outbox.tell(f"message {number}")
    outbox.work()
    while "waiting" in states(outbox):
        outbox.to_the_next_job()
        assert outbox.now <= recovered + timedelta(seconds=60)
    assert outbox.sentences()[-3:] == ["message 0", "message 1", "message 2"]
    assert set(outbox.sentences()[:-2]) == {"message 0"}
    tried = {letter.id for _, _, letter in outbox.post.sent}
    assert len(tried) == 3
    row = outbox.row("a")
    assert (row.failures, row.failing_since, row.error) == (0, None, None)


def test_what_comes_while_a_channel_fails_does_not_overtake_and_does_not_hurry_it(outbox: Outbox) -> None:
    outbox.channel("a")
    outbox.post.outcome = lambda _letter: FAILED
    outbox.tell("first")
    outbox.work()
    outbox.after(timedelta(seconds=5))
    outbox.tell("second")
    outbox.after(timedelta(seconds=1))
    assert outbox.sentences() == ["first", "first"]
    outbox.post.outcome = lambda _letter: Outcome(Result.SENT)
    outbox.after(timedelta(seconds=30))
    assert outbox.sentences() == ["first", "first", "first", "second"]


def test_one_that_fails_holds_up_no_other(outbox: Outbox) -> None:
    outbox.channel("bad")
    outbox.channel("good")
    outbox.post.outcome = lambda letter: FAILED if letter.message.model_key == "bad" else Outcome(Result.SENT)
    outbox.tell("lost", "bad", model_key="bad")
    outbox.work()
    for number in range(3):
        outbox.tell(f"message {number}", "good")
    outbox.work()
    assert outbox.sentences() == ["lost", "message 0", "message 1", "message 2"]
    with reading(outbox.engine) as session:
        assert session.scalars(select(Job.kind)).all() == ["deliver_slowly"]


def test_a_receiver_that_is_gone_is_disabled_and_everybody_else_hears_it(outbox: Outbox) -> None:
    outbox.person("ada@example.org", Role.OWNER)
    outbox.channel("gone")
    outbox.channel("other")
    gone = str(outbox.channels["gone"])
    outbox.post.outcome = lambda letter: GONE if letter.message.sentence == gone else Outcome(Result.SENT)
    outbox.tell(gone, "gone")
    outbox.tell("never sent", "gone")
    outbox.work()
    row = outbox.row("gone")
    assert (row.state, row.reason) == ("disabled", GONE.reason)
    assert [(d.channel_name, d.state) for d in outbox.deliveries()] == [
        ("gone", "failed"),
        ("gone", "failed"),
        ("other", "sent"),
        ("Owners and admins", "sent"),
    ]
    told = outbox.post.sent[-1]
    assert told[0:2] == ("admins", {"to": "ada@example.org"})
    assert told[2].message.title == "the channel gone was disabled"
    assert "1 messages that waited" in told[2].message.sentence
    assert GONE.reason in told[2].message.sentence
    assert actions(outbox) == ["channel.made", "channel.made", "channel.disabled"]
    outbox.tell("later")
    outbox.work()
    assert outbox.deliveries()[-1].channel_name == "other"


def test_after_three_days_of_failure_it_is_disabled_too(outbox: Outbox) -> None:
    outbox.channel("a")
    outbox.post.outcome = lambda letter: FAILED if letter.message.severity == "warning" else Outcome(Result.SENT)
    outbox.tell("message")
    outbox.work()
    outbox.after(timedelta(days=2, hours=23))
    assert outbox.row("a").state == "on"
    outbox.after(timedelta(hours=8))
    assert outbox.row("a").state == "disabled"
    assert outbox.row("a").reason == "The receiver answered 500. It has failed for 3 days."


def test_a_message_that_is_refused_does_not_hold_up_the_next_but_three_in_a_row_are_enough(outbox: Outbox) -> None:
    outbox.channel("a")
    refuse = Outcome(Result.REFUSED, "The receiver answered 400.")
    outbox.post.outcome = lambda letter: refuse if "bad" in letter.message.sentence else Outcome(Result.SENT)
    for sentence in ("bad", "good", "bad", "bad"):
        outbox.tell(sentence)
    outbox.work()
    assert states(outbox) == ["failed", "sent", "failed", "failed"]
    assert outbox.row("a").state == "on"
    outbox.tell("bad")
    outbox.work()
    assert outbox.row("a").state == "disabled"


def test_one_refusal_after_an_outage_does_not_disable_a_channel(outbox: Outbox) -> None:
    outbox.channel("a")
    outbox.post.outcome = lambda _letter: FAILED
    outbox.tell("bad")
    outbox.work()
    for _ in range(5):
        outbox.to_the_next_job()
    refuse = Outcome(Result.REFUSED, "The receiver answered 400.")
    outbox.post.outcome = lambda letter: refuse if letter.message.sentence == "bad" else Outcome(Result.SENT)
    outbox.tell("good")
    outbox.to_the_next_job()
    assert states(outbox) == ["failed", "sent"]
    assert outbox.row("a").state == "on"


@pytest.mark.parametrize("asked", [float("nan"), float("inf"), -1.0])
def test_what_a_receiver_asks_for_holds_up_nothing_even_where_it_is_no_time(outbox: Outbox, asked: float) -> None:
    outbox.channel("a")
    outbox.post.outcome = lambda _letter: Outcome(Result.AGAIN, "The receiver answered 429.", asked)
    outbox.tell("hello")
    outbox.work()
    retry_at = outbox.row("a").retry_at
    assert retry_at is not None
    assert timedelta(seconds=4) <= retry_at - outbox.now <= timedelta(hours=1)
    assert outbox.row("a").error == "The receiver answered 429."


def test_a_clock_that_was_wrong_for_a_while_keeps_no_channel_from_its_messages(outbox: Outbox) -> None:
    outbox.channel("a")
    with writing(outbox.engine) as session:
        outbox_row = session.get_one(Channel, outbox.channels["a"])
        outbox_row.retry_at = outbox.now + timedelta(days=365)
    outbox.tell("hello")
    outbox.work()
    assert states(outbox) == ["sent"]


def test_a_rule_whose_channels_are_all_gone_tells_the_default_and_not_nobody(outbox: Outbox) -> None:
    outbox.channel("gone")
    outbox.channel("left")
    with writing(outbox.engine) as session:
        delete_channel(session, deleter=outbox.principal, channel_id=outbox.channels["gone"], now=outbox.now)
    outbox.tell("hello", "gone")
    outbox.work()
    assert [delivery.channel_name for delivery in outbox.deliveries()] == ["left"]


def test_what_no_worker_sends_is_sent_by_whoever_stands_in_and_once(outbox: Outbox) -> None:
    outbox.channel("a")
    outbox.tell("the worker is gone")
    work: dict[str, Handler] = {QUICK: lambda _claim: None}
    seconds = [at for at in range(60) if overdue(outbox.engine, work, now=outbox.now + timedelta(seconds=at))]
    assert seconds[0] == 20
    with writing(outbox.engine) as session:  # a worker has it in hand for as long as its lease is alive
        taken_at = outbox.now + timedelta(seconds=19)
        claim(session, owner="worker", now=taken_at, kinds=[QUICK], limit=1, lease_seconds=60)
    assert not overdue(outbox.engine, work, now=outbox.now + timedelta(seconds=78))
    outbox.now += timedelta(seconds=79)
    assert overdue(outbox.engine, work, now=outbox.now)
    outbox.work()
    assert outbox.sentences() == ["the worker is gone"]
    assert not overdue(outbox.engine, work, now=outbox.now + timedelta(days=1))


def test_a_message_of_the_watchman_reaches_its_receiver_without_any_worker(outbox: Outbox) -> None:
    """The loop itself, with a real clock and a mail server that is not set: it is tried, and that is noted."""
    stop = threading.Event()
    outbox.tell("the worker is gone")
    thread = threading.Thread(target=stand_in, args=(outbox.engine, outbox.settings, stop), kwargs={"seconds": 0.01})
    thread.start()
    try:
        for _ in range(1_000):
            if states(outbox) == ["dropped"]:
                break
            stop.wait(0.01)
    finally:
        stop.set()
        thread.join()
    assert states(outbox) == ["dropped"]


def test_without_channels_owners_and_admins_get_mail_and_nobody_else(outbox: Outbox) -> None:
    for name, role in (("ada", Role.OWNER), ("bob", Role.ADMIN), ("cy", Role.MEMBER), ("di", Role.VIEWER)):
        outbox.person(f"{name}@example.org", role)
    outbox.tell("hello")
    outbox.work()
    assert [sent[0:2] for sent in outbox.post.sent] == [("admins", {"to": "ada@example.org,bob@example.org"})]


def test_a_default_that_fails_for_good_is_never_disabled(outbox: Outbox) -> None:
    outbox.person("ada@example.org", Role.OWNER)
    outbox.post.outcome = lambda _letter: GONE
    outbox.tell("hello")
    outbox.work()
    assert outbox.row("Owners and admins").state == "on"
    assert states(outbox) == ["failed"]


def test_what_the_operator_has_not_set_is_nobodys_failure(outbox: Outbox) -> None:
    outbox.post.outcome = lambda _letter: Outcome(Result.NOWHERE, "No mail server is set.")
    outbox.tell("hello")
    outbox.work()
    [delivery] = outbox.deliveries()
    assert (delivery.state, delivery.error) == ("dropped", "No mail server is set.")
    assert outbox.row("Owners and admins").failures == 0


def test_a_paused_channel_gets_tests_alone_and_the_rest_when_it_is_on_again(outbox: Outbox) -> None:
    channel_id = outbox.channel("a")
    outbox.tell("before")
    with writing(outbox.engine) as session:
        change_channel(
            session,
            changer=outbox.principal,
            channel_id=channel_id,
            body=ChannelChange(state="paused"),
            settings=outbox.settings,
            now=outbox.now,
        )
        try_channel(session, tester=outbox.principal, channel_id=channel_id, now=outbox.now)
    outbox.work()
    assert states(outbox) == ["waiting", "sent"]
    with writing(outbox.engine) as session:
        change_channel(
            session,
            changer=outbox.principal,
            channel_id=channel_id,
            body=ChannelChange(state="on"),
            settings=outbox.settings,
            now=outbox.now,
        )
    outbox.work()
    assert states(outbox) == ["sent", "sent"]


def test_a_message_is_sent_again_under_its_old_id(outbox: Outbox) -> None:
    channel_id = outbox.channel("a")
    outbox.tell("hello", incident_id=3)
    outbox.work()
    with writing(outbox.engine) as session:
        again = resend(session, sender=outbox.principal, delivery_id=outbox.deliveries()[0].id, now=outbox.now)
        assert again.incident_id == 3
    with writing(outbox.engine) as session, pytest.raises(Conflict, match="on its way"):
        resend(session, sender=outbox.principal, delivery_id=again.id, now=outbox.now)
    outbox.work()
    first, second = outbox.post.sent
    assert first[2].id == second[2].id
    assert states(outbox) == ["sent", "sent"]
    with writing(outbox.engine) as session:
        delete_channel(session, deleter=outbox.principal, channel_id=channel_id, now=outbox.now)
    with writing(outbox.engine) as session, pytest.raises(Conflict, match="is not on"):
        resend(session, sender=outbox.principal, delivery_id=again.id, now=outbox.now)


def test_what_waits_for_a_deleted_channel_is_failed_and_stays_in_the_log(outbox: Outbox) -> None:
    channel_id = outbox.channel("a")
    outbox.tell("hello")
    with writing(outbox.engine) as session:
        delete_channel(session, deleter=outbox.principal, channel_id=channel_id, now=outbox.now)
    outbox.work()
    [delivery] = outbox.deliveries()
    assert (delivery.state, delivery.error, delivery.channel_id) == ("failed", "The channel was deleted.", None)
    assert outbox.post.sent == []


def test_a_channel_whose_secrets_cannot_be_read_any_more_is_disabled_and_says_why(outbox: Outbox) -> None:
    outbox.channel("a")
    outbox.settings = outbox.settings.model_copy(update={"secret_key": "another secret of more than 32 characters"})
    outbox.tell("hello")
    outbox.work()
    assert "cannot be read any more" in str(outbox.row("a").reason)


def test_a_job_that_was_given_up_comes_back_with_the_sweep(outbox: Outbox) -> None:
    outbox.channel("a")
    outbox.tell("hello")
    with writing(outbox.engine) as session:
        for job in session.scalars(select(Job)):
            session.delete(job)
    outbox.work()
    assert states(outbox) == ["waiting"]
    from modelward.alerting.delivery_jobs import sweep

    with writing(outbox.engine) as session:
        sweep(outbox.engine, now=outbox.now)(session)
    outbox.work()
    assert states(outbox) == ["sent"]


def test_neither_a_row_nor_an_entry_of_the_chain_holds_what_is_secret(outbox: Outbox) -> None:
    outbox.channel("a", url="https://hooks.slack.com/services/T/B/verySecretPart")
    with writing(outbox.engine) as session:
        change_channel(
            session,
            changer=outbox.principal,
            channel_id=outbox.channels["a"],
            body=ChannelChange(config={"url": "https://hooks.slack.com/services/T/B/verySecretToo"}),
            settings=outbox.settings,
            now=outbox.now,
        )
    with reading(outbox.engine) as session:
        row = session.scalars(select(Channel)).one()
        kept = repr({column.name: getattr(row, column.name) for column in Channel.__table__.columns})
        entries = [repr(vars(entry)) for entry in session.scalars(select(AuditEntry))]
    assert "verySecret" not in " ".join([kept, *entries])
    assert row.hint == "hooks.slack.com …tToo"
    assert actions(outbox) == ["channel.made", "channel.changed"]
