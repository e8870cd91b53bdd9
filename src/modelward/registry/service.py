"""Finding, registering and changing models. Schemas and references have files of their own, and are named here too."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy.orm import Session

from modelward.accounts.principal import Scope
from modelward.audit.author import SYSTEM, Author
from modelward.errors import Conflict, FieldError, Forbidden, Invalid, NotFound
from modelward.kit.database import change, insert_into
from modelward.registry.baselines import confirm_baseline, current_baseline, finish_baseline, save_baseline
from modelward.registry.entries import about_model, about_project
from modelward.registry.names import key_of
from modelward.registry.schema import FeatureKind, FeatureSpec, Schema, schema, widen
from modelward.registry.tables import Model, Project

__all__ = [
    "FeatureKind",
    "FeatureSpec",
    "Schema",
    "confirm_baseline",
    "current_baseline",
    "finish_baseline",
    "is_replayed",
    "register",
    "resolve",
    "resolve_or_register",
    "save_baseline",
    "schema",
    "touch",
    "widen",
    "within",
]

DEFAULT_PROJECT = "default"
LARGEST_ID = 2**31 - 1
REPLAYED = "replayed"
_TOLD = ("name", "version", "description", "task", "time_zone", "threshold", "attributes")


def resolve(session: Session, scope: Scope, name: str | int) -> Model:
    """The model with this id or key.

    Raises:
        NotFound: there is none in the scope; what lies outside of it is not there.
    """
    model = _find(session, scope, name)
    if model is None:
        raise NotFound(
            f"There is no model {str(name)[:80]!r}: check the name, or register it with POST /api/v1/models."
        )
    return model


def register(
    session: Session,
    *,
    scope: Scope,
    key: str,
    now: datetime,
    project: str | None = None,
    name: str | None = None,
    version: str | None = None,
    description: str | None = None,
    task: str | None = None,
    time_zone: str = "UTC",
    threshold: float | None = None,
    attributes: Mapping[str, Any] | None = None,
    created_by: str | None = None,
    author: Author = SYSTEM,
) -> Model:
    """A new model. `key` may be its name as people write it; `project` is made when it is not there.

    Raises:
        Forbidden: the scope is one model, or a project other than this.
        Conflict: the organisation has a model of this key.
        Invalid: the key or the time zone cannot be used.
    """
    wanted = key_of(key)
    values = {
        "organisation_id": scope.organisation_id,
        "project_id": _project_within(session, scope, project, now, author).id,
        "key": wanted,
        "name": name or wanted,
        "version": version,
        "description": description,
        "task": task,
        "time_zone": known_time_zone(time_zone),
        "threshold": threshold,
        "attributes": dict(attributes or {}),
        "created_by": created_by,
        "created_at": now,
        "health": "too_few",
        "event_count": 0,
    }
    made = session.execute(
        insert_into(session, Model).values(values).on_conflict_do_nothing().returning(Model.id)
    ).first()
    if made is None:
        raise Conflict(f"There is a model {wanted!r} already: change it with PATCH, or choose another name.")
    model = session.get_one(Model, made[0])
    told = {name: value for name in _TOLD if (value := getattr(model, name)) not in (None, {})}
    about_model(session, model, author=author, action="model.registered", at=now, after=told)
    return model


def resolve_or_register(
    session: Session,
    *,
    scope: Scope,
    name: str | int,
    now: datetime,
    project: str | None = None,
    **details: Any,
) -> Model:
    """The model with this id or key; an unknown key is registered, an unknown id is not.

    Raises:
        NotFound: an id that the scope does not have.
        Forbidden: it would be registered outside of the scope.
        Invalid: the key cannot be used.
    """
    model = _find(session, scope, name)
    if model is not None:
        return model
    if _is_id(name):
        raise NotFound(f"There is no model with the id {name}: send its key, and it is registered by its first event.")
    try:
        return register(session, scope=scope, key=str(name), now=now, project=project, **details)
    except Conflict:
        # Another process registered it between our look and our insert; what it committed is there to be found now.
        return resolve(session, scope, name)


def touch(
    session: Session, *, model_id: int, events: int, last_event_at: datetime, first_event_at: datetime | None = None
) -> None:
    """Count events that were stored. `first_event_at` and `last_event_at` are the earliest and latest of them."""
    first = first_event_at or last_event_at
    earlier = or_(Model.first_event_at.is_(None), Model.first_event_at > first)
    later = or_(Model.last_event_at.is_(None), Model.last_event_at < last_event_at)
    change(session, update(Model).where(Model.id == model_id).values(event_count=Model.event_count + events))
    change(session, update(Model).where(Model.id == model_id, earlier).values(first_event_at=first))
    change(session, update(Model).where(Model.id == model_id, later).values(last_event_at=last_event_at))


def known_time_zone(name: str) -> str:
    """The name, if the time zone database has it.

    Raises:
        Invalid: it has not.
    """
    try:
        ZoneInfo(name)
    except (KeyError, OSError, ValueError):
        problem = FieldError("time_zone", f"{name[:80]!r} is not a time zone", "use a name such as Europe/Berlin")
        raise Invalid(
            f"{name[:80]!r} is not a time zone: use a name such as Europe/Berlin.", fields=(problem,)
        ) from None
    return name


def is_replayed(model: Model) -> bool:
    """Whether its events are of another time (a replay, a back-fill), as its owner marked it with `replayed`.

    Such a model is not silent because its newest event is old, and its past windows are news.
    """
    return bool(model.attributes.get(REPLAYED))


def within(scope: Scope) -> list[ColumnElement[bool]]:
    """The conditions that leave the models of a scope."""
    bounds = [Model.organisation_id == scope.organisation_id]
    if scope.project_id is not None:
        bounds.append(Model.project_id == scope.project_id)
    if scope.model_id is not None:
        bounds.append(Model.id == scope.model_id)
    return bounds


def _find(session: Session, scope: Scope, name: str | int) -> Model | None:
    if _is_id(name):
        if not 0 < int(str(name)[:11]) <= LARGEST_ID:
            return None
        by = Model.id == int(name)
    else:
        by = Model.key == key_of(str(name))
    return session.scalars(select(Model).where(*within(scope), by)).first()


def _is_id(name: str | int) -> bool:
    return isinstance(name, int) or (name.isascii() and name.isdigit())


def _project_within(session: Session, scope: Scope, key: str | None, now: datetime, author: Author) -> Project:
    """The project that a new model comes into."""
    if scope.model_id is not None:
        raise Forbidden("This key is bound to one model and registers no other: use a key of the project, or of all.")
    if scope.project_id is None:
        return _project(session, scope.organisation_id, key, now, author)
    bound = session.get_one(Project, scope.project_id)
    if key and key_of(key, what="A project", digits=True) != bound.key:
        raise Forbidden(f"This key is bound to the project {bound.key!r} and registers models nowhere else.")
    return bound


def _project(session: Session, organisation_id: int, key: str | None, now: datetime, author: Author) -> Project:
    wanted = key_of(key or DEFAULT_PROJECT, what="A project", digits=True)
    known = select(Project).where(Project.organisation_id == organisation_id, Project.key == wanted)
    if (project := session.scalars(known).first()) is not None:
        return project
    values = {"organisation_id": organisation_id, "key": wanted, "created_at": now}
    made = session.execute(
        insert_into(session, Project).values(values).on_conflict_do_nothing().returning(Project.id)
    ).first()
    project = session.scalars(known).one()
    if made is not None:
        about_project(session, project, author=author, action="project.created", at=now, after={"key": wanted})
    return project
