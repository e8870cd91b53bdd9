"""The picture in a message: drawn of what was measured, and never a reason for the message not to come."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text
from tests.alerting.clockwork import RULES, episode
from tests.monitoring.outcomes import DAY
from tests.monitoring.test_segment_profiles import drift_in_bonn, refer, work
from tests.monitoring.world import START, World

from modelward.alerting import draw
from modelward.alerting.channel_tables import Delivery
from modelward.alerting.draw import picture_for
from modelward.alerting.look import look_at_model
from modelward.alerting.messages import Message
from modelward.alerting.move import move_due
from modelward.alerting.tables import IncidentRow, Rule
from modelward.kit.database import reading, writing
from modelward.monitoring.tables import Evaluation
from modelward.registry.tables import Model
from modelward.rules.alert_rules import AlertKind, AlertRule, Condition
from modelward.rules.alert_states import first_seen

PNG = b"\x89PNG"


@pytest.fixture
def drifted(world: World) -> World:
    drift_in_bonn(world, [2, 3])
    refer(world)
    work(world)
    return world


def drawn(world: World, rule: AlertRule, subject: str) -> bytes | None:
    with writing(world.engine) as session:
        model = session.get_one(Model, world.model_id)
        alert = first_seen(rule, episode(subject), now=START + 4 * DAY)
        picture = picture_for(session, model, [alert], now=START + 4 * DAY)
        assert session.scalar(select(Model.id)) == world.model_id  # the transaction goes on, whatever happened
        return picture


def test_the_message_of_a_drifted_column_shows_it_and_word_that_all_is_over_shows_nothing(drifted: World) -> None:
    now = START + 4 * DAY + timedelta(hours=1)
    for moment in (now, now + timedelta(minutes=1)):
        with writing(drifted.engine) as session:
            looked = look_at_model(drifted.engine, model_id=drifted.model_id, now=moment)
            assert looked is not None
            looked(session)
    with reading(drifted.engine) as session:
        (wire,) = session.scalars(select(Delivery.message)).all()
        incident = session.scalars(select(IncidentRow.id)).one()
    message = Message.from_dict(wire)
    assert message.kind == "firing"
    assert message.picture is not None
    assert message.picture.startswith(PNG)
    assert len(message.picture) < 5_000
    with writing(drifted.engine) as session:
        session.execute(text("update alerting_alerts set state = 'fading', gone_at = began_at"))
        move_due(session, incident_id=incident, now=now + timedelta(hours=1))
    with reading(drifted.engine) as session:
        over = session.scalars(select(Delivery.message).order_by(Delivery.id.desc())).first()
    assert over is not None
    assert Message.from_dict(over).kind == "resolved"
    assert Message.from_dict(over).picture is None


def test_a_value_is_drawn_over_its_windows_and_one_value_is_no_picture(drifted: World) -> None:
    rule = AlertRule("rule-1", "Slow", AlertKind.LATENCY, Condition(limit=20.0))
    with writing(drifted.engine) as session:
        kept = {"project_id": None, "model_id": drifted.model_id, "built_in": None, "severity": None}
        session.add(
            Rule(
                id=1,
                organisation_id=drifted.organisation_id,
                title="Slow",
                kind="latency",
                condition={"limit": 20.0},
                wait_seconds=0,
                enabled=True,
                channel_ids=None,
                created_by="Ada",
                created_at=START,
                changed_at=START,
                **kept,
            )
        )
        for number, row in enumerate(session.scalars(select(Evaluation).order_by(Evaluation.starts_at))):
            row.measures = {**row.measures, "latency": {"count": 100, "p95": 10.0 + 5 * number}}
    picture = drawn(drifted, rule, "")
    assert picture is not None
    assert picture.startswith(PNG)
    assert drawn(drifted, RULES[AlertKind.SILENCE], "") is None
    assert drawn(drifted, RULES[AlertKind.DRIFT], "no such column") is None


def test_what_cannot_be_drawn_is_told_without(drifted: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(session: Any, **_: Any) -> None:
        session.execute(text("select * from no_such_table"))

    monkeypatch.setattr(draw, "distribution", broken)
    assert drawn(drifted, RULES[AlertKind.DRIFT], "age") is None
