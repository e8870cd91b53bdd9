"""The word that others are told when a model's status or the level of its risk changes."""

from datetime import datetime

from sqlalchemy.orm import Session

from modelward.registry.tables import Model
from modelward.rules.governance_status import GovernanceStatus
from modelward.rules.risk_step import Look, step_between
from modelward.signals.service import emit

_LEVELS = {"risk_low": "low", "risk_at_risk": "at risk", "risk_blocked": "blocked"}


def tell(session: Session, *, model: Model, before: Look | None, after: Look, at: datetime) -> None:
    """Emit what is news: `governance_status`, and `risk` where the score reached another threshold.

    What was corrected by late data, or came of another reference, is no news; nor is a first look that is fine.
    """
    step = step_between(before, after)
    if not step.news:
        return
    evidence = {"risk_score": after.risk_score, "reasons": list(after.reasons), "sources": dict(after.sources)}
    told = (
        ("governance_status", before.status if before else None, after.status, GovernanceStatus.APPROVED.value),
        ("risk", level_of(before) if before else None, level_of(after), "low"),
    )
    for kind, was, now, fine in told:
        if was == now or (was is None and now == fine):
            continue
        emit(
            session,
            organisation_id=model.organisation_id,
            model_id=model.id,
            kind=kind,
            subject=model.key,
            before=was,
            after=now,
            reason=step.cause,
            at=at,
            evidence=evidence,
        )


def level_of(look: Look) -> str | None:
    """The level of the risk score alone, whatever hard limits say: low, at risk, blocked; None: it is not known."""
    found = [_LEVELS[code] for code in look.codes if code in _LEVELS]
    if found:
        return found[0]
    return None if look.risk_score is None else "low"
