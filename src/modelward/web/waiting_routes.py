"""The page that waits for the first event asks here how it stands, and for a key to put into its snippet."""

import hashlib
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse
from starlette.responses import Response

from modelward.accounts.permission import Admin, Reader
from modelward.accounts.principal import KeyKind
from modelward.kit.clock import now
from modelward.kit.web import Reading, Writing
from modelward.registry.key_schemas import NewKey
from modelward.registry.keys import make_key
from modelward.registry.service import resolve
from modelward.web.errors import PageRoute
from modelward.web.pages import page
from modelward.web.snippets import base_of, first_event_examples
from modelward.web.waiting import waiting_for

router = APIRouter(
    prefix="/dashboard/waiting", route_class=PageRoute, include_in_schema=False, default_response_class=HTMLResponse
)
_LATEST = 253_402_300_799_000  # milliseconds: the end of the year 9999


@router.get("")
def waiting(
    request: Request,
    session: Reading,
    reader: Reader,
    since: Annotated[int, Query(ge=0, le=_LATEST)],
    model: Annotated[str | None, Query(max_length=200)] = None,
) -> Response:
    """How it stands, as a part of a page; 304 where the page shows that already."""
    whose = resolve(session, reader.scope, model) if model else None
    opened = datetime.fromtimestamp(since / 1000, UTC)
    view = waiting_for(request, session, reader, model=whose, since=opened, now=now())
    answer = page(request, "_waiting_state.html", waiting=view)
    tag = f'"{hashlib.sha256(answer.body).hexdigest()[:16]}"'
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers={"etag": tag, "cache-control": "no-store"})
    answer.headers["etag"] = tag
    return answer


@router.post("/key")
def key(
    request: Request, session: Writing, admin: Admin, model: Annotated[str | None, Form(max_length=200)] = None
) -> Response:
    """A fresh ingest key inside the snippet: in this answer and nowhere else. On a model's page it is bound to it."""
    whose = resolve(session, admin.scope, model) if model else None
    name = f"first events of {whose.key}"[:200] if whose else "first events"
    body = NewKey(kind=KeyKind.INGEST, name=name, project=None, model=whose.id if whose else None)
    token = make_key(session, maker=admin, body=body, now=now())[1]
    view = waiting_for(request, session, admin, model=whose, since=now(), now=now())
    examples = first_event_examples(base_of(request), whose.key if whose else "my-model", token=token)
    part = request.headers.get("x-part") == "snippet"
    template = "_waiting_snippet.html" if part else "waiting.html"
    return page(request, template, waiting=view, examples=examples, key_made=True)
