"""How many rows windows of the same hour or day of earlier weeks had, and how many events came twice."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from modelward.kit.database import insert_into
from modelward.monitoring.judged_windows import judged_by
from modelward.monitoring.quality_tables import QualityRecord, Repeated
from modelward.monitoring.tables import BucketProfile, Evaluation, Partial
from modelward.monitoring.window_profiles import seconds
from modelward.rules.volume import WEEKS
from modelward.rules.window_spans import WindowSpans
from modelward.rules.windows import Window, WindowKind, window_of


def earlier_rows(
    session: Session,
    *,
    model_id: int,
    window: Window,
    windows: WindowSpans,
    known: Mapping[datetime, int] | None = None,
) -> list[float]:
    """The rows of the same window of up to eight earlier weeks, newest first, as many as they would have been in a
    window of this length: a day on which the clock changes has 23 or 25 hours.

    A window that nobody sent anything in counts as 0. The first window of a model is left out: it began somewhere in
    its middle. `known` are the rows of windows, by their start, that are judged but not written yet. Where windows were
    of another kind then, their buckets say how many rows a window like this would have had.
    """
    if window.kind == "events":
        return []
    slots = [_weeks_before(window, weeks, windows.time_zone) for weeks in range(1, WEEKS + 1)]
    alike = {slot for slot in slots if windows.kind_at(slot.start) == window.kind}
    judged = (Evaluation.model_id == model_id, judged_by(Evaluation, windows))
    found = session.execute(
        select(Evaluation.starts_at, Evaluation.rows).where(
            *judged, Evaluation.starts_at.in_([slot.start for slot in alike])
        )
    )
    rows = {row.starts_at: row.rows for row in found} | dict(known or {})
    first = session.scalar(select(func.min(Evaluation.starts_at)).where(*judged))
    beginning = min([*([first] if first else []), *(known or {})], default=window.start)
    whole = [slot for slot in slots if slot.start >= windows.window_of(beginning).end]
    rows |= _counted(session, model_id, [slot for slot in whole if slot not in alike])
    length = _length(window)
    return [rows.get(slot.start, 0) * (length / _length(slot)) for slot in whole]


def rows_by_bucket(session: Session, *, model_id: int, start: datetime, end: datetime) -> dict[int, int]:
    """How many rows the buckets that begin in the span have, as far as they are in the profiles."""
    found: Counter[int] = Counter()
    for table in (BucketProfile, Partial):
        of_model = (table.model_id == model_id, table.bucket >= seconds(start), table.bucket < seconds(end))
        for bucket, rows in session.execute(select(table.bucket, table.rows).where(*of_model)):
            found[bucket] += rows
    return dict(found)


def _counted(session: Session, model_id: int, slots: Iterable[Window]) -> dict[datetime, int]:
    return {
        slot.start: sum(rows_by_bucket(session, model_id=model_id, start=slot.start, end=slot.end).values())
        for slot in slots
    }


def _weeks_before(window: Window, weeks: int, time_zone: str) -> Window:
    """The window of the same kind that held the same time of the wall's clock so many weeks ago."""
    zone = ZoneInfo(time_zone)
    then = window.start.astimezone(zone).replace(tzinfo=None) - timedelta(weeks=weeks)
    kind: WindowKind = window.kind  # type: ignore[assignment]  # The caller has taken "events" out.
    return window_of(then.replace(tzinfo=zone).astimezone(UTC), kind, time_zone)


def _length(window: Window) -> float:
    return (window.end - window.start).total_seconds()


def usual_shares(
    session: Session, *, model_id: int, window: Window, windows: WindowSpans, most: int = 30
) -> list[float]:
    """The shares of repeated events in the windows before this one."""
    rows = session.execute(
        select(QualityRecord.rows, QualityRecord.repeated)
        .join(Evaluation, Evaluation.id == QualityRecord.evaluation_id)
        .where(Evaluation.model_id == model_id, judged_by(Evaluation, windows), Evaluation.starts_at < window.start)
        .order_by(Evaluation.starts_at.desc())
        .limit(most)
    ).all()
    return [row.repeated / (row.rows + row.repeated) for row in rows if row.rows + row.repeated]


def repeated_events(session: Session, *, model_id: int, start: datetime, end: datetime) -> int:
    """How many events of the buckets that begin in the span came again under an id that was stored."""
    found = session.scalar(
        select(func.sum(Repeated.events)).where(
            Repeated.model_id == model_id,
            Repeated.bucket >= int(start.timestamp()),
            Repeated.bucket < int(end.timestamp()),
        )
    )
    return int(found or 0)


def note_repeated(session: Session, counts: Iterable[tuple[int, int, int]]) -> None:
    """Add to what came again: (model, bucket, events)."""
    rows = [{"model_id": model_id, "bucket": bucket, "events": events} for model_id, bucket, events in counts]
    if not rows:
        return
    statement = insert_into(session, Repeated)
    keys = ["model_id", "bucket"]
    more = Repeated.events + statement.excluded.events
    session.execute(statement.on_conflict_do_update(index_elements=keys, set_={"events": more}), rows)
