"""Where a request means its policy to be, and the versions that its caller may read."""

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from modelward.accounts.principal import Scope
from modelward.errors import Invalid, NotFound
from modelward.governance.policies import InForce, Place, in_force, newest_versions, places_above, places_of, policy_of
from modelward.governance.policy_schemas import PoliciesAsked
from modelward.governance.policy_tables import PolicyVersion
from modelward.kit.paging import LARGEST_ID, Page, listed
from modelward.registry.projects import resolve_project
from modelward.registry.service import resolve, within
from modelward.registry.tables import Model

_COLUMNS = {
    "id": PolicyVersion.id,
    "at": PolicyVersion.at,
    "number": PolicyVersion.number,
    "scope": PolicyVersion.scope,
}


def place_asked(session: Session, scope: Scope, *, project: str | None, model: str | None) -> Place:
    """The model or project that is named, or the organisation.

    Raises:
        Invalid: both are named.
        NotFound: it is not there, or not for the caller.
    """
    if project is not None and model is not None:
        raise Invalid("Name a project or a model, not both: a policy is written for one of them.")
    if model is not None:
        return places_of(resolve(session, scope, model))[2]
    if project is not None:
        return Place(scope.organisation_id, "project", resolve_project(session, scope, project).id)
    return Place(scope.organisation_id, "organisation", scope.organisation_id)


def policy_at(session: Session, scope: Scope, *, project: str | None, model: str | None) -> InForce:
    """The policy in force for a model, for the models of a project that say nothing else, or for the organisation."""
    if model is not None and project is None:
        return policy_of(session, resolve(session, scope, model))
    place = place_asked(session, scope, project=project, model=model)
    newest = newest_versions(session, {scope.organisation_id})
    chain = (*places_above(session, place), place)
    return in_force([newest[entry] for entry in chain if entry in newest])


def policy_above(session: Session, place: Place) -> InForce:
    """What a place inherits where it names nothing."""
    newest = newest_versions(session, {place.organisation_id})
    return in_force([newest[entry] for entry in places_above(session, place) if entry in newest])


def policies_page(session: Session, scope: Scope, asked: PoliciesAsked) -> Page[PolicyVersion]:
    """The versions that the caller sees."""
    query = select(PolicyVersion).where(_seen(scope))
    if asked.project is not None or asked.model is not None:
        place = place_asked(session, scope, project=asked.project, model=asked.model)
        query = query.where(PolicyVersion.scope == place.level, PolicyVersion.scope_id == place.id)
    return listed(session, query, asked, columns=_COLUMNS, key=PolicyVersion.id)


def policy_version(session: Session, scope: Scope, version_id: int) -> PolicyVersion:
    """One version.

    Raises:
        NotFound: there is none in the scope.
    """
    query = select(PolicyVersion).where(PolicyVersion.id == version_id, _seen(scope))
    found = session.scalars(query).first() if 0 < version_id <= LARGEST_ID else None
    if found is None:
        raise NotFound(
            f"There is no version {version_id} of a policy: GET /api/v1/policies lists those that there are."
        )
    return found


def _seen(scope: Scope) -> ColumnElement[bool]:
    """A key that is bound to a part sees what is asked of that part, from the organisation down."""
    own = PolicyVersion.organisation_id == scope.organisation_id
    if scope.whole:
        return own
    models = select(Model.id).where(*within(scope))
    projects = select(Model.project_id).where(*within(scope))
    parts = or_(
        PolicyVersion.scope == "organisation",
        and_(
            PolicyVersion.scope == "project",
            or_(PolicyVersion.scope_id.in_(projects), PolicyVersion.scope_id == scope.project_id),
        ),
        and_(PolicyVersion.scope == "model", PolicyVersion.scope_id.in_(models)),
    )
    return and_(own, parts)
