"""What Prometheus hears of due work."""

from datetime import timedelta

from sqlalchemy import Engine, update

from modelward.jobs.measures import JobMeasures
from modelward.jobs.service import enqueue
from modelward.jobs.tables import Job
from modelward.kit.clock import now
from modelward.kit.database import open_database, writing


def told(engine: Engine) -> dict[tuple[str, ...], float]:
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in JobMeasures(engine).collect()
        for sample in family.samples
    }


def test_jobs_are_counted_by_kind_once_their_time_has_come(each_database: Engine) -> None:
    moment = now()
    with writing(each_database) as session:
        for key in "abc":
            enqueue(session, "judge", key, run_at=moment - timedelta(minutes=5))
        enqueue(session, "judge", "tomorrow", run_at=moment + timedelta(days=1))
        enqueue(session, "rebuild", "given up", run_at=moment - timedelta(days=1))
        session.execute(update(Job).where(Job.key == "given up").values(state="dead"))
    found = told(each_database)
    late = found.pop(("modelward_jobs_overdue_seconds",))
    assert found == {("modelward_jobs_due", "judge"): 3, ("modelward_jobs_dead", "rebuild"): 1}
    assert 300 <= late < 86_400


def test_nothing_is_late_where_nothing_is_due(database: Engine) -> None:
    assert told(database) == {("modelward_jobs_overdue_seconds",): 0}


def test_a_database_that_does_not_answer_leaves_the_measures_out(tmp_path) -> None:
    engine = open_database(f"sqlite:///{tmp_path}/empty.db")
    assert told(engine) == {}
    engine.dispose()
