"""Which rules hold for a model, or for the organisation as a whole."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from modelward.alerting.tables import Rule
from modelward.registry.tables import Model
from modelward.rules.alert_rules import WITHOUT_MODEL, AlertKind, AlertRule, Condition, Severity, in_force

ALWAYS = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Holding:
    """A rule that holds, and since when it has been as it is."""

    rule: AlertRule
    changed_at: datetime


def rules_of_model(session: Session, model: Model) -> list[Holding]:
    """The rules that hold for a model. What concerns the monitor itself is not a model's."""
    scope = or_(
        and_(Rule.project_id.is_(None), Rule.model_id.is_(None)),
        and_(Rule.project_id == model.project_id, Rule.model_id.is_(None)),
        Rule.model_id == model.id,
    )
    written = select(Rule).where(Rule.organisation_id == model.organisation_id, scope).order_by(Rule.id)
    holding = _in_force(session.scalars(written).all())
    return [one for one in holding if one.rule.kind is not AlertKind.MONITOR]


def rules_of_organisation(session: Session, organisation_id: int) -> list[Holding]:
    """The rules that hold for the organisation as a whole."""
    whole = (Rule.organisation_id == organisation_id, Rule.project_id.is_(None), Rule.model_id.is_(None))
    holding = _in_force(session.scalars(select(Rule).where(*whole).order_by(Rule.id)).all())
    return [one for one in holding if one.rule.kind in WITHOUT_MODEL]


def rule_of(row: Rule) -> AlertRule:
    """A stored rule, as rules are asked."""
    return AlertRule(
        key=row.built_in or f"rule-{row.id}",
        title=row.title,
        kind=AlertKind(row.kind),
        condition=Condition.from_dict(row.condition),
        severity=Severity(row.severity) if row.severity else None,
        wait=timedelta(seconds=row.wait_seconds),
        enabled=row.enabled,
        channel_ids=tuple(row.channel_ids) if row.channel_ids is not None else None,
    )


def _in_force(written: Sequence[Rule]) -> list[Holding]:
    asked = [(rule_of(row), row.built_in, _narrow(row)) for row in written]
    changed = {id(rule): row.changed_at for (rule, _, _), row in zip(asked, written, strict=True)}
    return [Holding(rule, changed.get(id(rule), ALWAYS)) for rule in in_force(asked)]


def _narrow(row: Rule) -> int:
    return 2 if row.model_id is not None else 1 if row.project_id is not None else 0
