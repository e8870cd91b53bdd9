"""The tab of segments: raw rows are divided while the reader waits, in a span that is bounded."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse
from sqlalchemy.orm import Session
from starlette.responses import Response

from modelward.accounts.permission import Reader
from modelward.accounts.principal import Scope
from modelward.errors import Invalid
from modelward.events.contract import EventStore
from modelward.kit.clock import now
from modelward.kit.database import reading
from modelward.monitoring import queries as monitoring
from modelward.monitoring.columns import PREDICTION, SPECIAL, profiled_columns
from modelward.monitoring.monitor_settings import monitor_of, windows_of
from modelward.monitoring.raw_sample import RawSpan
from modelward.monitoring.readings import WindowPoint
from modelward.monitoring.segment_queries import segment_alarms, segment_windows
from modelward.monitoring.segments import Asked as Divided
from modelward.monitoring.segments import ask, segments_answer
from modelward.monitoring.slices import By, SlicesAsked, ask_for_slices, slices_answer
from modelward.monitoring.together import ask_together, together_answer
from modelward.registry.tables import Model
from modelward.web import queries
from modelward.web.errors import PageRoute
from modelward.web.pages import page
from modelward.web.queries import Address
from modelward.web.routes import Asking
from modelward.web.snippets import base_of, first_event
from modelward.web.time_range import address, model_path
from modelward.web.views.model_page import Asked, ModelFacts
from modelward.web.views.segment_lines import SHOWS, SegmentLines, ranking_of, segment_lines, told_alarms
from modelward.web.views.segments import segments_tab
from modelward.web.views.tabs import TabHead, head_of
from modelward.web.views.together import together_view
from modelward.web.views.traffic import newest_telling

router = APIRouter(route_class=PageRoute, include_in_schema=False, default_response_class=HTMLResponse)

Over = Literal["window", "30d", "range"]
Told = tuple[Mapping[str, Any] | None, str]
Show = Literal["drift", "performance", "fairness"]
SEARCHES = (("drift", "Search for drift"), ("loss", "Search for loss"))
SPANS = (("window", "the newest window"), ("30d", "the last 30 days of the range"), ("range", "the whole range"))


@dataclass(frozen=True)
class Division:
    """What was read to divide the rows; `asked` is None where nothing can be divided, and `refused` says why."""

    facts: ModelFacts
    range: Asked
    points: tuple[WindowPoint, ...]
    columns: tuple[str, ...]
    declared: tuple[str, ...]
    asked: Divided | None
    refused: str
    search: SlicesAsked | None = None
    apart: RawSpan | None = None
    lines: SegmentLines | None = None
    alarms: tuple[str, ...] = ()


@router.get("/dashboard/models/{key}/segments")
def segments(
    request: Request,
    *,
    key: str,
    by: Annotated[str | None, Query(max_length=200)] = None,
    over: Over = "30d",
    show: Show = "drift",
    slices: By | None = None,
    together: bool = False,
    asking: Asking,
    reader: Reader,
) -> Response:
    with reading(request.app.state.database) as session:
        read = _division(
            session, reader.scope, key, asking, by=by or None, over=over, show=show, slices=slices, together=together
        )
    store = request.app.state.events
    answer, refused = _told(segments_answer, store, read.asked)
    found, not_searched = _told(slices_answer, store, read.search)
    joint, not_told = _told(together_answer, store, read.apart)
    by = by or (read.declared[0] if read.declared else None)
    kept = {name: value for name, value in (("by", by), ("over", over), ("show", show)) if value}
    spans = [(p.starts_at, p.ends_at) for p in read.points]
    head = head_of(read.facts, read.range, "segments", spans=spans, kept=kept)
    return page(
        request,
        "model_segments.html",
        model=head,
        tab=segments_tab(answer, zone=read.facts.zone, link=lambda c: _column(head, c)) if answer else None,
        refused=refused or read.refused,
        lines=read.lines,
        alarms=read.alarms,
        waiting=by in read.declared,
        shows=[(value, words, head.address(by=by, over=over, show=value) + "#lines") for value, words in SHOWS],
        ranking=ranking_of(answer) if answer else None,
        found=found,
        slices_refused=not_searched,
        searched=slices,
        searches=[(v, words, head.address(by=by, over=over, show=show, slices=v) + "#slices") for v, words in SEARCHES],
        together=together_view(joint) if joint else None,
        together_refused=not_told,
        tell_apart=head.address(by=by, over=over, show=show, together="1") + "#together",
        columns=read.columns,
        declared=[(name, head.address(by=name, over=over)) for name in read.declared],
        by=by,
        over=over,
        spans=SPANS,
        first_event=first_event(base_of(request), read.facts.key),
    )


def _division(
    session: Session,
    scope: Scope,
    key: str,
    asking: Address,
    *,
    by: str | None,
    over: Over,
    show: Show,
    slices: By | None,
    together: bool,
) -> Division:
    facts = queries.facts_of(session, scope, key)
    asked = queries.asked_of(session, facts, asking, now())
    points = monitoring.window_history(
        session, model_id=facts.id, start=asked.range.start, end=asked.range.end, limit=queries.WINDOWS
    )
    model = session.get_one(Model, facts.id)
    columns = [c.sent_as for c in profiled_columns(session, facts.id) if c.key not in SPECIAL or c.key == PREDICTION]
    declared = monitor_of(model).segments
    divided, refused = None, ""
    if points and (by or declared):
        try:
            divided = ask(session, model, by, *_span(points, over))
        except Invalid as error:
            refused = error.sentence
    search = ask_for_slices(session, model, slices, *_span(points, over)) if points and slices else None
    apart = ask_together(session, model, *_span(points, over)) if points and together else None
    lines, alarms = _lines(session, model, by or (declared[0] if declared else None), asked, show)
    known = tuple(columns) if points else ()
    return Division(facts, asked, points, known, declared, divided, refused, search, apart, lines, alarms)


def _lines(
    session: Session, model: Model, by: str | None, asked: Asked, show: Show
) -> tuple[SegmentLines | None, tuple[str, ...]]:
    """The history of a declared segment, and what alarms in it."""
    monitor = monitor_of(model)
    if by is None or by not in monitor.segments:
        return None, ()
    span = {"start": asked.range.start, "end": asked.range.end}
    histories = segment_windows(session, model_id=model.id, windows=windows_of(model).calendar, segment=by, **span)
    alarms = segment_alarms(session, model.id)
    found = segment_lines(by, histories, alarms, show=show, zone=ZoneInfo(model.time_zone))
    return found, told_alarms(alarms, by)


def _span(points: tuple[WindowPoint, ...], over: Over) -> tuple[datetime, datetime]:
    newest = newest_telling(points) or points[-1]
    if over == "window":
        return newest.starts_at, newest.ends_at
    first, end = points[0].starts_at, points[-1].ends_at
    return (first if over == "range" else max(first, end - timedelta(days=30))), end


def _told(answer: Callable[[EventStore, Any], Mapping[str, Any]], store: EventStore, asked: Any) -> Told:
    """The answer to what was asked, or the sentence that says why there is none; neither where nothing was."""
    if asked is None:
        return None, ""
    try:
        return answer(store, asked), ""
    except Invalid as error:
        return None, error.sentence


def _column(head: TabHead, column: str) -> str:
    return address(model_path(head.facts.key), **dict(head.range_kept), column=column) + "#column"
