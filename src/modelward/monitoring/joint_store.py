"""Joint summaries as rows: of buckets, and of days rolled up from them; any span is the fewest of both."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, delete, select, tuple_
from sqlalchemy.orm import Session

from modelward.kit.database import change, insert_into
from modelward.monitoring.joint_outcome import Summary, counts_of, merged
from modelward.monitoring.joint_plan import OUTCOME
from modelward.monitoring.tables import Joint
from modelward.stats import GroupOutcomes, Outcome

_AT_ONCE = 400


@dataclass(frozen=True)
class Span:
    """Seconds of the epoch, from `start` up to but without `end`."""

    start: int
    end: int


@dataclass(frozen=True)
class Counted:
    """One bucket: its rows with a prediction, and those whose outcome is known."""

    bucket: int
    rows: int
    labelled: int


def put_joint(
    session: Session,
    *,
    model_id: int,
    recipe: str,
    found: Mapping[Span, Mapping[str, Summary]],
    now: datetime,
    rolled_up: bool = False,
) -> None:
    """Write the summaries of spans, each in the place of the one before it."""
    rows = [
        _row(model_id, name, span, summary) | {"recipe": recipe, "rolled_up": rolled_up, "built_at": now}
        for span, summaries in found.items()
        for name, summary in summaries.items()
    ]
    if not rows:
        return
    statement = insert_into(session, Joint)
    key = ["model_id", "name", "bucket", "ends_at"]
    replaced = {name: statement.excluded[name] for name in rows[0] if name not in (*key, "generation")}
    upsert = statement.on_conflict_do_update(index_elements=key, set_={**replaced, "generation": Joint.generation + 1})
    session.execute(upsert, rows, execution_options={"synchronize_session": False})


def forget_joint(session: Session, *, model_id: int, spans: Collection[Span]) -> None:
    """Forget the summaries of buckets, and every day that was rolled up from one of them."""
    ordered = sorted(spans, key=lambda span: span.start)
    for at in range(0, len(ordered), _AT_ONCE):
        some = ordered[at : at + _AT_ONCE]
        keys = [(span.start, span.end) for span in some]
        change(session, delete(Joint).where(Joint.model_id == model_id, tuple_(Joint.bucket, Joint.ends_at).in_(keys)))
    if ordered:
        overlapping = and_(Joint.ends_at > ordered[0].start, Joint.bucket < ordered[-1].end)
        change(session, delete(Joint).where(Joint.model_id == model_id, Joint.rolled_up, overlapping))


def joint_of(
    session: Session, *, model_id: int, recipe: str, span: Span, names: Collection[str] | None = None
) -> dict[str, Summary]:
    """The summaries of a span, by name, each in one merge."""
    chosen = _cover(session, model_id, recipe, span)
    parts: dict[str, list[Summary]] = {}
    for at in range(0, len(chosen), _AT_ONCE):
        query = select(Joint.name, Joint.payload).where(
            Joint.model_id == model_id, tuple_(Joint.bucket, Joint.ends_at).in_(chosen[at : at + _AT_ONCE])
        )
        if names is not None:
            query = query.where(Joint.name.in_(names))
        for row in session.execute(query):
            parts.setdefault(row.name, []).append(_read(row.name, row.payload))
    return {name: merged(some) for name, some in parts.items()}


def outcome_of(session: Session, *, model_id: int, recipe: str, span: Span) -> Outcome | None:
    """The summary of predictions and labels over a span; None where nothing was built."""
    found = joint_of(session, model_id=model_id, recipe=recipe, span=span, names=[OUTCOME]).get(OUTCOME)
    return found if isinstance(found, Outcome) else None


def counted(session: Session, *, model_id: int, recipe: str) -> list[Counted]:
    """Every bucket's counts, oldest first."""
    rows = session.execute(
        select(Joint.bucket, Joint.rows, Joint.labelled)
        .where(Joint.model_id == model_id, Joint.recipe == recipe, Joint.name == OUTCOME, Joint.rolled_up.is_(False))
        .order_by(Joint.bucket)
    )
    return [Counted(row.bucket, row.rows, row.labelled) for row in rows]


def pieces_of(session: Session, *, model_id: int, recipe: str, span: Span) -> int:
    """How many rows make up the span."""
    return len(_cover(session, model_id, recipe, span))


def _cover(session: Session, model_id: int, recipe: str, span: Span) -> list[tuple[int, int]]:
    """The fewest rows that make up the span: rolled-up days where there are, buckets elsewhere."""
    rows = session.execute(
        select(Joint.bucket, Joint.ends_at)
        .where(
            Joint.model_id == model_id,
            Joint.name == OUTCOME,
            Joint.recipe == recipe,
            Joint.bucket >= span.start,
            Joint.ends_at <= span.end,
        )
        .order_by(Joint.bucket, Joint.ends_at.desc())
    )
    return _without_overlap((row.bucket, row.ends_at) for row in rows)


def _without_overlap(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    chosen: list[tuple[int, int]] = []
    for start, end in spans:
        if not chosen or start >= chosen[-1][1]:
            chosen.append((start, end))
    return chosen


def _row(model_id: int, name: str, span: Span, summary: Summary) -> dict[str, object]:
    rows, labelled = counts_of(summary)
    delay = summary.delays.mean if isinstance(summary, Outcome) and summary.delays.count else None
    return {
        "model_id": model_id,
        "name": name,
        "bucket": span.start,
        "ends_at": span.end,
        "rows": rows,
        "labelled": labelled,
        "delay_seconds": delay,
        "payload": summary.to_bytes(),
        "generation": 1,
    }


def _read(name: str, payload: bytes) -> Summary:
    return Outcome.from_bytes(payload) if name == OUTCOME else GroupOutcomes.from_bytes(payload)


def spans_of(buckets: Iterable[int], length: int) -> Sequence[Span]:
    """Buckets as spans."""
    return [Span(bucket, bucket + length) for bucket in sorted(buckets)]
