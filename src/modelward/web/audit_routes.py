"""The page of the audit: the chain for admins, and beside it, for readers, the record of the monitor itself."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.responses import Response

from modelward.accounts.permission import Admin, Reader
from modelward.accounts.principal import Principal, Right
from modelward.audit.check import last_check
from modelward.audit.heads import kept_heads
from modelward.audit.verify import verify_chain
from modelward.errors import Invalid
from modelward.governance.audit_jobs import note
from modelward.governance.audit_log import entries_page
from modelward.governance.audit_schemas import AuditAsked
from modelward.governance.monitor_record import monitor_record
from modelward.kit.clock import now
from modelward.kit.database import reading, writing
from modelward.kit.web import Reading
from modelward.registry.service import within
from modelward.registry.tables import Model
from modelward.web.errors import PageRoute
from modelward.web.forms import FOLLOW, Done, done, shaped, told
from modelward.web.pages import page
from modelward.web.views.audit import actions_by_kind, check_view, entry_view

router = APIRouter(route_class=PageRoute, include_in_schema=False, default_response_class=HTMLResponse)

_PAGE = 50
_NAMES = ("q", "action", "author", "model", "from", "to")
Part = Annotated[str, Query(max_length=200)]


@router.get("/audit")
def audit(
    request: Request,
    session: Reading,
    reader: Reader,
    *,
    q: Part = "",
    action: Part = "",
    author: Part = "",
    model: Part = "",
    from_: Annotated[str, Query(alias="from", max_length=40)] = "",
    to: Annotated[str, Query(max_length=40)] = "",
    cursor: Annotated[str | None, Query(max_length=1_000)] = None,
    done: Done = None,
) -> Response:
    kept = dict(zip(_NAMES, (q, action, author, model, from_, to), strict=True))
    chain = _chain(session, reader, kept, cursor) if reader.may(Right.ADMIN) else None
    return page(
        request,
        "audit.html",
        chain=chain,
        kept=kept,
        actions=actions_by_kind(),
        record=monitor_record(session, scope=reader.scope),
        message=told(done),
    )


@router.post("/audit/verify")
def verify(request: Request, admin: Admin) -> Response:
    """Verify now, and keep what was found as the nightly job does."""
    database, moment = request.app.state.database, now()
    known = kept_heads(request.app.state.settings.data_dir)
    with reading(database) as session:
        found = verify_chain(session, organisation_id=admin.organisation_id, known=known)
    with writing(database) as session:
        note(session, found, now=moment)
    return done("/audit", "audit-verified")


def _chain(session: Session, admin: Principal, kept: dict[str, str], cursor: str | None) -> dict[str, Any]:
    filters = {name: kept[name].strip() for name in ("q", "action", "author", "model") if kept[name].strip()}
    span = {"start": _midnight(kept["from"]), "end": _midnight(kept["to"], after=True)}
    asked = shaped(AuditAsked, FOLLOW, limit=_PAGE, cursor=cursor, **filters, **span)
    found = entries_page(session, reader=admin, asked=asked)
    moments = {name: value.isoformat() for name, value in span.items() if value is not None}
    exported = urlencode({**filters, **moments})
    further = urlencode({**{name: value for name, value in kept.items() if value}, "cursor": found.next or ""})
    return {
        "entries": [entry_view(entry) for entry in found.items],
        "further": f"/audit?{further}#chain" if found.next else None,
        "csv": f"/api/v1/audit/export?format=csv&{exported}".rstrip("&"),
        "json": f"/api/v1/audit/export?format=json&{exported}".rstrip("&"),
        "filtered": bool(filters or moments),
        "check": check_view(last_check(session, organisation_id=admin.organisation_id)),
        "models": list(session.scalars(select(Model.key).where(*within(admin.scope)).order_by(Model.key).limit(500))),
    }


def _midnight(day: str, *, after: bool = False) -> datetime | None:
    """The day's beginning in UTC, or its end.

    Raises:
        Invalid: it is no day.
    """
    if not day:
        return None
    try:
        begun = datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=UTC)
        return begun + timedelta(days=1) if after else begun
    except (ValueError, OverflowError):
        raise Invalid("A day is written as 2026-02-03: choose one, or leave the field empty.") from None
