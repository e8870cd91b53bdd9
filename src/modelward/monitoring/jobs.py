"""Monitoring's due work by kind: the job's key is the model's id, but for `sweep`, which looks at all of them.

`evaluate` is to be quick, `rebuild` may take seconds: run the kinds of `SLOW` in a loop of their own, and
those of `OUTCOMES`, which nobody waits for, in another.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import Engine, delete, select
from sqlalchemy.orm import Session

from modelward.events.contract import EventStore
from modelward.jobs.loop import Handler, Together
from modelward.jobs.schedule import every
from modelward.jobs.service import Claim, enqueue
from modelward.kit import clock
from modelward.kit.database import change, reading, writing
from modelward.monitoring.alarms import silent_after
from modelward.monitoring.compact import tidy
from modelward.monitoring.evaluate import evaluate
from modelward.monitoring.joint import build_joint, outdated
from modelward.monitoring.marks import JOINT, REBUILD, REVIEW, SEGMENT, SEGMENT_REVIEW
from modelward.monitoring.monitor_settings import monitor_of
from modelward.monitoring.placebo import try_out, untried
from modelward.monitoring.quality import overdue
from modelward.monitoring.rebuild import rebuild
from modelward.monitoring.retention import forget_old_events
from modelward.monitoring.review_performance import review
from modelward.monitoring.segment_build import build_segments, outdated_segments
from modelward.monitoring.segment_review import review_segments
from modelward.monitoring.segment_tables import SegmentWindow
from modelward.monitoring.subject import ARRIVING
from modelward.monitoring.tables import Absorbed, Activity, BucketMark, Evaluation, Partial, Performance
from modelward.registry.service import is_replayed
from modelward.registry.tables import Model
from modelward.rules.health import Health
from modelward.settings import Settings

SWEEP_SECONDS = 30
LEDGER_KEEPS = timedelta(days=8)
"""Longer than an id is remembered as a duplicate, so that a batch is never counted twice."""
RETENTION_SECONDS = 3600
SLOW = ("rebuild", "tidy", "retention", "placebo")
OUTCOMES = ("joint", "performance", "segments", "segment_windows")

Write = Callable[[Session], object]


def handlers(engine: Engine, store: EventStore, settings: Settings) -> dict[str, Handler | Together]:
    """What to do for each kind of job. Asks for the recurring sweep too, so that whoever runs jobs has it."""
    with writing(engine) as session:
        every(session, "monitoring", kind="sweep", seconds=SWEEP_SECONDS, first_at=clock.now())
        every(session, "retention", kind="retention", seconds=RETENTION_SECONDS, first_at=clock.now())

    def do_evaluate(claim: Claim) -> Write | None:
        now = clock.now()
        return evaluate(engine, store, model_id=int(claim.key), now=now, auto_reference=settings.auto_reference)

    return {
        "evaluate": do_evaluate,
        "rebuild": lambda claim: rebuild(engine, store, claim),
        "joint": lambda claim: build_joint(engine, store, model_id=int(claim.key), now=clock.now()),
        "performance": lambda claim: review(engine, store, model_id=int(claim.key), now=clock.now()),
        "segments": lambda claim: build_segments(engine, store, model_id=int(claim.key), now=clock.now()),
        "segment_windows": lambda claim: review_segments(engine, store, model_id=int(claim.key), now=clock.now()),
        "placebo": lambda claim: try_out(engine, store, model_id=int(claim.key), now=clock.now()),
        "tidy": lambda claim: tidy(engine, model_id=int(claim.key), now=clock.now()),
        "sweep": lambda _claim: sweep(engine, now=clock.now()),
        "retention": lambda _claim: forget_old_events(engine, store, settings, now=clock.now()),
    }


def sweep(engine: Engine, *, now: datetime) -> Write:
    """Find what nobody asked for: windows that time has closed, models that fell silent, partials at rest."""
    with reading(engine) as session:
        due = _to_evaluate(session, now)
        untidy = set(session.scalars(select(Partial.model_id).distinct()))
        marked = {
            kinds: set(session.scalars(select(BucketMark.model_id).where(BucketMark.kind.in_(kinds)).distinct()))
            for kinds in (REBUILD, (JOINT,), (REVIEW,), (SEGMENT,), (SEGMENT_REVIEW,))
        }
        unjoined = marked[JOINT,] | outdated(session)
        untested = untried(session)
        undivided = marked[SEGMENT,] | outdated_segments(session)
        unlooked = marked[SEGMENT_REVIEW,] | _closed_meanwhile(session, SegmentWindow, now)
        unreviewed = marked[REVIEW,] | _closed_meanwhile(session, Performance, now)

    def write(writer: Session) -> None:
        wanted = {"evaluate": due, "tidy": untidy, "rebuild": marked[REBUILD], "placebo": untested}
        wanted |= {"joint": unjoined, "performance": unreviewed, "segments": undivided, "segment_windows": unlooked}
        for kind, model_ids in wanted.items():
            for model_id in sorted(model_ids):
                enqueue(writer, kind, str(model_id), run_at=now)
        change(writer, delete(Absorbed).where(Absorbed.at < now - LEDGER_KEEPS))

    return write


def _to_evaluate(session: Session, now: datetime) -> set[int]:
    marked = session.scalars(select(BucketMark.model_id).where(BucketMark.kind == "due"))
    return {*_closed_meanwhile(session, Evaluation, now), *marked, *_silent(session, now), *overdue(session, now)}


def _closed_meanwhile(
    session: Session, table: type[Evaluation | Performance | SegmentWindow], now: datetime
) -> set[int]:
    """Models with a window that was last looked at while it was open, and is closed now."""
    found = session.scalars(
        select(table.model_id)
        .join(Activity, Activity.model_id == table.model_id)
        .where(
            table.closed.is_(False),
            table.kind != "events",
            table.ends_at <= now,
            Activity.last_arrival_at <= now - ARRIVING,
        )
    )
    return set(found)


def _silent(session: Session, now: datetime) -> set[int]:
    rows = session.execute(
        select(Model, Activity)
        .join(Activity, Activity.model_id == Model.id)
        .where(Model.health != Health.SILENT.value, Activity.last_arrival_at < now - timedelta(hours=1))
    ).all()
    return {
        model.id
        for model, activity in rows
        if not is_replayed(model) and now - activity.last_arrival_at > silent_after(activity, monitor_of(model).window)
    }
