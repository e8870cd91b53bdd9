"""How a model is watched: the trial on its own reference, and every setting where it is explained."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session
from starlette.responses import Response

from modelward.accounts.permission import Editor, Reader
from modelward.accounts.principal import Principal, Right
from modelward.errors import Invalid
from modelward.kit.clock import now
from modelward.kit.database import reading
from modelward.kit.web import Reading, Writing
from modelward.monitoring.monitor_settings import change_monitor, settings_json
from modelward.monitoring.placebo import placebo
from modelward.monitoring.window_choice import in_effect
from modelward.registry.service import resolve
from modelward.web import queries
from modelward.web.errors import PageRoute
from modelward.web.forms import Done, done, told
from modelward.web.pages import page
from modelward.web.queries import Address
from modelward.web.routes import Asking
from modelward.web.time_range import model_path
from modelward.web.views.monitor_form import form_of, settings_from
from modelward.web.views.tabs import head_of
from modelward.web.views.trial import trial_of

router = APIRouter(route_class=PageRoute, include_in_schema=False, default_response_class=HTMLResponse)

Line = Annotated[str, Field(max_length=1_000)]
Lines = Annotated[str, Field(max_length=50_000)]


class MonitorForm(BaseModel):
    """What the form sends, each as it was written."""

    window: Line = ""
    window_events: Line = ""
    time_zone: Line = ""
    reference: Line = ""
    minimum_rows: Line = ""
    psi_moderate: Line = ""
    psi_strong: Line = ""
    mean_shift: Line = ""
    missing_shift: Line = ""
    new_category_share: Line = ""
    q: Line = ""
    bins: Lines = ""
    empty: Line = ""
    tests: Lines = ""
    thresholds: Lines = ""
    column_bins: Lines = ""
    importance: Lines = ""
    ignore: Lines = ""
    segments: Lines = ""
    segment_edges: Lines = ""
    positive: Line = ""
    performance_fall: Line = ""
    label_coverage: Line = ""
    protected: Lines = ""
    protected_edges: Lines = ""
    minimum_group: Line = ""
    fairness_limit: Line = ""
    out_of_range_share: Line = ""
    constant_share: Line = ""
    duplicate_share: Line = ""
    volume_change: Line = ""
    freshness_gaps: Line = ""


@router.get("/dashboard/models/{key}/monitor")
def monitor(
    request: Request, *, key: str, asking: Asking, session: Reading, reader: Reader, done: Done = None
) -> Response:
    return _page(request, session, reader, key, asking, message=told(done))


@router.post("/dashboard/models/{key}/monitor")
def change(
    request: Request, key: str, session: Writing, editor: Editor, form: Annotated[MonitorForm, Form()]
) -> Response:
    model = resolve(session, editor.scope, key)
    written = form.model_dump()
    try:
        wire = settings_from(written, settings_json(model))
        change_monitor(session, model=model, wire=wire, now=now(), author=editor.author)
    except Invalid as error:
        session.rollback()
        with reading(request.app.state.database) as again:
            return _page(request, again, editor, key, Address(), written=written, failure=error.sentence)
    return done(f"{model_path(key)}/monitor", "monitor-changed")


def _page(
    request: Request,
    session: Session,
    reader: Principal,
    key: str,
    asking: Address,
    *,
    written: dict[str, str] | None = None,
    message: str | None = None,
    failure: str = "",
) -> Response:
    facts = queries.facts_of(session, reader.scope, key)
    model = resolve(session, reader.scope, key)
    head = head_of(facts, queries.asked_of(session, facts, asking, now()), "monitor", spans=(), kept={})
    return page(
        request,
        "model_monitor.html",
        status=422 if failure else 200,
        model=head,
        trial=trial_of(placebo(session, model=model)),
        groups=form_of(settings_json(model), written),
        in_effect=in_effect(model),
        may_edit=reader.may(Right.EDIT),
        message=message,
        failure=failure,
    )
