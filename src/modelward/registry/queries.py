"""Reading models for pages and the API."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from modelward.accounts.principal import Scope
from modelward.kit.paging import Page, decode_cursor, page_of
from modelward.registry.schema import schema
from modelward.registry.schemas import FeatureAnswer, ModelDetail
from modelward.registry.service import within
from modelward.registry.tables import Model


def page(session: Session, *, scope: Scope, limit: int, cursor: str | None) -> Page[Model]:
    """Models in the order in which they were registered."""
    query = select(Model).where(*within(scope)).order_by(Model.id).limit(limit + 1)
    if cursor is not None:
        query = query.where(Model.id > decode_cursor(cursor, int))
    return page_of(session.scalars(query).all(), limit, lambda model: model.id)


def detail(session: Session, model: Model) -> ModelDetail:
    """A model with its features."""
    features = [FeatureAnswer(name=feature.name, kind=feature.kind) for feature in schema(session, model.id).features]
    return ModelDetail.of(model, features=features)
