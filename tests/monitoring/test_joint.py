"""Joint summaries: whatever happened, they say what the raw rows say, and a long history is cheap to read."""

from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Engine, delete, event, func, select, update
from sqlalchemy.orm import Session
from tests.monitoring.outcomes import DAY, HOUR, Outcomes
from tests.monitoring.world import FAR, START, World

from modelward.events.duckdb import DuckDBStore
from modelward.jobs.service import claim, enqueue
from modelward.jobs.tables import Job, Lease
from modelward.kit.database import reading, writing
from modelward.monitoring.joint import build_joint, read_watched
from modelward.monitoring.joint_outcome import summaries_of
from modelward.monitoring.joint_plan import OUTCOME, Plan, Seen, task_of
from modelward.monitoring.joint_rows import group_names
from modelward.monitoring.joint_store import Span, joint_of, pieces_of
from modelward.monitoring.marks import JOINT, REVIEW, mark, marked
from modelward.monitoring.tables import Activity, Joint
from modelward.stats import GroupOutcomes, Outcome


class Died(Exception):
    """The process ends here."""


def span(days: float, *, start: float = 0) -> Span:
    begin = int((START + start * DAY).timestamp())
    return Span(begin, begin + int(days * 86_400))


def plan_now(session: Session, world: World) -> Plan:
    watched = read_watched(session, world.model_id)
    assert watched is not None
    return watched.plan


def stored(world: World, over: Span) -> dict[str, Any]:
    with reading(world.engine) as session:
        recipe = plan_now(session, world).recipe
        return dict(joint_of(session, model_id=world.model_id, recipe=recipe, span=over))


def raw(world: World, over: Span):
    with reading(world.engine) as session:
        plan = plan_now(session, world)
    start = START + timedelta(seconds=over.start - START.timestamp())
    end = start + timedelta(seconds=over.end - over.start)
    columns = ["ts", "prediction", "score", "label_number", "label_text", "labelled_at", "f1", "f2", "f3"]
    return summaries_of(world.store.scan(world.model_id, start, end, columns).read_all(), plan)


def same(one, other) -> None:
    assert one.keys() == other.keys()
    for name, mine in one.items():
        theirs = other[name]
        if isinstance(mine, GroupOutcomes):
            assert (mine.groups, mine.counts.tolist()) == (theirs.groups, theirs.counts.tolist())
            continue
        assert isinstance(mine, Outcome)
        assert mine.confusion is not None
        assert mine.unlabelled is not None
        assert (mine.rows, mine.labelled) == (theirs.rows, theirs.labelled)
        np.testing.assert_array_equal(mine.confusion.counts, theirs.confusion.counts)
        for side in ("negatives", "positives"):
            np.testing.assert_array_equal(getattr(mine.scores, side).values, getattr(theirs.scores, side).values)
        for left, right in zip(mine.unlabelled, theirs.unlabelled, strict=True):
            np.testing.assert_array_equal(left.values, right.values)
        np.testing.assert_allclose(mine.delays.mean, theirs.delays.mean, rtol=1e-9)


def all_is_true(world: World) -> None:
    for over in (span(5), span(1, start=1), span(0.25, start=2.5)):
        same(stored(world, over), raw(world, over))
    with reading(world.engine) as session:
        assert not marked(session, model_id=world.model_id, kinds=[JOINT, REVIEW])


@pytest.mark.parametrize("seed", range(2))
def test_after_any_story_with_a_death_at_any_commit(world: World, seed: int, request: pytest.FixtureRequest) -> None:
    rng = np.random.default_rng(seed)
    outcomes = Outcomes(world)
    outcomes.change_model(attributes={"protected_attributes": ["town", "vip"], "training_accuracy": 0.5})
    deaths, armed = 0, False

    def maybe_die(_committed) -> None:
        nonlocal deaths
        if armed and rng.random() < 0.2:
            deaths += 1
            raise Died

    event.listen(world.engine, "commit", maybe_die)
    event.listen(Session, "after_commit", maybe_die)
    request.addfinalizer(lambda: event.remove(Session, "after_commit", maybe_die))
    for step in range(14):
        outcomes.send(f"s{step}", float(rng.integers(0, 16)) / 4, rows=int(rng.integers(5, 40)))
        outcomes.label(f"s{int(rng.integers(0, step + 1))}", share=float(rng.random()), now=START + FAR)
        armed = True
        for kind in ("joint", "performance", "rebuild"):
            try:
                world.do(kind, START + 10 * DAY)
            except Died:
                continue
        armed = False
        with writing(world.engine) as session:
            session.execute(update(Job).values(owner=None, lease_until=None, attempts=0))
            session.execute(delete(Lease))
    assert deaths > 4
    outcomes.work()
    all_is_true(world)


def test_what_comes_during_a_scan_is_built_again(world: World) -> None:
    outcomes = Outcomes(world)
    outcomes.send("a", 0, rows=50, over=HOUR)
    outcomes.label("a")
    world.do("joint", START + DAY)  # It learns what decides …
    with reading(world.engine) as session:
        waiting = marked(session, model_id=world.model_id, kinds=[JOINT])
    assert waiting
    built = _built(world)
    outcomes.send("b", 0, rows=30, over=HOUR)  # … and these come between its scan and its write.
    outcomes.label("b")
    with writing(world.engine) as session:
        built(session)
    with reading(world.engine) as session:
        assert marked(session, model_id=world.model_id, kinds=[JOINT])
    with writing(world.engine) as session:
        session.execute(update(Job).values(owner=None, lease_until=None))
    outcomes.work()
    same(stored(world, span(5)), raw(world, span(5)))


def test_two_thousand_buckets_are_built_in_runs_and_read_from_few_rows(world: World) -> None:
    outcomes = Outcomes(world)
    outcomes.change_model(attributes={"training_accuracy": 0.5})
    outcomes.send("quarter", 0, rows=4000, over=84 * DAY)
    outcomes.label("quarter")
    outcomes.work()
    quarter = span(84)
    with reading(world.engine) as session:
        buckets = session.scalar(select(func.count()).where(Joint.name == OUTCOME, Joint.rolled_up.is_(False)))
        recipe = plan_now(session, world).recipe
        pieces = pieces_of(session, model_id=world.model_id, recipe=recipe, span=quarter)
    assert buckets == 84 * 24
    assert pieces == 84
    found = stored(world, quarter)[OUTCOME]
    assert (found.rows, found.labelled) == (4000, 4000)
    expected = raw(world, quarter)[OUTCOME]
    np.testing.assert_array_equal(found.confusion.counts, expected.confusion.counts)
    assert len(outcomes.windows()) == 84


def test_a_rolled_up_day_is_forgotten_when_an_hour_of_it_changes(world: World) -> None:
    outcomes = Outcomes(world)
    outcomes.send("a", 0, rows=100)
    outcomes.send("b", 1, rows=100)
    outcomes.work()
    with reading(world.engine) as session:
        assert session.scalar(select(func.count()).where(Joint.rolled_up)) == 2
    outcomes.label("a", share=0.05)
    world.do("joint", START + FAR)
    with reading(world.engine) as session:
        assert session.scalar(select(func.count()).where(Joint.rolled_up)) == 1
    outcomes.work()
    assert stored(world, span(1))[OUTCOME].labelled == 5


def test_rows_of_another_recipe_are_as_if_they_were_not_there(world: World) -> None:
    outcomes = Outcomes(world)
    outcomes.send("a", 0, rows=50)
    outcomes.work()
    outcomes.change_model(threshold=0.7)
    with writing(world.engine) as session:
        enqueue(session, "joint", str(world.model_id), run_at=START)
    assert stored(world, span(1)) == {}
    outcomes.work()
    assert stored(world, span(1))[OUTCOME].scores.threshold == 0.7


def test_buckets_whose_rows_are_gone_stay_as_they_are(world: World) -> None:
    outcomes = Outcomes(world)
    outcomes.send("a", 0, rows=50)
    outcomes.work()
    kept = stored(world, span(1))[OUTCOME].rows
    with writing(world.engine) as session:
        session.execute(update(Activity).values(forgotten_before=int((START + DAY).timestamp())))
        mark(session, model_id=world.model_id, kind=JOINT, buckets=[span(1).start], now=START)
        enqueue(session, "joint", str(world.model_id), run_at=START)
    world.store.delete_before(world.model_id, START + DAY)
    outcomes.work()
    assert stored(world, span(1))[OUTCOME].rows == kept
    with reading(world.engine) as session:
        assert not marked(session, model_id=world.model_id, kinds=[JOINT])


@pytest.mark.parametrize(
    ("declared", "seen", "task"),
    [
        (None, Seen(), ""),
        (None, Seen(predictions="boolean"), "binary"),
        (None, Seen(predictions="text"), "multiclass"),
        (None, Seen(predictions="number"), "binary"),
        (None, Seen(predictions="number", fractional=True), ""),
        (None, Seen(predictions="number", fractional=True, labels=True), "binary"),
        (None, Seen(predictions="number", fractional=True, labels=True, two_outcomes=False), "regression"),
        (None, Seen(predictions="number", labels=True, names=True), "multiclass"),
        ("classification", Seen(predictions="number", fractional=True), "binary"),
        ("classification", Seen(predictions="number", two_outcomes=False), "multiclass"),
        ("regression", Seen(predictions="number", labels=True), "regression"),
        ("multiclass", Seen(predictions="number", labels=True), "multiclass"),
        ("Binary classification", Seen(predictions="number", two_outcomes=False), "binary"),
    ],
)
def test_the_task_is_the_declared_one_or_what_the_outcomes_look_like(declared, seen, task) -> None:
    assert task_of(declared, seen, named=False) == task


def test_a_named_positive_outcome_makes_names_two_classes() -> None:
    assert task_of(None, Seen(predictions="text", names=True, labels=True), named=True) == "binary"


def test_bands_are_named_by_their_edges() -> None:
    assert group_names((30.0, 45.5)) == ["up to 30", "30 to 45.5", "above 45.5"]


def test_an_outcome_survives_its_bytes(world: World) -> None:
    outcomes = Outcomes(world)
    outcomes.send("a", 0, rows=60)
    outcomes.label("a")
    outcomes.work()
    found = stored(world, span(1))
    copied = {name: type(entry).from_bytes(entry.to_bytes()) for name, entry in found.items()}
    same(found, copied)
    with pytest.raises(ValueError, match="damaged"):
        Outcome.from_bytes(found[OUTCOME].to_bytes()[:-3])


def _built(world: World):
    with writing(world.engine) as session:
        claim(session, owner="test", now=START + 2 * FAR, kinds=["joint"], limit=1)
    built = build_joint(world.engine, world.store, model_id=world.model_id, now=START + DAY)
    assert built is not None
    if not hasattr(built, "run"):  # What the labels look like makes another plan first.
        with writing(world.engine) as session:
            built(session)
        built = build_joint(world.engine, world.store, model_id=world.model_id, now=START + DAY)
    return built


def test_on_each_database_late_labels_reach_their_window(each_database: Engine, store: DuckDBStore) -> None:
    outcomes = Outcomes(World.make(each_database, store))
    outcomes.change_model(attributes={"protected_attributes": ["town"], "training_accuracy": 0.7})
    outcomes.send("a", 0, rows=250)
    outcomes.work()
    outcomes.label("a")
    outcomes.work()
    assert [(window.state, window.verdict) for window in outcomes.windows()] == [("final", "ok")]
    assert [row.labelled for row in outcomes.fairness()] == [250]
    same(stored(outcomes.world, span(1)), raw(outcomes.world, span(1)))
