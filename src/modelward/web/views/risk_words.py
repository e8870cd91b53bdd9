"""What governance says of a model in a few words, for every page that shows it."""

from collections.abc import Mapping
from dataclasses import replace

from modelward.governance.risk_tables import GovernanceState
from modelward.web.states import DRIFTED, HEALTHY, TOO_FEW, WARNING, State

GOVERNANCE: Mapping[str | None, State] = {
    "APPROVED": replace(HEALTHY, word="Approved", meaning="The policy lets it stay in production."),
    "AT_RISK": replace(WARNING, word="At risk", meaning="Its risk has reached the first threshold of the policy."),
    "BLOCKED": replace(DRIFTED, word="Blocked", meaning="Its risk or a hard limit of the policy says that it may not."),
    None: replace(TOO_FEW, word="Not measured", meaning="Nothing was measured yet, which is no approval."),
}


def risk_told(state: GovernanceState | None) -> str:
    """A model's risk in a few words."""
    if state is None or state.risk_score is None:
        return "risk not measured"
    return f"risk {state.risk_score:.0f}, {GOVERNANCE[state.status].word.lower()}"
