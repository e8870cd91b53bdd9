"""Reading models for pages and the API."""

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import Session

from modelward.accounts.principal import Scope
from modelward.kit.paging import Page, listed
from modelward.registry.projects import resolve_project
from modelward.registry.schema import schema
from modelward.registry.schemas import FeatureAnswer, ModelDetail, ModelsAsked
from modelward.registry.service import within
from modelward.registry.tables import Model

_COLUMNS = {
    "id": Model.id,
    "key": Model.key,
    "name": Model.name,
    "version": Model.version,
    "task": Model.task,
    "health": Model.health,
    "deployment_status": Model.deployment_status,
    "created_at": Model.created_at,
    "last_event_at": Model.last_event_at,
    "event_count": Model.event_count,
}


def page(session: Session, scope: Scope, asked: ModelsAsked) -> Page[Model]:
    """The models that the caller sees."""
    query = select(Model).where(*within(scope))
    if asked.project is not None:
        query = query.where(Model.project_id == resolve_project(session, scope, asked.project).id)
    return listed(session, query, asked, columns=_COLUMNS, key=Model.id)


def keys_of_models(session: Session, model_ids: Collection[int]) -> dict[int, str]:
    """The keys of these models, by their ids."""
    return {row.id: row.key for row in session.execute(select(Model.id, Model.key).where(Model.id.in_(model_ids)))}


def latest_model(session: Session, scope: Scope) -> Model | None:
    """The model that heard last; None where there is no model."""
    newest = (Model.last_event_at.is_(None), Model.last_event_at.desc(), Model.id.desc())
    return session.scalars(select(Model).where(*within(scope)).order_by(*newest).limit(1)).first()


def detail(session: Session, model: Model) -> ModelDetail:
    """A model with its features."""
    features = [FeatureAnswer(name=feature.name, kind=feature.kind) for feature in schema(session, model.id).features]
    return ModelDetail.of(model, features=features)
