"""Making, changing and ending silences. They are never deleted: who kept what quiet, and why, stays known."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from modelward.accounts.principal import Principal, Scope
from modelward.alerting.manage_rules import may_change, scope_of
from modelward.alerting.move import MOVE
from modelward.alerting.silence_schemas import NewSilence, SilenceAnswer, SilenceChanges, SilencePage, SilencesAsked
from modelward.alerting.tables import IncidentRow, SilenceRow
from modelward.audit.service import record
from modelward.errors import Conflict, Forbidden, Invalid, NotFound
from modelward.jobs.service import enqueue
from modelward.kit.paging import listed
from modelward.registry.queries import keys_of_models
from modelward.registry.service import LARGEST_ID, resolve, within
from modelward.registry.tables import Model
from modelward.rules.muting import LONGEST_SILENCE

_COLUMNS = {"id": SilenceRow.id, "ends_at": SilenceRow.ends_at}


def silences_page(session: Session, scope: Scope, asked: SilencesAsked, *, now: datetime) -> SilencePage:
    """The silences that the caller sees."""
    query = select(SilenceRow).where(*_seen(scope))
    if asked.expired is not None:
        query = query.where(SilenceRow.ends_at <= now if asked.expired else SilenceRow.ends_at > now)
    if asked.model is not None:
        query = query.where(SilenceRow.model_id == resolve(session, scope, asked.model).id)
    page = listed(session, query, asked, columns=_COLUMNS, key=SilenceRow.id)
    return SilencePage(items=silence_answers(session, page.items, now=now), next=page.next)


def find_silence(session: Session, scope: Scope, silence_id: int) -> SilenceRow:
    """The silence.

    Raises:
        NotFound: there is none in the scope.
    """
    number = silence_id if 0 < silence_id <= LARGEST_ID else 0
    row = session.scalars(select(SilenceRow).where(*_seen(scope), SilenceRow.id == number)).first()
    if row is None:
        raise NotFound(f"There is no silence {silence_id}: GET /api/v1/silences lists those that there are.")
    return row


def create_silence(session: Session, *, author: Principal, body: NewSilence, now: datetime) -> SilenceRow:
    """Keep something quiet for a while.

    Raises:
        Invalid: it would not end, or end too late.
        Forbidden: it would reach beyond the caller's scope.
    """
    project_id, model_id = scope_of(session, author.scope, project=body.project, model=body.model)
    starts_at = max(now, body.starts_at or now)
    ends_at = body.ends_at or starts_at + timedelta(hours=body.hours or 0)
    _check_end(starts_at, ends_at, now)
    row = SilenceRow(
        organisation_id=author.organisation_id,
        project_id=project_id,
        model_id=model_id,
        kind=body.kind.value if body.kind else None,
        column=body.column or None,
        author=author.title,
        author_user=author.user_id,
        reason=body.reason,
        created_at=now,
        starts_at=starts_at,
        ends_at=ends_at,
    )
    session.add(row)
    session.flush()
    _tell(session, author, "silence.created", row, now, after=_told(row))
    return row


def change_silence(
    session: Session, *, author: Principal, silence_id: int, changes: SilenceChanges, now: datetime
) -> SilenceRow:
    """Give a silence another end or reason.

    Raises:
        Conflict: it has ended. Invalid: it would end too late. Forbidden: it reaches beyond the caller's scope.
    """
    row = find_silence(session, author.scope, silence_id)
    _check_may(author.scope, row)
    if row.ends_at <= now:
        raise Conflict("This silence has ended: make another.")
    before = _told(row)
    if changes.ends_at is not None:
        _check_end(row.starts_at, changes.ends_at, now)
        row.ends_at = changes.ends_at
    row.reason = changes.reason or row.reason
    session.flush()
    _tell(session, author, "silence.changed", row, now, before=before, after=_told(row))
    return row


def expire_silence(session: Session, *, author: Principal, silence_id: int, now: datetime) -> None:
    """End a silence now. One that has ended stays as it was."""
    row = find_silence(session, author.scope, silence_id)
    _check_may(author.scope, row)
    if row.ends_at <= now:
        return
    before = _told(row)
    row.starts_at, row.ends_at, row.expired_by = min(row.starts_at, now), now, author.title
    session.flush()
    _tell(session, author, "silence.expired", row, now, before=before, after=_told(row))


def silence_answers(session: Session, rows: Iterable[SilenceRow], *, now: datetime) -> list[SilenceAnswer]:
    """The silences with their states and the keys of their models."""
    listed_rows = list(rows)
    ids = {row.model_id for row in listed_rows if row.model_id is not None}
    keys = keys_of_models(session, ids)
    shown = [name for name in SilenceAnswer.model_fields if name not in ("state", "model")]
    return [
        SilenceAnswer(
            **{name: getattr(row, name) for name in shown},
            state="expired" if row.ends_at <= now else "pending" if row.starts_at > now else "active",
            model=keys.get(row.model_id or 0),
        )
        for row in listed_rows
    ]


def _check_end(starts_at: datetime, ends_at: datetime, now: datetime) -> None:
    if ends_at <= max(starts_at, now):
        raise Invalid("A silence ends after it begins, and not in the past: give a later `ends_at`.")
    if ends_at - starts_at > LONGEST_SILENCE or ends_at - now > 2 * LONGEST_SILENCE:
        raise Invalid(f"A silence lasts for {LONGEST_SILENCE.days} days at most: give an earlier `ends_at`.")


def _check_may(scope: Scope, row: SilenceRow) -> None:
    if not may_change(scope, project_id=row.project_id, model_id=row.model_id):
        raise Forbidden(
            "This key is bound to a part of the organisation and changes no silence beyond it: use one of all."
        )


def _seen(scope: Scope) -> list[ColumnElement[bool]]:
    bounds: list[ColumnElement[bool]] = [SilenceRow.organisation_id == scope.organisation_id]
    if not scope.whole:
        models = select(Model.id).where(*within(scope))
        bounds.append(or_(SilenceRow.model_id.is_(None), SilenceRow.model_id.in_(models)))
    if scope.project_id is not None:
        bounds.append(or_(SilenceRow.project_id.is_(None), SilenceRow.project_id == scope.project_id))
    return bounds


def _told(row: SilenceRow) -> dict[str, Any]:
    moments = {name: getattr(row, name).isoformat() for name in ("starts_at", "ends_at")}
    return {**{name: getattr(row, name) for name in ("project_id", "kind", "column", "reason")}, **moments}


def _tell(
    session: Session,
    author: Principal,
    action: str,
    row: SilenceRow,
    now: datetime,
    *,
    after: dict[str, Any],
    before: dict[str, Any] | None = None,
) -> None:
    """Put it into the audit, and decide on the incidents that it may concern."""
    if before is not None:
        changed = {name for name in after if after[name] != before[name]}
        before, after = ({name: side[name] for name in sorted(changed)} for side in (before, after))
    record(
        session,
        organisation_id=row.organisation_id,
        author=author.author,
        action=action,
        object_kind="silence",
        object_id=row.id,
        object_title=row.reason[:200],
        at=now,
        before=before,
        after=after,
        reason=row.reason,
        model_id=row.model_id,
    )
    concerned = (IncidentRow.organisation_id == row.organisation_id, IncidentRow.state == "open")
    for incident_id in session.scalars(select(IncidentRow.id).where(*concerned)).all():
        enqueue(session, MOVE, str(incident_id), run_at=now)
