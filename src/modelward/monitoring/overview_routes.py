"""What a dashboard of one's own asks for: one model at a glance, and how all models are."""

from collections import Counter
from datetime import datetime
from typing import Any, get_args

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict

from modelward.accounts.api_route import ApiRoute
from modelward.accounts.permission import Reader
from modelward.kit.web import Reading
from modelward.monitoring import answers, queries
from modelward.monitoring.export_events import events_page
from modelward.monitoring.readings import ModelCard
from modelward.registry.queries import latest_model
from modelward.registry.schemas import Health
from modelward.registry.service import resolve, schema

RECENT = 50

router = APIRouter(route_class=ApiRoute, tags=["monitoring"])
starred = APIRouter(route_class=ApiRoute, tags=["monitoring"])
"""These also answer at the root: programs in the field send them so."""


class ColumnDrift(BaseModel):
    """One feature against the reference."""

    psi: float | None
    ks: float | None
    drifted: bool


class DashboardAnswer(BaseModel):
    """The latest predictions of one model, newest first, and the drift of each of its features."""

    model_config = ConfigDict(protected_namespaces=())

    model_id: int | None
    model: str | None
    recent_predictions: list[dict[str, Any]]
    drift: dict[str, ColumnDrift]
    drift_detected: bool


class ModelOverview(BaseModel):
    """How one model is, and since when and why."""

    id: int
    key: str
    name: str
    version: str | None
    project: str | None
    health: str
    health_since: datetime | None
    reason: str | None
    reference: str
    drifted_columns: list[str]
    event_count: int
    last_event_at: datetime | None


class OverviewAnswer(BaseModel):
    """All models, those in need of attention first, and how many there are of each health."""

    counts: dict[str, int]
    models: list[ModelOverview]


@starred.get("/dashboard/data")
def dashboard_data(request: Request, session: Reading, reader: Reader, model: str | None = None) -> DashboardAnswer:
    """The latest 50 predictions and the drift of each feature, of the model that heard last unless one is named."""
    found = latest_model(session, reader.scope) if model is None else resolve(session, reader.scope, model)
    if found is None:
        return DashboardAnswer(model_id=None, model=None, recent_predictions=[], drift={}, drift_detected=False)
    described, store = schema(session, found.id), request.app.state.events
    recent = events_page(store, found, described, start=None, end=None, limit=RECENT, cursor=None)["items"]
    now = answers.current_drift(session, found)
    return DashboardAnswer(
        model_id=found.id,
        model=found.key,
        recent_predictions=recent,
        drift=now["features"],
        drift_detected=now["drift_detected"],
    )


@router.get("/overview")
def overview(session: Reading, reader: Reader) -> OverviewAnswer:
    """How every model is: its health, since when, why, and how much it heard."""
    cards = queries.overview(session, scope=reader.scope)
    counts = Counter(card.health for card in cards)
    return OverviewAnswer(
        counts={health: counts[health] for health in get_args(Health)}, models=[_model(card) for card in cards]
    )


def _model(card: ModelCard) -> ModelOverview:
    return ModelOverview(
        id=card.id,
        key=card.key,
        name=card.name,
        version=card.version,
        project=card.project,
        health=card.health,
        health_since=card.health_since,
        reason=card.health_reason,
        reference=card.reference,
        drifted_columns=list(card.drifted_columns),
        event_count=card.event_count,
        last_event_at=card.last_event_at,
    )
