"""Where a reference comes from: an uploaded file, a window of the model's own events, or its first events."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
from sqlalchemy import select
from sqlalchemy.orm import Session

from modelward.audit.author import SYSTEM, Author
from modelward.errors import Invalid
from modelward.events.contract import EventStore
from modelward.kit.database import insert_into
from modelward.monitoring.columns import SPECIAL, feature_key, profiled_columns, with_label
from modelward.monitoring.monitor_settings import evaluate_everything
from modelward.monitoring.profiling import ProfiledColumn, profile_of
from modelward.monitoring.subject import Subject
from modelward.monitoring.tables import ReferenceEvent
from modelward.monitoring.upload import check_size
from modelward.monitoring.window_profiles import bucket_length, window_profile
from modelward.registry.entries import about_reference, facts_of
from modelward.registry.service import confirm_baseline, current_baseline, save_baseline
from modelward.registry.tables import Baseline, Model
from modelward.stats import Profile

_OUTCOMES = {"prediction": "@prediction", "y_pred": "@prediction", "score": "@score", "y_proba": "@score"}
_UNASKED = "The first {} events, taken unasked: confirm them, or give a reference of your own."
_ACTIONS = {"upload": "reference.uploaded", "window": "reference.captured"}
FEWEST_ROWS = 30
"""A reference of fewer rows would not even describe itself."""


@dataclass(frozen=True)
class Captured:
    """The first events as a provisional reference, to be written: call it with the session."""

    model_id: int
    profile: Profile
    event_ids: tuple[str, ...]
    starts_at: datetime
    ends_at: datetime
    now: datetime

    def __call__(self, session: Session) -> None:
        if current_baseline(session, self.model_id) is None:  # A person may have been faster.
            baseline = save_baseline(
                session,
                model_id=self.model_id,
                source="first_events",
                status="provisional",
                now=self.now,
                starts_at=self.starts_at,
                ends_at=self.ends_at,
                rows=self.profile.rows,
                profile=self.profile.to_bytes(),
                note=_UNASKED.format(self.profile.rows),
            )
            rows = [{"baseline_id": baseline.id, "event_id": event_id} for event_id in self.event_ids]
            session.execute(insert_into(session, ReferenceEvent), rows)
            model = session.get_one(Model, self.model_id)
            about_reference(
                session,
                model,
                baseline,
                author=SYSTEM,
                action="reference.captured",
                at=self.now,
                reason=baseline.note,
            )
        evaluate_everything(session, model_id=self.model_id, now=self.now)


def first_events(
    session: Session, store: EventStore, subject: Subject, *, count: int, now: datetime
) -> Captured | None:
    """The first `count` events to arrive; None while a person's own reference is being built."""
    if _building(session, subject.model_id):
        return None
    begin, end = datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)
    arrivals = store.scan(subject.model_id, begin, end, ["event_id", "ts", "received_at"]).read_all()
    order = [("received_at", "ascending"), ("ts", "ascending"), ("event_id", "ascending")]
    chosen = arrivals.take(pc.select_k_unstable(arrivals, count, sort_keys=order))
    span = pc.min_max(chosen.column("ts")).as_py()
    ids = chosen.column("event_id").to_pylist()
    rows = with_label(store.fetch(subject.model_id, ids), subject.columns)
    return Captured(
        subject.model_id,
        profile_of(rows, subject.columns),
        tuple(ids),
        span["min"].astimezone(UTC),
        span["max"].astimezone(UTC),
        now,
    )


def read_upload(session: Session, *, model_id: int, path: Path) -> Profile:
    """The profile of a CSV or Parquet file, its columns under the model's names: slow work, so outside any write.

    Columns are matched with the features by name; those called as the prediction or the score are taken for these.

    Raises:
        Invalid: the file cannot be read, unpacks to too much, or has none of the model's columns.
    """
    from modelward.report.frames import read_profile

    check_size(path)
    try:
        found = read_profile(path)
    except Invalid as error:
        # Where the service keeps the upload for a moment is nothing to the person who sent it.
        raise Invalid(error.sentence.replace(repr(str(path)), "The file")) from error
    return _as_the_model_names_them(found.profile, profiled_columns(session, model_id))


def upload_reference(
    session: Session,
    *,
    model: Model,
    profile: Profile,
    file_name: str,
    now: datetime,
    note: str | None = None,
    author: Author = SYSTEM,
) -> Baseline:
    """Take an uploaded file's profile as the reference, and evaluate all windows against it.

    Raises:
        Invalid: it has too few rows.
    """
    said = note or f"Uploaded: {file_name}"
    return _use(session, model=model, profile=profile, source="upload", now=now, note=said, author=author)


def window_reference(
    session: Session,
    *,
    model: Model,
    start: datetime,
    end: datetime,
    now: datetime,
    note: str | None = None,
    author: Author = SYSTEM,
) -> Baseline:
    """Take a span of the model's own events as the reference, and evaluate all windows against it.

    The span is widened to whole buckets.

    Raises:
        Invalid: it ends before it begins, or holds too few events.
    """
    first, last = span_in_buckets(session, model_id=model.id, start=start, end=end)
    profile = window_profile(session, model_id=model.id, start=first, end=last)
    span = {"starts_at": first, "ends_at": last}
    return _use(session, model=model, profile=profile, source="window", now=now, note=note, author=author, **span)


def span_in_buckets(session: Session, *, model_id: int, start: datetime, end: datetime) -> tuple[datetime, datetime]:
    """The span of a reference, widened to the whole buckets of the model.

    Raises:
        Invalid: it ends before it begins.
    """
    if end <= start:
        raise Invalid("The window of a reference must end after it begins.")
    length = bucket_length(session, model_id)
    return _floor(start, length), _floor(end, -length)


def confirm_reference(session: Session, *, model: Model, now: datetime, author: Author = SYSTEM) -> Baseline:
    """A person says that the provisional reference is right.

    Raises:
        Invalid: there is no reference yet.
    """
    baseline = current_baseline(session, model.id)
    if baseline is None:
        raise Invalid("There is no reference to confirm yet: upload one, or name a window of the model's events.")
    before = facts_of(baseline)
    confirmed = confirm_baseline(session, baseline_id=baseline.id, now=now)
    if before != facts_of(confirmed):
        action = "reference.confirmed"
        about_reference(session, model, confirmed, author=author, action=action, at=now, before=before)
    evaluate_everything(session, model_id=model.id, now=now)
    return confirmed


def _use(
    session: Session,
    *,
    model: Model,
    profile: Profile,
    source: str,
    now: datetime,
    author: Author,
    **details: Any,
) -> Baseline:
    if profile.rows < FEWEST_ROWS:
        raise Invalid(
            f"A reference of {profile.rows} rows is too small to compare anything with: give at least {FEWEST_ROWS}, "
            "better some thousands."
        )
    before = facts_of(current_baseline(session, model.id))
    baseline = save_baseline(
        session,
        model_id=model.id,
        source=source,
        status="confirmed",
        now=now,
        rows=profile.rows,
        profile=profile.to_bytes(),
        **details,
    )
    evaluate_everything(session, model_id=model.id, now=now)
    action = _ACTIONS[source]
    about_reference(session, model, baseline, author=author, action=action, at=now, before=before, reason=baseline.note)
    return baseline


def _as_the_model_names_them(profile: Profile, columns: Sequence[ProfiledColumn]) -> Profile:
    """The file's columns under the keys of profiles. A model without events yet takes every column for a feature."""
    features = {column.sent_as: column.key for column in columns if column.key not in SPECIAL}
    keys = features or {name: feature_key(name) for name in profile.columns if name not in _OUTCOMES}
    keys = {**_OUTCOMES, **keys}
    found = {keys[name]: summary for name, summary in profile.columns.items() if name in keys}
    if features and not found.keys() & set(features.values()):
        raise Invalid(
            f"None of the file's columns ({_listed(profile.columns)}) is a feature of the model ({_listed(features)}): "
            "name the columns as the features are named."
        )
    return Profile(rows=profile.rows, columns=found)


def _listed(names: Iterable[str]) -> str:
    some = list(names)
    return ", ".join(some[:8]) + (f" and {len(some) - 8} more" if len(some) > 8 else "")


def _building(session: Session, model_id: int) -> bool:
    query = select(Baseline.id).where(Baseline.model_id == model_id, Baseline.status == "building")
    return session.scalars(query).first() is not None


def _floor(time: datetime, length: int) -> datetime:
    """The bucket boundary at or before the moment; at or after it for a negative length."""
    return datetime.fromtimestamp(time.timestamp() // length * length, UTC)
