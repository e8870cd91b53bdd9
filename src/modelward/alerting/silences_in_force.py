"""The silences that may hold for the alerts of a model, or of an organisation as a whole."""

from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from modelward.alerting.tables import SilenceRow
from modelward.registry.tables import Model
from modelward.rules.alert_rules import AlertKind
from modelward.rules.muting import Silence


def silences_of(session: Session, *, organisation_id: int, model_id: int | None, now: datetime) -> list[Silence]:
    """Those that have not ended yet. One for a project or a model does not hold for the organisation as a whole."""
    model = session.get(Model, model_id) if model_id is not None else None
    projects, models = ([model.project_id], [model.id]) if model is not None else ([], [])
    mine = (
        SilenceRow.organisation_id == organisation_id,
        SilenceRow.ends_at > now,
        or_(SilenceRow.project_id.is_(None), SilenceRow.project_id.in_(projects)),
        or_(SilenceRow.model_id.is_(None), SilenceRow.model_id.in_(models)),
    )
    return [silence_of(row) for row in session.scalars(select(SilenceRow).where(*mine).order_by(SilenceRow.id))]


def silence_of(row: SilenceRow) -> Silence:
    """A stored silence, as the rules take it."""
    return Silence(
        id=row.id,
        author=row.author,
        reason=row.reason,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        kind=AlertKind(row.kind) if row.kind else None,
        subject=row.column,
    )
