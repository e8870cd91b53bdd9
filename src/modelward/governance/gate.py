"""May a version serve now? What serving asks before it answers, and what a route tells whoever serves elsewhere.

It reads live evidence, and not what held when the version was deployed. A champion that is blocked since goes on in the
shadow: its predictions are still made and kept, because a model that is shut out altogether gets no data any more by
which it could be seen to have recovered.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy.orm import Session

from modelward.governance.lifecycle_tables import Transition
from modelward.governance.moving import place_of, title_of
from modelward.governance.sight import look, newest
from modelward.registry.tables import Model
from modelward.rules.deployment_gate import Refused, staying
from modelward.rules.governance_status import Reason
from modelward.rules.lifecycle import WORDS, Action, Place, Stage


class ServingAnswer(StrEnum):
    """What a version may do."""

    ALLOWED = "allowed"
    SHADOW_ONLY = "shadow_only"  # it predicts and its predictions are kept, but they are nobody's answer
    REFUSED = "refused"


@dataclass(frozen=True)
class Serving:
    """The answer, the reasons against serving, and what is to be known beside (evidence that ran out meanwhile)."""

    answer: ServingAnswer
    reasons: tuple[Reason, ...] = ()
    warnings: tuple[Reason, ...] = ()
    override: Transition | None = None
    """The override by which it is allowed in spite of the reasons."""


def may_serve(session: Session, model: Model, *, now: datetime) -> Serving:
    """Whether this version may serve at this moment."""
    place = place_of(model)
    if place is None:
        word = WORDS[Stage(model.deployment_status)]
        sentence = f"{title_of(model)} is {word}, and not in production: deploy it first."
        return Serving(ServingAnswer.REFUSED, (Reason(Refused.NOT_IN_PRODUCTION, sentence),))
    sight, step = look(session, model), newest(session, model.id, Action.DEPLOY)
    ended = step is not None and step.override and step.expires_at is not None and step.expires_at <= now
    against = staying(sight.policy, sight.known, now=now, override_ended=ended)
    named = {reason.code for reason in against}
    warnings = tuple(reason for reason in sight.against(now=now) if reason.code not in named)
    if place is Place.CHALLENGER:
        return Serving(ServingAnswer.SHADOW_ONLY, against, warnings)
    if not against:
        return Serving(ServingAnswer.ALLOWED, (), warnings)
    if step is not None and step.override and not ended:
        return Serving(ServingAnswer.ALLOWED, against, warnings, step)
    return Serving(ServingAnswer.SHADOW_ONLY, against, warnings)
