"""Silences: what is kept quiet, by whom, why, and until when."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse
from starlette.responses import Response

from modelward.accounts.permission import Editor, Reader
from modelward.accounts.principal import Principal, Right
from modelward.alerting.manage_silences import create_silence, expire_silence, silences_page
from modelward.alerting.silence_schemas import NewSilence, SilencesAsked
from modelward.errors import Forbidden, Invalid, NotFound
from modelward.kit.clock import now
from modelward.kit.database import reading, writing
from modelward.kit.web import Writing
from modelward.web.errors import PageRoute
from modelward.web.forms import FOLLOW, Done, Text, done, shaped, told
from modelward.web.pages import page
from modelward.web.views.alert_rules import KINDS
from modelward.web.views.settings import bindings

router = APIRouter(
    prefix="/alerts/silences", route_class=PageRoute, include_in_schema=False, default_response_class=HTMLResponse
)
_NOT_SO = "A silence needs a reason, and ends within 90 days."
_LASTS = (("1", "an hour"), ("4", "4 hours"), ("24", "a day"), ("72", "3 days"), ("168", "a week"), ("720", "30 days"))
_NOTHING = {"reason": "", "model": "", "kind": "", "column": "", "hours": "4"}


@router.get("")
def silences(
    request: Request,
    reader: Reader,
    model: Annotated[str, Query(max_length=200)] = "",
    cursor: Annotated[str | None, Query()] = None,
    done: Done = None,
) -> Response:
    return _page(request, reader, kept={**_NOTHING, "model": model}, cursor=cursor, message=told(done))


@router.post("")
def make_silence(
    request: Request,
    *,
    editor: Editor,
    reason: Text = "",
    model: Text = "",
    kind: Text = "",
    column: Text = "",
    hours: Text = "4",
) -> Response:
    kept = {"reason": reason, "model": model, "kind": kind, "column": column, "hours": hours}
    try:
        filled = {name: value.strip() for name, value in kept.items() if value.strip()}
        body = shaped(NewSilence, _NOT_SO, **filled)
        with writing(request.app.state.database) as session:
            create_silence(session, author=editor, body=body, now=now())
    except (Invalid, Forbidden, NotFound) as error:
        return _page(request, editor, kept=kept, failure=error.sentence, status=422)
    return done("/alerts/silences", "silence-made")


@router.post("/{silence}/expire")
def end_silence(silence: int, session: Writing, editor: Editor) -> Response:
    expire_silence(session, author=editor, silence_id=silence, now=now())
    return done("/alerts/silences", "silence-ended")


def _page(
    request: Request,
    reader: Principal,
    *,
    kept: dict[str, str],
    cursor: str | None = None,
    message: str | None = None,
    failure: str = "",
    status: int = 200,
) -> Response:
    asked = shaped(SilencesAsked, FOLLOW, limit=100, cursor=cursor, sort="-ends_at")
    with reading(request.app.state.database) as session:
        found = silences_page(session, reader.scope, asked, now=now())
        _, models = bindings(session, reader.organisation_id)
    return page(
        request,
        "alert_silences.html",
        status=status,
        live=[one for one in found.items if one.state != "expired"],
        ended=[one for one in found.items if one.state == "expired"],
        following=found.next,
        kinds={kind.value: words[0] for kind, words in KINDS.items()},
        models=models,
        lasts=_LASTS,
        kept=kept,
        may_edit=reader.may(Right.EDIT),
        message=message,
        failure=failure,
    )
