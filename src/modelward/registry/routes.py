"""Registering and reading models over HTTP. Projects and keys have routes of their own files."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response, status

from modelward.accounts.api_route import ApiRoute
from modelward.accounts.permission import Editor, Ingestor, Reader
from modelward.kit.clock import now
from modelward.kit.paging import lead_on
from modelward.kit.web import Reading, Writing
from modelward.registry import queries, register_model
from modelward.registry.schemas import ModelAnswer, ModelChanges, ModelDetail, ModelPage, ModelsAsked, NewModel
from modelward.registry.service import resolve

starred = APIRouter(route_class=ApiRoute, tags=["models"])
"""These also answer at the root: programs in the field send them so."""


@starred.post("/models", status_code=status.HTTP_201_CREATED)
def create(body: NewModel, session: Writing, ingestor: Ingestor) -> ModelDetail:
    """Register a model."""
    model = register_model.register_from(session, principal=ingestor, body=body, now=now())
    return queries.detail(session, model)


@starred.get("/models")
def list_models(
    request: Request, response: Response, session: Reading, reader: Reader, asked: Annotated[ModelsAsked, Query()]
) -> ModelPage:
    """The models of the organisation."""
    page = queries.page(session, reader.scope, asked)
    lead_on(request, response, page.next)
    return ModelPage(items=[ModelAnswer.of(model) for model in page.items], next=page.next)


@starred.get("/models/{model}")
def read(model: str, session: Reading, reader: Reader) -> ModelDetail:
    """One model, by its id or key, with its features."""
    return queries.detail(session, resolve(session, reader.scope, model))


@starred.patch("/models/{model}")
def patch(model: str, body: ModelChanges, session: Writing, editor: Editor) -> ModelDetail:
    """Change what is named, and nothing else."""
    found = resolve(session, editor.scope, model)
    register_model.change_model(session, model=found, changes=body, now=now(), author=editor.author)
    return queries.detail(session, found)
