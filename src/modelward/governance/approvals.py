"""What waits for approval, and for whom."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from modelward.accounts.principal import Principal, Right, Scope
from modelward.governance.lifecycle_schemas import ApprovalsAsked, TransitionsAsked
from modelward.governance.lifecycle_tables import Transition
from modelward.governance.people import approver_of
from modelward.governance.sight import Sight, look
from modelward.kit.paging import Page, listed
from modelward.registry.service import within
from modelward.registry.tables import Model
from modelward.rules.deployment_gate import Approver, Refused, may_approve
from modelward.rules.governance_status import Reason
from modelward.rules.lifecycle import Stage


@dataclass(frozen=True)
class Waiting:
    """A submission, and why this reader cannot approve it; None: they can."""

    model: Model
    sight: Sight
    why_not: Reason | None

    @property
    def needed(self) -> int:
        """So many approvals make it approved."""
        return max(1, self.sight.policy.approvals)


def waiting_page(session: Session, principal: Principal, asked: ApprovalsAsked) -> Page[Waiting]:
    """The submissions that wait. With `mine` a page may be shorter than its limit and still lead on to another."""
    query = select(Model).where(*within(principal.scope), Model.deployment_status == Stage.SUBMITTED.value)
    columns = {"id": Model.id, "deployment_since": Model.deployment_since}
    page = listed(session, query, asked, columns=columns, key=Model.id)
    every = [waiting_of(session, model, principal) for model in page.items]
    return Page([one for one in every if one.why_not is None or not asked.mine], page.next)


def waiting_of(session: Session, model: Model, principal: Principal) -> Waiting:
    """A submitted version as this reader sees it."""
    sight = look(session, model)
    return Waiting(model, sight, why_not(session, sight, principal))


def why_not(session: Session, sight: Sight, principal: Principal) -> Reason | None:
    """The reason why the reader cannot approve; None where they can."""
    approver: Approver = approver_of(session, principal)
    if not principal.may(Right.EDIT):
        return Reason(Refused.NOT_AN_APPROVER, f"{approver.title} may read and not decide.")
    known = sight.known
    return may_approve(sight.policy, approver, requester=known.requester, approvals=known.approvals)


def transitions_page(session: Session, model: Model, asked: TransitionsAsked) -> Page[Transition]:
    """The steps of a version."""
    query = select(Transition).where(Transition.model_id == model.id)
    columns = {"id": Transition.id, "action": Transition.action, "override": Transition.override}
    return listed(session, query, asked, columns=columns, key=Transition.id)


def versions_of_name(session: Session, scope: Scope, model: Model) -> list[Model]:
    """The versions of the model's name that the reader sees, the newest first."""
    same = (Model.project_id == model.project_id, Model.name == model.name)
    return list(session.scalars(select(Model).where(*within(scope), *same).order_by(Model.id.desc())))
