"""What the settings show, and to whom."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from modelward.accounts.principal import RIGHTS_OF_ROLE, KeyKind, Principal, Right, Role
from modelward.accounts.tables import ApiKey, Organisation, User
from modelward.registry.tables import Model, Project

ROLES: Final[Mapping[str, str]] = {
    "viewer": "sees everything, changes nothing",
    "member": "sees everything, sends events, registers models and decides about them",
    "admin": "does what a member does, and manages people and keys",
    "owner": "does what an admin does, renames the organisation and makes owners",
    "ingest": "sends events and labels, registers models; reads nothing",
    "read": "sees everything, changes nothing",
    "operator": "does what an owner does, in every organisation of this machine",
    "public": "reads, because this service is a public demo",
}
KINDS: Final[Mapping[KeyKind, str]] = {
    KeyKind.INGEST: ROLES["ingest"],
    KeyKind.READ: "reads everything; for scripts and other dashboards",
    KeyKind.ADMIN: "does what an admin may, people and keys too",
}


@dataclass(frozen=True)
class OrganisationView:
    """One organisation of this machine, as the operator or its people see it."""

    id: int
    name: str
    created_at: datetime
    models: int
    events: int


@dataclass(frozen=True)
class PersonView:
    """One person of the organisation. `state` is one of active, invited, disabled."""

    id: int
    name: str
    email: str
    role: str
    state: str
    elsewhere: bool
    """whether they sign in through OpenID Connect"""
    created_at: datetime
    last_login_at: datetime | None
    is_reader: bool
    manageable: bool
    """whether the reader has all the rights that this person has"""


@dataclass(frozen=True)
class KeyView:
    """One key. `state` is one of live, expired, revoked; `bound` says to what."""

    id: int
    name: str
    kind: str
    hint: str
    bound: str
    state: str
    created_by: str | None
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None
    replaces_id: int | None


def organisations(session: Session, *, only: int | None = None) -> list[OrganisationView]:
    """The organisations of this machine, oldest first; or one of them."""
    counted = select(Organisation.id, Organisation.name, Organisation.created_at, func.count(Model.id),
                     func.coalesce(func.sum(Model.event_count), 0))  # fmt: skip
    query = counted.outerjoin(Model, Model.organisation_id == Organisation.id).group_by(Organisation.id)
    if only is not None:
        query = query.where(Organisation.id == only)
    rows = session.execute(query.order_by(Organisation.id).limit(500))
    return [OrganisationView(id_, name, made, models, int(events)) for id_, name, made, models, events in rows]


def others_with_models(session: Session, reader: Principal) -> list[OrganisationView]:
    """The other organisations in which the operator may look for models; for everybody else there are none."""
    if reader.role != "operator":
        return []
    return [one for one in organisations(session) if one.models and one.id != reader.organisation_id]


def person_of(user: User, reader: Principal) -> PersonView:
    """One person, as the reader sees them."""
    invited = user.password_hash is None and user.identity is None
    return PersonView(
        id=user.id,
        name=user.name,
        email=user.email,
        role=user.role,
        state="disabled" if user.disabled_at else "invited" if invited else "active",
        elsewhere=user.identity is not None,
        created_at=user.created_at,
        last_login_at=user.last_login_at,
        is_reader=user.id == reader.user_id,
        manageable=reader.may(Right.ADMIN) and RIGHTS_OF_ROLE[Role(user.role)] <= reader.rights,
    )


def grantable(reader: Principal) -> dict[str, str]:
    """The roles that the reader may give, with what each may do."""
    return {role.value: ROLES[role.value] for role in Role if RIGHTS_OF_ROLE[role] <= reader.rights}


def keys_of(session: Session, keys: Sequence[ApiKey], *, now: datetime) -> list[KeyView]:
    """The keys, with the names of what they are bound to."""
    projects = _names(session, Project, {key.project_id for key in keys})
    models = _names(session, Model, {key.model_id for key in keys})
    return [_key(key, projects, models, now) for key in keys]


def bindings(session: Session, organisation_id: int) -> tuple[list[str], list[str]]:
    """What a key can be bound to: the keys of projects, and of models."""
    projects = select(Project.key).where(Project.organisation_id == organisation_id).order_by(Project.key)
    models = select(Model.key).where(Model.organisation_id == organisation_id).order_by(Model.key)
    return list(session.scalars(projects.limit(500))), list(session.scalars(models.limit(500)))


def _names(session: Session, table: type[Project] | type[Model], ids: set[int | None]) -> dict[int, str]:
    found = session.execute(select(table.id, table.key).where(table.id.in_([id_ for id_ in ids if id_ is not None])))
    return {row.id: row.key for row in found}


def _key(key: ApiKey, projects: Mapping[int, str], models: Mapping[int, str], now: datetime) -> KeyView:
    expired = key.expires_at is not None and key.expires_at <= now
    return KeyView(
        id=key.id,
        name=key.name,
        kind=key.kind,
        hint=key.hint,
        bound=_bound(key, projects, models),
        state="revoked" if key.revoked_at else "expired" if expired else "live",
        created_by=key.created_by,
        created_at=key.created_at,
        expires_at=key.expires_at,
        last_used_at=key.last_used_at,
        revoked_at=key.revoked_at,
        replaces_id=key.replaces_id,
    )


def _bound(key: ApiKey, projects: Mapping[int, str], models: Mapping[int, str]) -> str:
    if key.model_id is not None:
        return f"the model `{models.get(key.model_id, key.model_id)}`"
    if key.project_id is not None:
        return f"the project `{projects.get(key.project_id, key.project_id)}`"
    return "the whole organisation"
