"""The door's paths among the others: in openapi.json, and 405 for methods that they do not know.

Served as the service is, no request comes here but those of another method: the door is asked before FastAPI.
"""

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from modelward.accounts.permission import Ingestor
from modelward.ingest.door import ARROW
from modelward.ingest.intake import NO_MODEL
from modelward.ingest.reasons import Reason

router = APIRouter(tags=["ingestion"])

_EVENT = {
    "event_id": "e-1",
    "timestamp": "2026-01-31T12:00:00Z",
    "model_id": "churn",
    "prediction": 1,
    "score": 0.83,
    "features": {"age": 41, "city": "Lyon", "member": True},
}
_PREDICTION = {"timestamp": "2026-01-31T12:00:00Z", "prediction_value": 0.83, "features": {"age": 41, "city": "Lyon"}}
_LOGGED = {
    "model_id": "churn",
    "timestamp": "2026-01-31T12:00:00",
    "input_features": {"age": 41, "city": "Lyon"},
    "prediction": 1,
    "actual_label": None,
}
_LABEL = {"event_id": "e-1", "label": 1}
_OUTCOME = {"actual_label": 1, "timestamp_actual_known": "2026-02-28T12:00:00Z"}
_REJECTED = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["index", "reason", "detail"],
        "properties": {
            "index": {"type": "integer", "description": "the item's place in the request"},
            "reason": {"type": "string", "enum": [reason.value for reason in Reason]},
            "detail": {"type": "string"},
        },
    },
}
_TAKEN = {
    "type": "object",
    "required": ["accepted", "rejected"],
    "properties": {
        "accepted": {"type": "integer", "description": "so many are durable"},
        "rejected": _REJECTED,
        "event_ids": {"type": "array", "items": {"type": "string"}, "description": "of the accepted, in their order"},
        "event_id": {"type": "string", "description": "when one was sent by itself"},
        "id": {"type": "string", "description": "the same"},
    },
}
_PROBLEM = {"$ref": "#/components/schemas/Problem"}
_NOTHING = {"allOf": [_PROBLEM, {"type": "object", "properties": {"accepted": {"const": 0}, "rejected": _REJECTED}}]}
_NOTHING_EXAMPLE = {
    "type": "about:blank",
    "title": "Nothing was accepted",
    "status": 422,
    "detail": NO_MODEL.detail,
    "accepted": 0,
    "rejected": [{"index": 0, "reason": NO_MODEL.reason.value, "detail": NO_MODEL.detail}],
}
_REFUSALS = {
    400: "The body is not understood",
    401: "There is no key, or nobody holds it",
    403: "The key may not send data",
    404: "There is no model of this id",
    408: "The body did not come",
    413: "The body, what it unpacks to, or the number of its items is too large",
    415: "The Content-Type or the Content-Encoding is not understood",
    503: "The journal or the disk is full, or the database is away: try again after `Retry-After` seconds",
}


def _answers() -> dict[int | str, dict[str, Any]]:
    def problem(said: str, schema: dict[str, Any]) -> dict[str, Any]:
        return {"description": said, "content": {"application/problem+json": {"schema": schema}}}

    taken = {"description": "What was accepted is durable", "content": {"application/json": {"schema": _TAKEN}}}
    refused: dict[int | str, dict[str, Any]] = {status: problem(said, _PROBLEM) for status, said in _REFUSALS.items()}
    nothing = problem("Nothing was accepted", _NOTHING)
    nothing["content"]["application/problem+json"]["example"] = _NOTHING_EXAMPLE
    return {201: taken, **refused, 422: nothing}


def _body(one: dict[str, Any], many: str | None, *, arrow: bool) -> dict[str, Any]:
    described = {"type": "object", "properties": {name: {} for name in one}}
    examples: dict[str, Any] = {"one": {"value": one}}
    if many is not None:
        examples["many"] = {"value": [one, {**one, "event_id": "e-2"}]}
        examples["enveloped"] = {"value": {many: [one]}}
    content: dict[str, Any] = {
        "application/json": {
            "schema": {"anyOf": [described, {"type": "array", "items": described}]},
            "examples": examples,
        },
        "application/x-ndjson": {"schema": {"type": "string", "description": "one object a line"}},
    }
    if arrow:
        content[ARROW.decode()] = {"schema": {"type": "string", "format": "binary"}}
    return {"requestBody": {"required": True, "content": content}}


class _AtTheDoor(Response):
    """The door's own answer."""

    def __init__(self, request: Request) -> None:
        super().__init__()
        self._door = request.app.state.door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._door(scope, receive, send)


def _at_the_door(example: dict[str, Any], many: str | None, *, arrow: bool = False) -> dict[str, Any]:
    return {
        "status_code": 201,
        "response_class": _AtTheDoor,
        "responses": _answers(),
        "openapi_extra": _body(example, many, arrow=arrow),
    }


@router.post("/events", **_at_the_door(_EVENT, "events", arrow=True))
async def send_events(request: Request, _: Ingestor, model: str | None = None) -> Response:  # noqa: ARG001 - the door reads it
    """Send events: one, a list, a list in an envelope, a line each, or an Arrow IPC stream."""
    return _AtTheDoor(request)


@router.post("/models/{model}/predictions", **_at_the_door(_PREDICTION, "predictions", arrow=True))
async def send_predictions(request: Request, model: str, _: Ingestor) -> Response:  # noqa: ARG001 - as above
    """Send events of one model, which is registered by its key if there is none."""
    return _AtTheDoor(request)


@router.post("/labels", **_at_the_door(_LABEL, "labels"))
async def send_labels(request: Request, _: Ingestor) -> Response:
    """Send what really happened, by the event's id: one, a list, or a line each."""
    return _AtTheDoor(request)


@router.post("/logs/prediction", **_at_the_door(_LOGGED, "predictions"))
async def log_prediction(request: Request, _: Ingestor) -> Response:
    """The same as `POST /events`, under the names that programs in the field use."""
    return _AtTheDoor(request)


@router.post("/logs/prediction/batch", **_at_the_door(_LOGGED, "predictions"))
async def log_predictions(request: Request, _: Ingestor) -> Response:
    """The same for many: a list, or a list in an envelope."""
    return _AtTheDoor(request)


@router.put("/logs/prediction/{event_id}", **_at_the_door(_OUTCOME, None))
async def log_outcome(request: Request, event_id: str, _: Ingestor) -> Response:  # noqa: ARG001 - as above
    """Add what really happened to one prediction. Sent again, the latest holds."""
    return _AtTheDoor(request)
