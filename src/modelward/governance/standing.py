"""How a model stands under its policy, from what monitoring holds at this moment."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from modelward.governance.measured import Measured, measured
from modelward.governance.policies import InForce, policy_of
from modelward.registry.tables import Model
from modelward.rules.governance_status import GovernanceStatus, Reason, decide_status
from modelward.rules.risk import Component, Risk, Unmeasured, risk_index


@dataclass(frozen=True)
class Standing:
    """The status of a model, its risk, why, and under which policy.

    `status` and `risk_score` are None where nothing was measured: that is no approval.
    """

    status: GovernanceStatus | None
    risk: Risk
    reasons: tuple[Reason, ...]
    measured: Measured
    policy: InForce

    @property
    def risk_score(self) -> float | None:
        return self.risk.score

    @property
    def components(self) -> tuple[Component, ...]:
        return self.risk.components

    @property
    def unmeasured(self) -> tuple[Unmeasured, ...]:
        return self.risk.unmeasured

    @property
    def measured_at(self) -> datetime | None:
        """When the newest of what it rests on was measured."""
        return self.measured.measured_at

    @property
    def sources(self) -> dict[str, Any]:
        """The windows, the reference and the policy versions that it was made from, as JSON."""
        windows = {name: source.to_dict() for name, source in self.measured.sources.items()}
        return {**windows, "reference": self.measured.baseline_id, "policy": self.policy.cited}


def standing(
    session: Session, model: Model, *, until: datetime | None = None, policy: InForce | None = None
) -> Standing:
    """How the model stands now under the policy in force.

    With `until`, how it stood by the windows that had closed by then; with `policy`, under another one.
    """
    return standing_under(measured(session, model, until=until), policy or policy_of(session, model))


def standing_under(found: Measured, policy: InForce) -> Standing:
    """How a model of which this was measured stands under a policy."""
    risk = risk_index(found.parts, policy.policy.weights)
    decision = decide_status(risk, found.figures, policy.policy)
    return Standing(decision.status, risk, decision.reasons, found, policy)
