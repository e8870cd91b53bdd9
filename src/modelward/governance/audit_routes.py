"""The audit chain over HTTP, for admins: its entries hold people's addresses."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse

from modelward.accounts.api_route import ApiRoute
from modelward.accounts.permission import Admin
from modelward.audit.heads import kept_heads
from modelward.audit.verify import verify_chain
from modelward.governance.audit_log import MEDIA_TYPES, entries_file, entries_page
from modelward.governance.audit_schemas import (
    ENTRY_EXAMPLE,
    PAGE_EXAMPLE,
    VERIFIED_EXAMPLE,
    AuditAsked,
    EntryAnswer,
    EntryPage,
    VerifiedAnswer,
)
from modelward.kit.clock import now
from modelward.kit.paging import lead_on
from modelward.kit.web import Reading
from modelward.registry.service import resolve

router = APIRouter(route_class=ApiRoute, tags=["governance"])

_CSV = "position,at,author,action,object\r\n41,2026-02-03T09:30:00Z,ada@example.org,model.changed,churn\r\n"
_FILES: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {
            "text/csv": {"schema": {"type": "string"}, "example": _CSV},
            "application/json": {"schema": {"type": "array", "items": {"type": "object"}}, "example": [ENTRY_EXAMPLE]},
        }
    }
}


def _example(value: dict[str, Any]) -> dict[int | str, dict[str, Any]]:
    return {200: {"content": {"application/json": {"example": value}}}}


class ExportAsked(AuditAsked):
    """What is to be exported: the same filters; the order is always that of the chain, and there are no pages."""

    format: Literal["csv", "json"] = "csv"


@router.get("/audit", responses=_example(PAGE_EXAMPLE))
def entries(
    request: Request, response: Response, session: Reading, admin: Admin, asked: Annotated[AuditAsked, Query()]
) -> EntryPage:
    """Who changed what, newest first."""
    page = entries_page(session, reader=admin, asked=asked)
    lead_on(request, response, page.next)
    return EntryPage(items=[EntryAnswer.of(entry) for entry in page.items], next=page.next)


@router.get("/audit/export", response_class=StreamingResponse, responses=_FILES)
def export(request: Request, session: Reading, admin: Admin, asked: Annotated[ExportAsked, Query()]) -> Response:
    """The entries as a file, oldest first. Cells that a spreadsheet would run are quoted."""
    if asked.model is not None:
        resolve(session, admin.scope, asked.model)  # an unknown one is an error, not half a file
    return file_answer(request, admin, asked, kind=asked.format)


@router.get("/audit/verify", responses=_example(VERIFIED_EXAMPLE))
def verify(request: Request, session: Reading, admin: Admin) -> VerifiedAnswer:
    """Verify the organisation's chain now, entry by entry, also against the heads that were kept outside of it."""
    known = kept_heads(request.app.state.settings.data_dir)
    found = verify_chain(session, organisation_id=admin.organisation_id, known=known)
    return VerifiedAnswer.of(found, at=now())


def file_answer(request: Request, reader: Admin, asked: AuditAsked, *, kind: str) -> Response:
    """The file, as it is sent."""
    pieces = entries_file(request.app.state.database, reader=reader, asked=asked, kind=kind)
    name = f'attachment; filename="audit-{now():%Y-%m-%d}.{kind}"'
    return StreamingResponse(pieces, media_type=MEDIA_TYPES[kind], headers={"Content-Disposition": name})
