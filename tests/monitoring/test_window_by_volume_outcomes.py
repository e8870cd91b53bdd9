"""Performance, fairness and segments of a model whose volume chooses other windows."""

from datetime import datetime
from itertools import groupby, pairwise

from sqlalchemy import select
from tests.monitoring.outcomes import Outcomes
from tests.monitoring.test_window_by_volume import DAY, HEAVY, HOUR, spoken, watch
from tests.monitoring.world import START, World

from modelward.governance.measured import measured
from modelward.kit.database import reading, writing
from modelward.monitoring.capture_baseline import window_reference
from modelward.monitoring.estimates import Basis
from modelward.monitoring.performance_queries import fairness_view, performance_view
from modelward.monitoring.segment_tables import SegmentState, SegmentWindow, SegmentYardstick
from modelward.monitoring.tables import Fairness, Performance, PerformanceState
from modelward.registry.tables import Model

ALL = ("rebuild", "evaluate", "placebo", "joint", "performance", "segments", "segment_windows", "tidy")
ROWS = 24 * HEAVY


def work(world: World, moment: datetime) -> None:
    """All that is due; rests between two builds are over by the next look."""
    for _ in range(300):
        with writing(world.engine) as session:
            for state in (session.get(PerformanceState, world.model_id), session.get(SegmentState, world.model_id)):
                if state is not None:
                    state.build_not_before = min(state.build_not_before, moment)
        if not sum(world.do(kind, moment) for kind in ALL):
            return
    raise AssertionError("the work never ends")


def days(outcomes: Outcomes, first: int, last: int) -> None:
    """Days of predictions, each labelled on the day."""
    for day in range(first, last):
        end = START + (day + 1) * DAY
        outcomes.send(f"d{day}", day, rows=ROWS)
        outcomes.label(f"d{day}", now=end)
        work(outcomes.world, end)


def test_all_that_is_judged_of_a_window_changes_with_it_and_nothing_is_judged_twice(world: World) -> None:
    outcomes = Outcomes(world)
    watch(world, segments=["town"], protected=["town"])
    days(outcomes, 0, 2)
    model = world.model()
    end = START + 2 * DAY
    world.write(lambda s: window_reference(s, model=s.merge(model), start=START, end=end, now=end))
    work(world, end)
    days(outcomes, 2, 5)
    expected = [(entry.kind, entry.starts_at) for entry in spoken(world)]
    assert [(kind, len(list(some))) for kind, some in groupby(kind for kind, _ in expected)] == [
        ("day", 3),
        ("hour", 48),
    ]
    with reading(world.engine) as session:
        for table in (Performance, Fairness, SegmentWindow):
            rows = session.execute(select(table.kind, table.starts_at, table.ends_at, table.closed).distinct()).all()
            rows = sorted(rows, key=lambda row: row.starts_at)
            assert [(row.kind, row.starts_at) for row in rows] == expected, table
            assert all(one.ends_at == other.starts_at for one, other in pairwise(rows))
        state = session.get_one(PerformanceState, world.model_id)
        basis = Basis.of(state.basis)
        assert basis is not None
        assert basis.other_gaps.keys() == {"hour"}
        assert basis.gaps_of("hour") != basis.gaps_of("day")
        assert set(session.scalars(select(SegmentYardstick.window))) == {"hour"}
        view = performance_view(session, model_id=world.model_id)
        assert (view.kind, len(view.windows)) == ("hour", 51)
        assert view.verdict == "ok"
        assert len(fairness_view(session, model_id=world.model_id).attributes[0].windows) == 51
        found = measured(session, session.get_one(Model, world.model_id))
        assert {source.ends_at - source.starts_at for source in found.sources.values()} == {HOUR}


def test_a_label_that_comes_late_corrects_the_day_it_belongs_to_as_a_day(world: World) -> None:
    outcomes = Outcomes(world)
    watch(world)
    days(outcomes, 0, 2)
    outcomes.send("d2", 2, rows=ROWS)
    work(world, START + 3 * DAY)
    days(outcomes, 3, 4)
    outcomes.label("d2", now=START + 4 * DAY)
    work(world, START + 4 * DAY)
    with reading(world.engine) as session:
        rows = session.scalars(select(Performance).order_by(Performance.starts_at)).all()
    assert [row.kind for row in rows] == ["day"] * 3 + ["hour"] * 24
    assert [row.labelled for row in rows[:3]] == [ROWS] * 3
