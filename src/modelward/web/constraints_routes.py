"""The tab of constraints: suggested from the reference, edited column by column, put in force by people."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Form, Query, Request
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
from modelward.monitoring.columns import LABEL, profiled_columns, title_of
from modelward.monitoring.constraints import constraints_answer, put_constraints
from modelward.registry.service import resolve
from modelward.registry.tables import Model
from modelward.web import queries
from modelward.web.errors import PageRoute
from modelward.web.forms import Done, done, told
from modelward.web.pages import page
from modelward.web.queries import Address
from modelward.web.routes import Asking
from modelward.web.time_range import model_path
from modelward.web.views.constraints import constraint_from, constraints_tab, edited
from modelward.web.views.model_page import Asked, ModelFacts
from modelward.web.views.tabs import head_of

router = APIRouter(route_class=PageRoute, include_in_schema=False, default_response_class=HTMLResponse)

Line = Annotated[str, Field(max_length=1_000)]


class ConstraintForm(BaseModel):
    """One column's constraint as it was written; `act` is what is to become of it."""

    act: Literal["save", "drop"] = "save"
    column: Annotated[str, Field(min_length=1, max_length=200)]
    kind: Literal["", "numeric", "text"] = ""
    required: bool = False
    minimum: Line = ""
    maximum: Line = ""
    non_negative: bool = False
    allowed: Annotated[str, Field(max_length=200_000)] = ""
    unique_share: Line = ""
    tolerance: Line = ""
    severity: Literal["error", "warning"] = "error"


@router.get("/dashboard/models/{key}/constraints")
def constraints(
    request: Request,
    *,
    key: str,
    edit: Annotated[str | None, Query(max_length=200)] = None,
    asking: Asking,
    session: Reading,
    reader: Reader,
    done: Done = None,
) -> Response:
    return _page(request, session, reader, key, asking, edit=edit, message=told(done))


@router.post("/dashboard/models/{key}/constraints")
def change(
    request: Request, key: str, session: Writing, editor: Editor, form: Annotated[ConstraintForm, Form()]
) -> Response:
    model = resolve(session, editor.scope, key)
    others = [entry for entry in constraints_answer(session, model)["in_force"] if entry["column"] != form.column]
    try:
        asked = [constraint_from(form.model_dump())] if form.act == "save" else []
        put_constraints(session, model=model, wire=[*others, *asked], now=now(), author=editor.author)
    except Invalid as error:
        session.rollback()
        with reading(request.app.state.database) as again:
            return _page(request, again, editor, key, Address(), edit=form.column, failure=error.sentence)
    return done(f"{model_path(key)}/constraints", "constraints-changed")


@router.post("/dashboard/models/{key}/constraints/all")
def change_all(
    key: str, session: Writing, editor: Editor, act: Annotated[Literal["suggest", "clear"], Form()]
) -> Response:
    """Put all that is suggested in force beside what people made themselves, or take everything away."""
    model = resolve(session, editor.scope, key)
    answer = constraints_answer(session, model)
    kept = answer["in_force"] if act == "suggest" else []
    named = {entry["column"] for entry in kept}
    new = [entry for entry in answer["suggested"] if entry["column"] not in named] if act == "suggest" else []
    put_constraints(session, model=model, wire=[*kept, *new], now=now(), author=editor.author)
    return done(f"{model_path(key)}/constraints", "constraints-changed")


def _page(
    request: Request,
    session: Session,
    reader: Principal,
    key: str,
    asking: Address,
    *,
    edit: str | None = None,
    message: str | None = None,
    failure: str = "",
) -> Response:
    facts = queries.facts_of(session, reader.scope, key)
    asked = queries.asked_of(session, facts, asking, now())
    head = head_of(facts, asked, "constraints", spans=(), kept={})
    answer = constraints_answer(session, session.get_one(Model, facts.id))
    columns = [title_of(column.key) for column in profiled_columns(session, facts.id) if column.key != LABEL]
    tab = constraints_tab(
        answer, _violations(session, facts, asked), columns, link=lambda name: f"{head.address(edit=name)}#edit"
    )
    return page(
        request,
        "model_constraints.html",
        status=422 if failure else 200,
        model=head,
        tab=tab,
        edited=edited(answer, edit, columns) if edit else None,
        may_edit=reader.may(Right.EDIT),
        message=message,
        failure=failure,
    )


def _violations(session: Session, facts: ModelFacts, asked: Asked) -> Sequence[Mapping[str, Any]]:
    """What the newest judged window violates."""
    _, judged = queries.judged_windows(session, facts, asked)
    newest = next((window for window in reversed(judged) if window.get("quality")), None)
    findings = newest["quality"]["findings"] if newest else []
    return [finding for finding in findings if finding["check"] == "constraint"]
