"""References of a model: at most one is current, provisional until a person confirms it."""

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from modelward.errors import Conflict, NotFound
from modelward.kit.database import change
from modelward.registry.tables import Baseline

CURRENT = ("provisional", "confirmed")


def current_baseline(session: Session, model_id: int) -> Baseline | None:
    """The reference that the model is compared with now."""
    return session.scalars(select(Baseline).where(Baseline.model_id == model_id, Baseline.status.in_(CURRENT))).first()


def save_baseline(
    session: Session,
    *,
    model_id: int,
    source: str,
    now: datetime,
    status: str = "confirmed",
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
    rows: int = 0,
    profile: bytes | None = None,
    note: str | None = None,
) -> Baseline:
    """Keep a reference. One that is `provisional` or `confirmed` takes the place of the current one.

    Raises:
        Conflict: a provisional one would take the place of one that a person confirmed.
    """
    if status in CURRENT:
        _make_room(session, model_id, status)
    baseline = Baseline(
        model_id=model_id,
        status=status,
        source=source,
        starts_at=starts_at,
        ends_at=ends_at,
        rows=rows,
        profile=profile,
        note=note,
        created_at=now,
        confirmed_at=now if status == "confirmed" else None,
    )
    session.add(baseline)
    session.flush()
    return baseline


def finish_baseline(session: Session, *, baseline_id: int, profile: bytes, rows: int, now: datetime) -> Baseline:
    """A reference that was `building` has its profile: from now on it is the confirmed one."""
    baseline = _baseline(session, baseline_id)
    if baseline.status != "building":
        raise Conflict(f"The reference {baseline_id} is {baseline.status}, not being built.")
    _make_room(session, baseline.model_id, "confirmed")
    baseline.profile, baseline.rows = profile, rows
    baseline.status, baseline.confirmed_at = "confirmed", now
    session.flush()
    return baseline


def confirm_baseline(session: Session, *, baseline_id: int, now: datetime) -> Baseline:
    """A person says that a provisional reference is right. Saying it again changes nothing.

    Raises:
        NotFound: there is no such reference.
        Conflict: it is replaced, or not built yet.
    """
    baseline = _baseline(session, baseline_id)
    if baseline.status not in CURRENT:
        raise Conflict(f"The reference {baseline_id} is {baseline.status}: only the current one can be confirmed.")
    baseline.status, baseline.confirmed_at = "confirmed", baseline.confirmed_at or now
    session.flush()
    return baseline


def _baseline(session: Session, baseline_id: int) -> Baseline:
    baseline = session.get(Baseline, baseline_id)
    if baseline is None:
        raise NotFound(f"There is no reference {baseline_id}.")
    return baseline


def _make_room(session: Session, model_id: int, status: str) -> None:
    current = current_baseline(session, model_id)
    if current and current.status == "confirmed" and status == "provisional":
        raise Conflict("The model has a confirmed reference: a provisional one does not replace it.")
    change(
        session,
        update(Baseline).where(Baseline.model_id == model_id, Baseline.status.in_(CURRENT)).values(status="replaced"),
    )
