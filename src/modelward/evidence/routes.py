"""The evidence pack over HTTP."""

import json
from datetime import timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from fastapi.encoders import jsonable_encoder
from fastapi.responses import Response

from modelward.accounts.api_route import ApiRoute
from modelward.accounts.permission import Reader
from modelward.evidence.pack import HOW_TO_VERIFY, pack
from modelward.evidence.page import to_html
from modelward.kit.clock import now
from modelward.kit.web import Reading
from modelward.monitoring.report_routes import ONE_FILE
from modelward.monitoring.schemas import Moment
from modelward.registry.service import resolve

router = APIRouter(route_class=ApiRoute, tags=["governance"])

USUAL = timedelta(days=90)
"""The period that is told where none was asked for."""

EXAMPLE: dict[str, Any] = {
    "pack": {
        "made_at": "2026-03-02T12:00:00Z",
        "made_by": "Modelward 1.0",
        "start": "2026-01-01T00:00:00Z",
        "end": "2026-03-02T00:00:00Z",
    },
    "card": {"name": "churn", "version": "2.0", "purpose": "Ranks customers by how likely they are to leave."},
    "status": {"governance_status": "APPROVED", "risk_score": 12.4, "serving": {"answer": "allowed", "reasons": []}},
    "drift": {"health": "healthy", "windows": [], "drifted_windows": 0},
    "performance": {"verdict": "ok", "windows": []},
    "fairness": {"verdict": "fair", "attributes": []},
    "incidents": {"items": [], "left_out": 0},
    "transitions": {"items": [], "left_out": 0},
    "approvals": {"items": [], "left_out": 0},
    "overrides": [],
    "decision": None,
    "policy": {"versions": [{"id": None, "scope": "built_in", "number": 0}], "cited": []},
    "audit": {"head": {"position": 41, "hash": "5f…"}, "how_to_verify": HOW_TO_VERIFY, "entries": [], "left_out": 0},
}
_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/json": {"example": EXAMPLE}, "text/html": {"schema": {"type": "string"}}}}
}


@router.get("/models/{model}/evidence-pack", response_model=dict[str, Any], responses=_ANSWERS)
def evidence_pack(
    model: str,
    session: Reading,
    reader: Reader,
    *,
    start: Annotated[Moment | None, Query(description="From this moment on; 90 days before the end.")] = None,
    end: Annotated[Moment | None, Query(description="Up to but without this moment; now.")] = None,
    format: Annotated[Literal["json", "html"], Query(description="As what.")] = "json",  # noqa: A002
) -> Response:
    """All that is known of a version over a period, in one file: for an auditor."""
    found, moment = resolve(session, reader.scope, model), now()
    until = end or moment
    made = pack(session, found, start=start or until - USUAL, end=until, now=moment)
    name = f"evidence-{found.id}-{until:%Y-%m-%d}"
    if format == "html":
        headers = {"Content-Disposition": f'inline; filename="{name}.html"', "Content-Security-Policy": ONE_FILE}
        return Response(to_html(made), media_type="text/html; charset=utf-8", headers=headers)
    text = json.dumps(jsonable_encoder(made), ensure_ascii=False, indent=1)
    headers = {"Content-Disposition": f'attachment; filename="{name}.json"'}
    return Response(text, media_type="application/json", headers=headers)
