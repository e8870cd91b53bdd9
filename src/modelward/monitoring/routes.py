"""Monitoring over HTTP: drift, metrics, quality, references, settings, and the events themselves."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Form, Query, Request, UploadFile, status
from fastapi.responses import Response, StreamingResponse

from modelward.accounts.api_route import ApiRoute
from modelward.accounts.permission import Editor, Reader
from modelward.kit.clock import now
from modelward.kit.database import reading, writing
from modelward.kit.paging import lead_on
from modelward.kit.web import Reading, Writing
from modelward.monitoring import answers, queries
from modelward.monitoring import segment_answers as parts
from modelward.monitoring.capture_baseline import (
    confirm_reference,
    read_upload,
    upload_reference,
    window_reference,
)
from modelward.monitoring.constraints import constraints_answer, put_constraints
from modelward.monitoring.export_events import MEDIA_TYPES, events_file, events_page
from modelward.monitoring.monitor_settings import change_monitor
from modelward.monitoring.quality_answers import quality as data_quality
from modelward.monitoring.quality_answers import with_records
from modelward.monitoring.quality_schemas import QUALITY_EXAMPLE, ConstraintsAnswer, ConstraintsWanted
from modelward.monitoring.schemas import EvaluationsAsked, EventsAsked, Moment, Part, ReferenceWindow
from modelward.monitoring.unread import wait_until_profiled
from modelward.monitoring.upload import kept, shown_name
from modelward.monitoring.window_choice import settings_answer
from modelward.registry.schemas import Prose
from modelward.registry.service import resolve, schema

router = APIRouter(route_class=ApiRoute, tags=["monitoring"])
starred = APIRouter(route_class=ApiRoute, tags=["monitoring"])
"""These also answer at the root: programs in the field send them so."""

Since = Annotated[Moment | None, Query(description="From this moment on.")]
Until = Annotated[Moment | None, Query(description="Up to but without this moment.")]
Answer = dict[str, Any]


@starred.get("/models/{model}/drift/current")
def current_drift(model: str, session: Reading, reader: Reader) -> Answer:
    """The verdict that holds now."""
    return answers.current_drift(session, resolve(session, reader.scope, model))


@starred.get("/models/{model}/drift")
def drift(
    model: str,
    request: Request,
    session: Reading,
    reader: Reader,
    *,
    part: Part,
    start: Since = None,
    end: Until = None,
) -> Answer:
    """The verdict that holds now; with `start`, that of any span; with `segment` and `value`, of a part of the rows."""
    found = resolve(session, reader.scope, model)
    if part is not None:
        return parts.part_drift(session, request.app.state.events, found, part.over(start, end))
    if start is None:
        return answers.current_drift(session, found)
    return answers.drift_between(session, found, start, end or now())


@router.get("/models/{model}/metrics")
def metrics(
    model: str,
    request: Request,
    session: Reading,
    reader: Reader,
    *,
    part: Part,
    start: Since = None,
    end: Until = None,
) -> Answer:
    """Statistics of the columns, predictions, latency percentiles and volume by window."""
    found = resolve(session, reader.scope, model)
    if part is not None:
        return parts.part_metrics(session, request.app.state.events, found, part.over(start, end))
    return answers.metrics(session, found, start, end)


@router.get("/models/{model}/quality", responses={200: {"content": {"application/json": {"example": QUALITY_EXAMPLE}}}})
def quality(
    model: str,
    request: Request,
    session: Reading,
    reader: Reader,
    *,
    part: Part,
    start: Since = None,
    end: Until = None,
    examples: Annotated[bool, Query(description="Look for events that show each finding.")] = False,
) -> Answer:
    """What is wrong with the data: missing, wrong, new, beyond the range, stuck, repeated, too few, or late."""
    found = resolve(session, reader.scope, model)
    if part is not None:
        return parts.part_quality(session, request.app.state.events, found, part.over(start, end))
    return data_quality(session, found, start, end, examples_from=request.app.state.events if examples else None)


@router.get("/models/{model}/constraints")
def read_constraints(model: str, session: Reading, reader: Reader) -> ConstraintsAnswer:
    """What the columns must be: suggested from the reference, and in force."""
    found = resolve(session, reader.scope, model)
    return ConstraintsAnswer.model_validate(constraints_answer(session, found))


@router.put("/models/{model}/constraints")
def write_constraints(model: str, body: ConstraintsWanted, session: Writing, editor: Editor) -> ConstraintsAnswer:
    """Put these constraints in force in the place of all others; history is judged anew, and nobody is notified."""
    found = resolve(session, editor.scope, model)
    wire = [entry.model_dump() for entry in body.constraints]
    put_constraints(session, model=found, wire=wire, now=now(), author=editor.author)
    return ConstraintsAnswer.model_validate(constraints_answer(session, found))


@router.get("/models/{model}/profiles")
def profiles(
    model: str, request: Request, session: Reading, reader: Reader, *, part: Part, start: Moment, end: Moment
) -> Answer:
    """The profile of any span, merged from its buckets."""
    found = resolve(session, reader.scope, model)
    if part is not None:
        return parts.part_profiles(session, request.app.state.events, found, part.over(start, end))
    return answers.profiles(session, found, start, end)


@router.get("/models/{model}/evaluations")
def evaluations(
    model: str,
    request: Request,
    response: Response,
    session: Reading,
    reader: Reader,
    *,
    asked: Annotated[EvaluationsAsked, Query()],
) -> Answer:
    """The windows that were evaluated, newest first."""
    found = resolve(session, reader.scope, model)
    page = queries.evaluations_page(session, model_id=found.id, asked=asked)
    lead_on(request, response, page.next)
    items = with_records(session, found, page.items)
    return {"model_id": found.id, "model": found.key, "items": items, "next": page.next}


@router.get("/models/{model}/monitor")
def read_monitor(model: str, session: Reading, reader: Reader) -> Answer:
    """How the model is watched. `window` is null where the volume chooses it; `window_in_effect` is what holds now."""
    return settings_answer(resolve(session, reader.scope, model))


@router.put("/models/{model}/monitor")
def put_monitor(model: str, body: Annotated[Answer, Body()], session: Writing, editor: Editor) -> Answer:
    """Watch the model in another way from now on; its history is evaluated anew, and nobody is notified of that.

    With `reference` as `same_weekday` or `same_hour_of_week` a window is held against the reference's windows of its
    own season alone, on the model's clock; the reference must be a span of the model's events.

    Without a `window`, or with null, the volume chooses between hours and days. `window_in_effect`, which the answer
    tells, may be sent back with the settings and changes nothing.
    """
    found = resolve(session, editor.scope, model)
    change_monitor(session, model=found, wire=body, now=now(), author=editor.author)
    return settings_answer(found)


@router.get("/models/{model}/baseline")
def read_baseline(model: str, session: Reading, reader: Reader) -> Answer:
    """The reference that the model is held against."""
    return answers.reference_answer(session, resolve(session, reader.scope, model))


@router.post("/models/{model}/baseline", status_code=status.HTTP_201_CREATED)
def upload_baseline(
    model: str,
    request: Request,
    editor: Editor,
    file: UploadFile,
    note: Annotated[Prose | None, Form(max_length=10_000)] = None,
) -> Answer:
    """Upload a CSV or Parquet file as the reference."""
    database = request.app.state.database
    with kept(file.file) as path, reading(database) as session:
        found = resolve(session, editor.scope, model)
        profile = read_upload(session, model_id=found.id, path=path)
    with writing(database) as session:
        found = resolve(session, editor.scope, model)
        name = shown_name(file.filename)
        upload_reference(
            session, model=found, profile=profile, file_name=name, now=now(), note=note, author=editor.author
        )
        return answers.reference_answer(session, found)


@router.post("/models/{model}/baseline/window", status_code=status.HTTP_201_CREATED)
def window_baseline(model: str, body: ReferenceWindow, request: Request, editor: Editor) -> Answer:
    """Take a span of the model's own events as the reference.

    What was accepted before this request is waited for, some seconds; where it is not in the profiles of the span by
    then, the answer is 409 with `Retry-After`, and nothing is changed.
    """
    database, journal = request.app.state.database, request.app.state.door.folder
    with reading(database) as session:
        model_id = resolve(session, editor.scope, model).id
    wait_until_profiled(database, journal, model_id=model_id, start=body.start, end=body.end, until=now())
    with writing(database) as session:
        found = resolve(session, editor.scope, model)
        window_reference(
            session, model=found, start=body.start, end=body.end, now=now(), note=body.note, author=editor.author
        )
        return answers.reference_answer(session, found)


@router.post("/models/{model}/baseline/confirm")
def confirm_baseline(model: str, session: Writing, editor: Editor) -> Answer:
    """Say that the provisional reference is right."""
    found = resolve(session, editor.scope, model)
    confirm_reference(session, model=found, now=now(), author=editor.author)
    return answers.reference_answer(session, found)


_FILES = {kind: {"schema": {"type": "string", "format": "binary"}} for kind in MEDIA_TYPES.values()}


@router.get("/models/{model}/events", response_model=Answer, responses={200: {"content": _FILES}})
def events(
    model: str,
    request: Request,
    response: Response,
    session: Reading,
    reader: Reader,
    *,
    asked: Annotated[EventsAsked, Query()],
) -> Answer | Response:
    """The events: JSON by pages, newest first; CSV and Parquet whole, for a span or all there is."""
    found = resolve(session, reader.scope, model)
    described, store = schema(session, found.id), request.app.state.events
    span = {"start": asked.start, "end": asked.end}
    if asked.format == "json":
        page = events_page(store, found, described, **span, limit=asked.limit, cursor=asked.cursor)
        lead_on(request, response, page["next"])
        return page
    pieces = events_file(store, found, described, **span, kind=asked.format)
    name = {"Content-Disposition": f'attachment; filename="events-{found.id}.{asked.format}"'}
    return StreamingResponse(pieces, media_type=MEDIA_TYPES[asked.format], headers=name)
