"""Policies: which one is in force for a model, and writing a new version."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, NamedTuple

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from modelward.governance.policy_tables import PolicyVersion
from modelward.registry.tables import Model
from modelward.rules.policy import BUILT_IN, Policy, merged, origins

Level = Literal["organisation", "project", "model"]
LEVELS: tuple[Level, ...] = ("organisation", "project", "model")


class Place(NamedTuple):
    """What a policy is written for: an organisation, one project, or one model."""

    organisation_id: int
    level: Level
    id: int


@dataclass(frozen=True)
class VersionInForce:
    """The version of one level that takes part in what is in force."""

    id: int
    level: Level
    number: int
    author: str
    at: datetime

    def to_dict(self) -> dict[str, Any]:
        """As JSON cites it."""
        return {"id": self.id, "scope": self.level, "number": self.number}


@dataclass(frozen=True)
class InForce:
    """The policy that a model is held to, and the versions that it was merged from, the most general first.

    Without any version it is the built-in policy, which is cited as version 0.
    """

    policy: Policy
    versions: tuple[VersionInForce, ...] = ()
    origins: Mapping[str, str] | None = None

    @property
    def cited(self) -> list[dict[str, Any]]:
        """The versions as a decision cites them."""
        return [version.to_dict() for version in self.versions] or [{"id": None, "scope": "built_in", "number": 0}]

    @property
    def title(self) -> str:
        """The versions as a sentence names them."""
        named = [f"version {version.number} of the {version.level}'s policy" for version in self.versions]
        return " with ".join(named) or "the built-in policy"


def policy_of(session: Session, model: Model) -> InForce:
    """The policy in force for a model."""
    return policies_of(session, [model])[model.id]


def policies_of(session: Session, models: Sequence[Model]) -> dict[int, InForce]:
    """The policies in force for many models, by their ids."""
    if not models:
        return {}
    newest = newest_versions(session, {model.organisation_id for model in models})
    return {model.id: in_force([newest[place] for place in places_of(model) if place in newest]) for model in models}


def newest_versions(session: Session, organisation_ids: set[int]) -> dict[Place, PolicyVersion]:
    """The newest version of every level that has one."""
    latest = (
        select(PolicyVersion.scope, PolicyVersion.scope_id, func.max(PolicyVersion.number).label("number"))
        .where(PolicyVersion.organisation_id.in_(organisation_ids))
        .group_by(PolicyVersion.scope, PolicyVersion.scope_id)
        .subquery()
    )
    same = and_(
        PolicyVersion.scope == latest.c.scope,
        PolicyVersion.scope_id == latest.c.scope_id,
        PolicyVersion.number == latest.c.number,
    )
    rows = session.scalars(select(PolicyVersion).join(latest, same))
    return {place_of(row): row for row in rows}


def in_force(versions: Sequence[PolicyVersion]) -> InForce:
    """What these versions, the most general first, amount to."""
    if not versions:
        return InForce(BUILT_IN, (), origins([]))
    policy = merged(*(version.body for version in versions))
    cited = tuple(
        VersionInForce(version.id, place_of(version).level, version.number, version.author, version.at)
        for version in versions
    )
    return InForce(policy, cited, origins([(version.scope, version.body) for version in versions]))


def places_of(model: Model) -> tuple[Place, Place, Place]:
    """Where a model's policy may be written, the most general first."""
    return (
        Place(model.organisation_id, "organisation", model.organisation_id),
        Place(model.organisation_id, "project", model.project_id),
        Place(model.organisation_id, "model", model.id),
    )


def places_above(session: Session, place: Place) -> tuple[Place, ...]:
    """The places that a place inherits from, the most general first."""
    organisation = Place(place.organisation_id, "organisation", place.organisation_id)
    if place.level == "organisation":
        return ()
    if place.level == "project":
        return (organisation,)
    project_id = session.scalar(select(Model.project_id).where(Model.id == place.id)) or 0
    return (organisation, Place(place.organisation_id, "project", project_id))


def place_of(version: PolicyVersion) -> Place:
    """What a version was written for."""
    return Place(version.organisation_id, version.scope, version.scope_id)  # type: ignore[arg-type]


def models_under(session: Session, place: Place) -> list[Model]:
    """The models whose policy a version of this place takes part in."""
    query = select(Model).where(Model.organisation_id == place.organisation_id).order_by(Model.key)
    if place.level == "project":
        query = query.where(Model.project_id == place.id)
    if place.level == "model":
        query = query.where(Model.id == place.id)
    return list(session.scalars(query))


def newest_of(session: Session, place: Place) -> PolicyVersion | None:
    """The version of a place that is in force there."""
    query = select(PolicyVersion).where(PolicyVersion.scope == place.level, PolicyVersion.scope_id == place.id)
    return session.scalars(query.order_by(PolicyVersion.number.desc()).limit(1)).first()
