"""The outbox: what is to be sent is kept with what it tells, for the channels that are meant."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from modelward.accounts.service import create_organisation
from modelward.alerting.channel_tables import Channel, Delivery
from modelward.alerting.deliveries import of_incident, queue
from modelward.alerting.messages import Message
from modelward.jobs.tables import Job
from modelward.kit.database import reading, writing

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


def an_organisation(session: Session, name: str = "Ours") -> int:
    return create_organisation(session, name=name, now=NOON).id


def a_channel(session: Session, organisation_id: int, name: str, state: str = "on", **more: Any) -> Channel:
    moments = {"created_at": NOON, "changed_at": NOON}
    channel = Channel(
        organisation_id=organisation_id, kind="webhook", name=name, state=state, options={}, **moments, **more
    )
    session.add(channel)
    session.flush()
    return channel


def a_message(organisation_id: int, **more: Any) -> Message:
    return Message(
        kind="firing",
        title="churn drifted",
        sentence="`distance` moved from median 872 to 1,403.",
        organisation_id=organisation_id,
        at=NOON,
        **more,
    )


def deliveries(engine: Engine) -> list[Delivery]:
    with reading(engine) as session:
        return list(session.scalars(select(Delivery).order_by(Delivery.id)))


def test_a_message_survives_its_way_through_json() -> None:
    message = a_message(7, details=("one", "two"), link="/alerts/3", incident_id=3, picture=b"\x89PNG")
    assert Message.from_dict(message.to_dict()) == message
    assert "picture" not in message.to_dict(picture=False)


def test_without_names_all_channels_that_are_on_get_it(each_database: Engine) -> None:
    with writing(each_database) as session:
        ours, theirs = an_organisation(session), an_organisation(session, "Theirs")
        for name, state in (("a", "on"), ("b", "paused"), ("c", "disabled"), ("d", "on")):
            a_channel(session, ours, name, state)
        a_channel(session, theirs, "not ours")
        assert queue(session, message=a_message(ours, incident_id=3), channel_ids=None, now=NOON) == 2
    assert [delivery.channel_name for delivery in deliveries(each_database)] == ["a", "d"]
    with reading(each_database) as session:
        assert len(of_incident(session, 3)) == 2
        jobs = session.scalars(select(Job)).all()
    assert {(job.kind, job.key) for job in jobs} == {
        ("deliver", str(delivery.channel_id)) for delivery in deliveries(each_database)
    }


def test_without_channels_the_owners_and_admins_get_it(each_database: Engine) -> None:
    with writing(each_database) as session:
        ours = an_organisation(session)
        assert queue(session, message=a_message(ours), channel_ids=None, now=NOON) == 1
        assert queue(session, message=a_message(ours), channel_ids=None, now=NOON) == 1
        assert session.scalars(select(Channel.kind)).all() == ["admins"]
    assert {delivery.channel_name for delivery in deliveries(each_database)} == {"Owners and admins"}


def test_of_named_channels_only_ours_that_are_on_get_it(each_database: Engine) -> None:
    with writing(each_database) as session:
        ours, theirs = an_organisation(session), an_organisation(session, "Theirs")
        named = [
            a_channel(session, ours, "on").id,
            a_channel(session, ours, "paused", "paused").id,
            a_channel(session, theirs, "not ours").id,
        ]
        assert queue(session, message=a_message(ours), channel_ids=named, now=NOON) == 1
    assert [delivery.channel_name for delivery in deliveries(each_database)] == ["on"]


def test_what_is_rolled_back_is_not_told(each_database: Engine) -> None:
    with writing(each_database) as session:
        ours = an_organisation(session)
        a_channel(session, ours, "a")
    with writing(each_database) as session:
        queue(session, message=a_message(ours), channel_ids=None, now=NOON)
        session.rollback()
    assert deliveries(each_database) == []
