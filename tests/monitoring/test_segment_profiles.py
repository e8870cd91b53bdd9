"""Parts of declared segments: whatever happened, they say what the raw rows say; and what their windows amount to."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Engine, delete, event, func, select, update
from sqlalchemy.orm import Session
from tests.monitoring.outcomes import DAY, HOUR, Outcomes
from tests.monitoring.test_joint import same as same_joint
from tests.monitoring.test_segments import in_one_town
from tests.monitoring.world import FAR, START, World, same

from modelward.alerting.segment_readings import segment_readings
from modelward.alerting.watched import Watched
from modelward.events.duckdb import DuckDBStore
from modelward.jobs.service import enqueue
from modelward.jobs.tables import Job, Lease
from modelward.kit.database import reading, writing
from modelward.monitoring.capture_baseline import window_reference
from modelward.monitoring.columns import with_label
from modelward.monitoring.joint_store import Span
from modelward.monitoring.marks import JOINT, SEGMENT, SEGMENT_REVIEW, mark, marked
from modelward.monitoring.monitor_settings import change_monitor
from modelward.monitoring.segment_parts import Key, Part, columns_scanned, divided
from modelward.monitoring.segment_store import parts_of
from modelward.monitoring.segment_tables import SegmentState, SegmentSummary, SegmentWindow
from modelward.monitoring.segmented import read_segmented
from modelward.monitoring.tables import Activity, PerformanceState
from modelward.rules.alert_episodes import firing
from modelward.rules.alert_rules import BUILT_IN, AlertKind
from modelward.signals.tables import Signal

KINDS = ("rebuild", "evaluate", "placebo", "joint", "performance", "segments", "segment_windows")


class Died(Exception):
    """The process ends here."""


def declare(world: World, segments: Sequence[str] = ("town",), **settings: Any) -> None:
    model, wire = world.model(), {"segments": list(segments), **settings}
    world.write(lambda s: change_monitor(s, model=s.merge(model), wire=wire, now=START))


def refer(world: World, days: int = 1) -> None:
    model, end = world.model(), START + days * DAY
    world.write(lambda s: window_reference(s, model=model, start=START, end=end, now=end))


def work(world: World, *, until: int = 400) -> None:
    """All that is due; rests between two builds are over by the next look."""
    for _ in range(until):
        with writing(world.engine) as session:
            session.execute(update(SegmentState).values(build_not_before=START))
        rested(world)
        if not sum(world.do(kind, START + FAR) for kind in KINDS):
            return
    raise AssertionError("the work never ends")


def rested(world: World) -> None:
    with writing(world.engine) as session:
        session.execute(update(PerformanceState).values(build_not_before=START))


def span(days: float, *, start: float = 0) -> Span:
    begin = int((START + start * DAY).timestamp())
    return Span(begin, begin + int(days * 86_400))


def stored(world: World, over: Span) -> dict[Key, Part]:
    with reading(world.engine) as session:
        found = read_segmented(session, world.model_id)
        assert found is not None
        return parts_of(session, model_id=world.model_id, recipe=found.plan.recipe, spans=[over])


def raw(world: World, over: Span) -> dict[Key, Part]:
    with reading(world.engine) as session:
        found = read_segmented(session, world.model_id)
    assert found is not None
    columns = found.watched.subject.columns
    start = START + timedelta(seconds=over.start - START.timestamp())
    end = start + timedelta(seconds=over.end - over.start)
    wanted = columns_scanned(columns, found.plan.by, found.plan.joint)
    rows = with_label(world.store.scan(world.model_id, start, end, wanted).read_all(), columns)
    return dict(divided(rows, found.plan.by, columns, found.plan.joint))


def all_is_true(world: World, *spans: Span) -> None:
    for over in spans:
        mine, theirs = stored(world, over), raw(world, over)
        assert mine.keys() == theirs.keys()
        for key, part in mine.items():
            same(part.profile, theirs[key].profile)
            same_joint(part.joint, theirs[key].joint)
    with reading(world.engine) as session:
        assert not marked(session, model_id=world.model_id, kinds=[JOINT, SEGMENT, SEGMENT_REVIEW])


def windows(world: World, segment: str = "town") -> list[SegmentWindow]:
    with reading(world.engine) as session:
        query = select(SegmentWindow).where(SegmentWindow.segment == segment)
        return list(session.scalars(query.order_by(SegmentWindow.starts_at, SegmentWindow.value)))


def state(world: World) -> SegmentState:
    with reading(world.engine) as session:
        return session.get_one(SegmentState, world.model_id)


def test_after_any_story_with_a_death_at_any_commit(world: World, request: pytest.FixtureRequest) -> None:
    rng = np.random.default_rng(3)
    outcomes = Outcomes(world)
    declare(world, ["town", "age"], segment_edges={"age": [30, 45]})
    outcomes.change_model(attributes={"protected_attributes": ["vip"], "training_accuracy": 0.5})
    deaths, armed = 0, False

    def maybe_die(_committed) -> None:
        nonlocal deaths
        if armed and rng.random() < 0.25:
            deaths += 1
            raise Died

    event.listen(world.engine, "commit", maybe_die)
    event.listen(Session, "after_commit", maybe_die)
    request.addfinalizer(lambda: event.remove(Session, "after_commit", maybe_die))
    for step in range(6):
        outcomes.send(f"s{step}", float(rng.integers(0, 12)) / 4, rows=int(rng.integers(5, 40)), over=6 * HOUR)
        outcomes.label(f"s{int(rng.integers(0, step + 1))}", share=float(rng.random()), now=START + FAR)
        armed = True
        for kind in ("joint", "segments", "segments", "segment_windows", "segments", "rebuild"):
            try:
                world.do(kind, START + 10 * DAY)
            except Died:
                continue
        armed = False
        with writing(world.engine) as session:
            session.execute(update(Job).values(owner=None, lease_until=None, attempts=0))
            session.execute(delete(Lease))
            session.execute(update(SegmentState).values(build_not_before=START))
        rested(world)
    assert deaths > 2
    work(world)
    all_is_true(world, span(5), span(1, start=1))
    with reading(world.engine) as session:  # Days took the place of their hours.
        assert set(session.scalars(select(SegmentSummary.level))) == {1}


def test_late_labels_late_rows_and_new_values_reach_a_day_that_was_rolled_up(world: World) -> None:
    outcomes = Outcomes(world)
    declare(world)
    outcomes.send("a", 0, rows=300, over=8 * HOUR, town=["Bonn"] * 200 + ["Ulm"] * 100)
    outcomes.send("b", 1, rows=300, over=4 * HOUR)
    work(world)
    first = windows(world)[0]
    assert (first.value, first.rows, first.performance and first.performance["labelled"]) == ("Bonn", 200, 0)
    outcomes.label("a")
    outcomes.send("late", 0.2, rows=40, over=HOUR, town=["Jena"] * 40)
    work(world)
    all_is_true(world, span(2), span(1))
    assert [(w.value, w.rows) for w in windows(world)[:3]] == [("Bonn", 200), ("Jena", 40), ("Ulm", 100)]
    again = windows(world)[0].performance
    assert again
    assert again["labelled"] == 200


def test_more_values_than_are_kept_are_others_together(world: World) -> None:
    outcomes = Outcomes(world)
    declare(world)
    outcomes.send("a", 0, rows=30, over=2 * HOUR, town=[f"town {n}" for n in range(30)])
    work(world)
    found = stored(world, span(1))
    assert len(found) == 21
    assert found["town", "(other)"].profile.rows == 10
    all_is_true(world, span(1))


def test_another_cut_or_another_threshold_builds_all_anew_and_another_q_nothing(world: World) -> None:
    outcomes = Outcomes(world)
    declare(world, ["age"], segment_edges={"age": [40]})
    outcomes.send("a", 0, rows=60, over=4 * HOUR)
    work(world)
    generation = state(world).generation
    recipe = state(world).recipe
    declare(world, ["age"], segment_edges={"age": [40]}, q=0.02)
    work(world)
    assert state(world).recipe == recipe
    assert state(world).generation == generation + 1
    declare(world, ["age"], segment_edges={"age": [35, 50]})
    work(world)
    assert {value for _, value in stored(world, span(1))} == {"up to 35", "35 to 50", "above 50", "(missing)"}
    outcomes.change_model(threshold=0.7)
    with writing(world.engine) as session:
        mark(session, model_id=world.model_id, kind=JOINT, buckets=[span(1).start], now=START)
        enqueue(session, "joint", str(world.model_id), run_at=START)
        enqueue(session, "segments", str(world.model_id), run_at=START)
    work(world)
    all_is_true(world, span(1))
    declare(world, [])
    work(world)
    with reading(world.engine) as session:
        assert session.scalar(select(func.count()).select_from(SegmentSummary)) == 0
        assert session.scalar(select(func.count()).select_from(SegmentWindow)) == 0


def test_buckets_whose_rows_are_gone_stay_as_they_are(world: World) -> None:
    outcomes = Outcomes(world)
    declare(world)
    outcomes.send("a", 0, rows=50)
    work(world)
    kept = {key: part.profile.rows for key, part in stored(world, span(1)).items()}
    with writing(world.engine) as session:
        session.execute(update(Activity).values(forgotten_before=int((START + DAY / 2).timestamp())))
        mark(session, model_id=world.model_id, kind=SEGMENT, buckets=range(span(1).start, span(1).end, 3600), now=START)
        enqueue(session, "segments", str(world.model_id), run_at=START)
    world.store.delete_before(world.model_id, START + DAY / 2)
    work(world)
    assert {key: part.profile.rows for key, part in stored(world, span(1)).items()} == kept


def drift_in_bonn(world: World, days: Sequence[int]) -> None:
    for day in range(4):
        table = world.events(1500, START + day * DAY, over=6 * HOUR, prefix=f"d{day}")
        world.send(in_one_town(table, "Bonn", 12.0) if day in days else table, now=START + (day + 1) * DAY)


def test_the_part_that_drifts_is_named_and_told_once(world: World) -> None:
    declare(world, ["town", "vip"])
    drift_in_bonn(world, [2, 3])
    refer(world)
    work(world)
    by_value = {(w.value, w.starts_at): w.verdict for w in windows(world)}
    assert by_value["Bonn", START + 2 * DAY] == "drifted"
    assert by_value["Bonn", START + DAY] == "ok"
    assert by_value["Ulm", START + 2 * DAY] == "ok"
    said = state(world)
    assert said.verdict == "drifted"
    alarm = next(entry for entry in said.alarms if entry["segment"] == "town")
    assert (alarm["column"], alarm["values"], alarm["clause"]) == ("age", ["Bonn"], "only where `town` is `Bonn`")
    everywhere = next(entry for entry in said.alarms if entry["segment"] == "vip")
    assert everywhere["clause"] == "in both segments of `vip`"
    with reading(world.engine) as session:
        signals = session.scalars(select(Signal).where(Signal.kind == "segments")).all()
    assert [(signal.before, signal.after) for signal in signals] == [("too_few", "drifted")]


def test_alerts_are_asked_about_a_part_that_drifts_and_see_it_with_its_name(world: World) -> None:
    declare(world)
    drift_in_bonn(world, [2, 3])
    refer(world)
    with writing(world.engine) as session:
        session.execute(delete(Job).where(Job.kind == "measured"))
    work(world)
    rule = next(rule for rule in BUILT_IN if rule.kind is AlertKind.SEGMENTS)
    with reading(world.engine) as session:
        assert session.scalars(select(Job.key).where(Job.kind == "measured")).all() == [str(world.model_id)]
        watched = Watched.of(session, world.model(), now=START + 4 * DAY)
        (seen,) = firing(rule, segment_readings(watched, rule))
    assert (seen.subject, seen.title, seen.since) == ("age|town|Bonn", "age of town Bonn", START + 2 * DAY)
    assert seen.sentence.startswith("`age` where `town` is `Bonn`: ")


def test_on_each_database_parts_are_kept(each_database: Engine, store: DuckDBStore) -> None:
    world = World.make(each_database, store)
    outcomes = Outcomes(world)
    declare(world, ["town", "vip"])
    outcomes.send("a", 0, rows=250, over=4 * HOUR)
    outcomes.label("a", share=0.5)
    outcomes.send("b", 1, rows=250, over=4 * HOUR)
    work(world)
    all_is_true(world, span(2), span(1))
    assert len(windows(world)) == 6
