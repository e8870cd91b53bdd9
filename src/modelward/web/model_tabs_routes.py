"""The tabs of a model beside drift: data quality, performance, fairness and segments, each at an address of its own."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse
from starlette.responses import Response

from modelward.accounts.permission import Reader
from modelward.errors import NotFound
from modelward.kit.clock import now
from modelward.kit.web import Reading
from modelward.monitoring.performance_answers import FAIRNESS_METHOD, METHOD
from modelward.monitoring.performance_queries import fairness_view, performance_view, performance_window
from modelward.rules.metric_names import RATES
from modelward.web import queries
from modelward.web.errors import PageRoute
from modelward.web.pages import page
from modelward.web.routes import Asking
from modelward.web.snippets import base_of, declare_protected, first_event, send_label
from modelward.web.time_range import model_path, window_name
from modelward.web.views.fairness import chosen_of, fairness_numbers, fairness_tab
from modelward.web.views.numbers import Table
from modelward.web.views.performance import performance_numbers, performance_tab
from modelward.web.views.quality import quality_numbers, quality_tab
from modelward.web.views.tabs import TabHead, head_of

router = APIRouter(route_class=PageRoute, include_in_schema=False, default_response_class=HTMLResponse)

Attribute = Annotated[str | None, Query(max_length=400)]


@router.get("/dashboard/models/{key}/performance")
def performance(request: Request, key: str, asking: Asking, session: Reading, reader: Reader) -> Response:
    facts = queries.facts_of(session, reader.scope, key)
    asked = queries.asked_of(session, facts, asking, now())
    view = performance_view(session, model_id=facts.id, start=asked.range.start, end=asked.range.end)
    opened = view.current
    if asked.window is not None:
        opened = performance_window(session, model_id=facts.id, starts_at=asked.window)
        if opened is None:
            raise NotFound("There is no such window of this model: choose one from the list.")
    head = head_of(facts, asked, "performance", spans=[(p.starts_at, p.ends_at) for p in view.windows], kept={})
    tab = performance_tab(view, zone=facts.zone, link=_window_link(head), opened=opened)
    return page(
        request,
        "model_performance.html",
        model=head,
        tab=tab,
        send_label=send_label(base_of(request)),
        method=METHOD,
        numbers=numbers_address(head),
    )


@router.get("/dashboard/models/{key}/performance/numbers")
def performance_table(request: Request, key: str, asking: Asking, session: Reading, reader: Reader) -> Response:
    facts = queries.facts_of(session, reader.scope, key)
    asked = queries.asked_of(session, facts, asking, now())
    view = performance_view(session, model_id=facts.id, start=asked.range.start, end=asked.range.end)
    head = head_of(facts, asked, "performance", spans=(), kept={})
    return numbers_page(request, head, performance_numbers(view, facts.zone), "Performance by window")


@router.get("/dashboard/models/{key}/fairness")
def fairness(
    request: Request, *, key: str, attribute: Attribute = None, asking: Asking, session: Reading, reader: Reader
) -> Response:
    facts = queries.facts_of(session, reader.scope, key)
    asked = queries.asked_of(session, facts, asking, now())
    view = fairness_view(session, model_id=facts.id, start=asked.range.start, end=asked.range.end)
    chosen = chosen_of(view, attribute)
    spans = [(p.starts_at, p.ends_at) for p in (chosen.windows if chosen else ())]
    head = head_of(facts, asked, "fairness", spans=spans, kept={"attribute": attribute} if attribute else {})
    tab = fairness_tab(view, zone=facts.zone, link=lambda name: head.address(attribute=name), chosen=chosen)
    return page(
        request,
        "model_fairness.html",
        model=head,
        tab=tab,
        declare_protected=declare_protected(base_of(request), facts.key),
        method=FAIRNESS_METHOD,
        numbers=numbers_address(head, attribute=chosen.attribute if chosen else None),
        rates=RATES,
    )


@router.get("/dashboard/models/{key}/fairness/numbers")
def fairness_table(
    request: Request, *, key: str, attribute: Attribute = None, asking: Asking, session: Reading, reader: Reader
) -> Response:
    facts = queries.facts_of(session, reader.scope, key)
    asked = queries.asked_of(session, facts, asking, now())
    view = fairness_view(session, model_id=facts.id, start=asked.range.start, end=asked.range.end)
    head = head_of(facts, asked, "fairness", spans=(), kept={})
    return numbers_page(request, head, fairness_numbers(chosen_of(view, attribute), facts.zone), "Fairness by window")


@router.get("/dashboard/models/{key}/quality")
def quality(
    request: Request, *, key: str, examples: bool = False, asking: Asking, session: Reading, reader: Reader
) -> Response:
    facts = queries.facts_of(session, reader.scope, key)
    asked = queries.asked_of(session, facts, asking, now())
    read = queries.quality_readings(session, request.app.state.events if examples else None, facts, asked)
    head = head_of(facts, asked, "quality", spans=[(p.starts_at, p.ends_at) for p in read.points], kept={})
    tab = quality_tab(
        read.answer, read.points, read.judged, ignored=read.ignored, zone=facts.zone, link=_window_link(head)
    )
    shown = None if examples else "true"
    return page(
        request,
        "model_quality.html",
        model=head,
        tab=tab,
        examples=examples,
        examples_address=head.address(window=window_name(asked.window) if asked.window else None, examples=shown),
        numbers=numbers_address(head),
        first_event=first_event(base_of(request), facts.key),
    )


@router.get("/dashboard/models/{key}/quality/numbers")
def quality_table(request: Request, key: str, asking: Asking, session: Reading, reader: Reader) -> Response:
    facts = queries.facts_of(session, reader.scope, key)
    asked = queries.asked_of(session, facts, asking, now())
    points, judged = queries.judged_windows(session, facts, asked)
    head = head_of(facts, asked, "quality", spans=(), kept={})
    return numbers_page(request, head, quality_numbers(points, judged, facts.zone), "Data quality by window")


def _window_link(head: TabHead) -> Callable[[datetime], str]:
    return lambda starts_at: head.address(window=window_name(starts_at))


def numbers_address(head: TabHead, **parameters: str | None) -> str:
    """Where the table behind a tab's charts is."""
    return head.address(**parameters).replace(head.path, f"{head.path}/numbers", 1)


def numbers_page(request: Request, head: TabHead, table: Table | None, title: str) -> Response:
    """The table behind a tab's charts, as a part of the tab or as a page of its own."""
    template = "_numbers.html" if request.headers.get("x-part") == "numbers" and table else "numbers.html"
    return page(request, template, table=table, title=title, facts=head.facts, back=model_path(head.facts.key))
