"""A model's standing as it is kept: as JSON in the state and in the history."""

from typing import Any

from modelward.governance.risk_tables import GovernanceState, RiskRecord
from modelward.governance.standing import Standing
from modelward.rules.risk import Component
from modelward.rules.risk_step import Look

MOST_COLUMNS = 10
"""So many of the columns that brought the most are kept with a look."""


def look_of(found: Standing) -> Look:
    """A standing, to be kept."""
    return Look(
        status=found.status.value if found.status else None,
        risk_score=None if found.risk_score is None else round(found.risk_score, 4),
        components=[component_json(part) for part in found.components],
        unmeasured=[{"name": part.name, "sentence": part.sentence} for part in found.unmeasured],
        reasons=[reason.to_dict() for reason in found.reasons],
        sources={**found.sources, "policy_title": found.policy.title},
    )


def look_in(kept: GovernanceState | RiskRecord) -> Look:
    """A look that was kept."""
    return Look(kept.status, kept.risk_score, kept.components, kept.unmeasured, kept.reasons, kept.sources)


def component_json(part: Component) -> dict[str, Any]:
    """A part of the risk as JSON."""
    columns = [
        {"column": entry.column, "psi": entry.psi, "points": entry.points} for entry in part.columns[:MOST_COLUMNS]
    ]
    return {
        "name": part.name,
        "score": part.score,
        "weight": round(part.weight, 6),
        "points": round(part.points, 4),
        "sentence": part.sentence,
        "evidence": dict(part.evidence),
        "columns": columns,
    }
