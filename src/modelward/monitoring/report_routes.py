"""The report and the placebo of a model over HTTP."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from modelward.accounts.api_route import ApiRoute
from modelward.accounts.permission import Reader
from modelward.kit.clock import now
from modelward.kit.web import Reading
from modelward.monitoring.placebo import PLACEBO_EXAMPLE, placebo_answer
from modelward.monitoring.reports import MEDIA_TYPES, REPORT_EXAMPLE, file_name, report_of, report_of_part
from modelward.monitoring.schemas import Moment, Part
from modelward.monitoring.segment_answers import read_part
from modelward.registry.service import resolve
from modelward.registry.tables import Model
from modelward.report.report import Report

router = APIRouter(route_class=ApiRoute, tags=["monitoring"])

ONE_FILE = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'; sandbox"
)
"""The page carries its style in itself, and nothing else: no script, no form, no other file, an origin of its own."""

_TEXT = {"schema": {"type": "string"}}
_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {
            "application/json": {"example": REPORT_EXAMPLE},
            **{kind.partition(";")[0]: _TEXT for kind in MEDIA_TYPES.values()},
        }
    }
}


@router.get("/models/{model}/report", response_model=dict[str, Any], responses=_ANSWERS)
def report(
    model: str,
    request: Request,
    session: Reading,
    reader: Reader,
    *,
    part: Part,
    start: Annotated[Moment, Query(description="From this moment on.")],
    end: Annotated[Moment, Query(description="Up to but without this moment.")],
    format: Annotated[Literal["json", "html", "markdown", "junit"], Query(description="As what.")] = "json",  # noqa: A002
) -> dict[str, Any] | Response:
    """The report on a span, as `modelward.compare` writes it: JSON, one HTML file, Markdown or JUnit XML."""
    found = resolve(session, reader.scope, model)
    if part is not None:
        read = read_part(session, request.app.state.events, found, part.over(start, end))
        made = report_of_part(session, read, now=now())
    else:
        made = report_of(session, found, start, end, now=now())
    if format == "json":
        return made.to_dict()
    return as_file(made, found, start, format)


def as_file(made: Report, model: Model, start: datetime, kind: Literal["html", "markdown", "junit"]) -> Response:
    """The report as a file of its own: a page is shown, everything else is kept."""
    place = "inline" if kind == "html" else "attachment"
    headers = {"Content-Disposition": f'{place}; filename="{file_name(model, start, kind)}"'}
    if kind == "html":
        headers["Content-Security-Policy"] = ONE_FILE
    return Response(getattr(made, f"to_{kind}")(), media_type=MEDIA_TYPES[kind], headers=headers)


@router.get("/models/{model}/placebo", responses={200: {"content": {"application/json": {"example": PLACEBO_EXAMPLE}}}})
def placebo(model: str, session: Reading, reader: Reader) -> dict[str, Any]:
    """How often the monitor alarms on windows of its own reference, and the smallest change that it can see."""
    return placebo_answer(session, resolve(session, reader.scope, model))
