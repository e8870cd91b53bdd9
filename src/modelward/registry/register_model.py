"""Registering a model from a request, and changing it."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from modelward.accounts.principal import Principal
from modelward.audit.author import SYSTEM, Author
from modelward.audit.service import changed
from modelward.errors import Conflict
from modelward.registry.card_schemas import card_of
from modelward.registry.entries import about_model
from modelward.registry.names import key_of
from modelward.registry.schema import widen
from modelward.registry.schemas import ModelChanges, NewModel
from modelward.registry.service import REPLAYED, known_time_zone, register
from modelward.registry.tables import Model
from modelward.rules.lifecycle import Place
from modelward.signals.service import emit


def register_from(session: Session, *, principal: Principal, body: NewModel, now: datetime) -> Model:
    """A new model, as the body of `POST /models` describes it."""
    model = register(
        session,
        scope=principal.scope,
        key=_free_key(session, principal.organisation_id, body),
        now=now,
        project=body.project,
        name=body.name.strip(),
        version=body.version,
        description=body.description,
        task=body.task,
        time_zone=body.time_zone,
        threshold=body.threshold,
        attributes=body.attributes(),
        created_by=principal.title,
        author=principal.author,
    )
    widen(session, model_id=model.id, features=body.kinds(), prediction=None, now=now)
    return model


def change_model(
    session: Session, *, model: Model, changes: ModelChanges, now: datetime, author: Author = SYSTEM
) -> None:
    """Change what was named. Another time zone cuts time into other windows, so that is told as a signal."""
    named = changes.model_dump(exclude_unset=True)
    kept = card_of(changes) | ({REPLAYED: named[REPLAYED]} if named.get(REPLAYED) is not None else {})
    for name in (*kept, REPLAYED):
        named.pop(name, None)
    if "attributes" in named or kept:
        named["attributes"] = {**model.attributes, **(named.get("attributes") or {}), **kept}
    if named.get("name") not in (None, model.name):
        _check_champion(session, model, named["name"])
    zone = named.get("time_zone")
    if zone is not None and known_time_zone(zone) != model.time_zone:
        _tell_time_zone(session, model, zone, now)
    before = {field: getattr(model, field) for field in named}
    for field, value in named.items():
        if value is not None or field in ("version", "description", "task", "threshold"):
            setattr(model, field, value)
    session.flush()
    if (both := changed(before, {field: getattr(model, field) for field in named})) is not None:
        about_model(session, model, author=author, action="model.changed", at=now, before=both[0], after=both[1])


def _free_key(session: Session, organisation_id: int, body: NewModel) -> str:
    """The name, or the name and version where another version of this name was registered before."""
    key = key_of(body.name)
    same = select(Model.version).where(Model.organisation_id == organisation_id, Model.key == key)
    before = session.execute(same).first()
    if before is None or not body.version or before.version == body.version:
        return key
    return key_of(f"{key}-{body.version}")


def _check_champion(session: Session, model: Model, name: str) -> None:
    """Of one name at most one version is in production."""
    if model.deployment_place != Place.CHAMPION:
        return
    same = select(Model.version).where(
        Model.project_id == model.project_id, Model.name == name, Model.deployment_place == Place.CHAMPION
    )
    if session.execute(same).first() is not None:
        raise Conflict(f"A version of {name!r} is in production, and so is this one: retire one of the two first.")


def _tell_time_zone(session: Session, model: Model, zone: str, now: datetime) -> None:
    emit(
        session,
        organisation_id=model.organisation_id,
        model_id=model.id,
        kind="time_zone_changed",
        subject=model.key,
        before=model.time_zone,
        after=zone,
        reason="The model's time zone was changed: its days and weeks begin at other moments from now on.",
        at=now,
    )
