"""Registering and reading models over HTTP."""

from fastapi import APIRouter, status

from modelward.accounts.permission import Editor, Ingestor, Reader
from modelward.kit.clock import now
from modelward.kit.paging import Cursor, Limit
from modelward.kit.web import Reading, Writing
from modelward.registry import queries, register_model
from modelward.registry.schemas import ModelAnswer, ModelChanges, ModelDetail, ModelPage, NewModel
from modelward.registry.service import resolve

router = APIRouter(tags=["models"])


@router.post("/models", status_code=status.HTTP_201_CREATED)
def create(body: NewModel, session: Writing, ingestor: Ingestor) -> ModelDetail:
    """Register a model."""
    model = register_model.register_from(session, principal=ingestor, body=body, now=now())
    return queries.detail(session, model)


@router.get("/models")
def list_models(session: Reading, reader: Reader, limit: Limit = 100, cursor: Cursor = None) -> ModelPage:
    """All models of the organisation, in the order in which they were registered."""
    page = queries.page(session, scope=reader.scope, limit=limit, cursor=cursor)
    return ModelPage(items=[ModelAnswer.of(model) for model in page.items], next=page.next)


@router.get("/models/{model}")
def read(model: str, session: Reading, reader: Reader) -> ModelDetail:
    """One model, by its id or key, with its features."""
    return queries.detail(session, resolve(session, reader.scope, model))


@router.patch("/models/{model}")
def patch(model: str, body: ModelChanges, session: Writing, editor: Editor) -> ModelDetail:
    """Change what is named, and nothing else."""
    found = resolve(session, editor.scope, model)
    register_model.change_model(session, model=found, changes=body, now=now())
    return queries.detail(session, found)
