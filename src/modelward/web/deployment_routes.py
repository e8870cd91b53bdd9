"""The pages of a version's life: its tab with what one may do, and what waits for the reader's approval."""

from collections.abc import Callable
from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse
from starlette.responses import RedirectResponse, Response

from modelward.accounts.permission import Editor, Reader
from modelward.accounts.principal import Principal
from modelward.errors import Conflict, Forbidden, Invalid, NotFound
from modelward.governance.approvals import waiting_page
from modelward.governance.compare import compared
from modelward.governance.decide import approve, reject
from modelward.governance.decide_deployment import Wish, deploy
from modelward.governance.lifecycle_schemas import ApprovalsAsked
from modelward.governance.moving import LONGEST_JUSTIFICATION, title_of
from modelward.governance.request_retraining import request_retraining
from modelward.governance.retire import retire
from modelward.governance.roll_back import roll_back
from modelward.governance.submit import submit
from modelward.kit.clock import now
from modelward.kit.database import reading, writing
from modelward.kit.web import Reading
from modelward.registry.service import resolve
from modelward.rules.lifecycle import Place
from modelward.web import queries
from modelward.web.errors import PageRoute
from modelward.web.forms import Done, told
from modelward.web.pages import page
from modelward.web.queries import Address
from modelward.web.routes import Asking
from modelward.web.time_range import model_path
from modelward.web.views.deployment import deployment_tab
from modelward.web.views.tabs import head_of

router = APIRouter(route_class=PageRoute, include_in_schema=False, default_response_class=HTMLResponse)

Justification = Annotated[str, Form(max_length=LONGEST_JUSTIFICATION)]
_PLAIN: dict[str, Callable[..., Any]] = {
    "submit": submit,
    "approve": approve,
    "reject": reject,
    "request-retraining": request_retraining,
    "retire": retire,
}


@router.get("/approvals")
def approvals(request: Request, session: Reading, reader: Reader) -> Response:
    waiting = waiting_page(session, reader, ApprovalsAsked(mine=False, limit=200)).items
    mine = [one for one in waiting if one.why_not is None]
    others = [one for one in waiting if one.why_not is not None]
    return page(request, "approvals.html", mine=mine, others=others, at=now(), path=model_path)


@router.get("/dashboard/models/{key}/deployment")
def deployment(
    request: Request, key: str, *, asking: Asking, session: Reading, reader: Reader, done: Done = None
) -> Response:
    facts = queries.facts_of(session, reader.scope, key)
    head = head_of(facts, queries.asked_of(session, facts, asking, now()), "deployment", spans=(), kept={})
    tab = deployment_tab(session, resolve(session, reader.scope, key), reader, now=now())
    return page(request, "model_deployment.html", model=head, tab=tab, message=told(done), failure="", said="")


@router.get("/dashboard/models/{key}/compare")
def compare(
    request: Request,
    key: str,
    *,
    other: Annotated[str, Query(alias="with", max_length=200)],
    asking: Asking,
    session: Reading,
    reader: Reader,
) -> Response:
    facts = queries.facts_of(session, reader.scope, key)
    asked = queries.asked_of(session, facts, asking, now())
    one, two = resolve(session, reader.scope, key), resolve(session, reader.scope, other)
    store, span = request.app.state.events, asked.range
    found = compared(session, store, one, two, start=span.start, end=span.end)
    head = head_of(facts, asked, "deployment", spans=(), kept={})
    return page(request, "model_compare.html", model=head, found=found, titles=(title_of(one), title_of(two)))


@router.post("/dashboard/models/{key}/deployment/{action}")
def act(
    request: Request,
    key: str,
    action: str,
    *,
    editor: Editor,
    justification: Justification = "",
    override: Annotated[str, Form(max_length=3)] = "",
    days: Annotated[int, Form(ge=0, le=365)] = 0,
) -> Response:
    wish = Wish(bool(override), justification, now() + timedelta(days=days) if override and days else None)
    try:
        with writing(request.app.state.database) as session:
            _take(session, key, action, editor, wish)
    except (Conflict, Invalid, Forbidden) as error:
        status = 422 if isinstance(error, Invalid) else 409
        return _again(request, key, editor, error.sentence, said=justification, status=status)
    return RedirectResponse(f"{model_path(key)}/deployment?done=decided", status_code=303)


def _take(session: Any, key: str, action: str, editor: Principal, wish: Wish) -> None:
    model = resolve(session, editor.scope, key)
    common: dict[str, Any] = {"principal": editor, "model": model, "now": now()}
    if action in _PLAIN:
        _PLAIN[action](session, justification=wish.justification, **common)
    elif action in ("deploy", "challenge"):
        place = Place.CHAMPION if action == "deploy" else Place.CHALLENGER
        deploy(session, wish=Wish(wish.override, wish.justification, wish.expires_at, place), **common)
    elif action == "rollback":
        common |= {"override": wish.override, "expires_at": wish.expires_at}
        roll_back(session, justification=wish.justification, **common)
    else:
        raise NotFound("There is no such step: choose one from the page.")


def _again(request: Request, key: str, reader: Principal, failure: str, *, said: str, status: int) -> Response:
    """The page once more, with what was wrong and what was written."""
    nothing = Address(None, None, None, None, None, 1)
    with reading(request.app.state.database) as session:
        facts = queries.facts_of(session, reader.scope, key)
        head = head_of(facts, queries.asked_of(session, facts, nothing, now()), "deployment", spans=(), kept={})
        tab = deployment_tab(session, resolve(session, reader.scope, key), reader, now=now())
    return page(
        request,
        "model_deployment.html",
        status=status,
        model=head,
        tab=tab,
        message=None,
        failure=failure,
        said=said,
    )
