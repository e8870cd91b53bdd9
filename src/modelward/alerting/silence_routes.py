"""Silences over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response, status

from modelward.accounts.api_route import ApiRoute
from modelward.accounts.permission import Editor, Reader
from modelward.alerting import manage_silences
from modelward.alerting.silence_schemas import NewSilence, SilenceAnswer, SilenceChanges, SilencePage, SilencesAsked
from modelward.kit.clock import now
from modelward.kit.paging import lead_on
from modelward.kit.web import Reading, Writing
from modelward.registry.service import LARGEST_ID

router = APIRouter(route_class=ApiRoute, tags=["alerting"])

Id = Annotated[int, Path(ge=1, le=LARGEST_ID)]


@router.get("/silences")
def list_silences(
    request: Request, response: Response, session: Reading, reader: Reader, asked: Annotated[SilencesAsked, Query()]
) -> SilencePage:
    """The silences, newest first, those that ended too."""
    page = manage_silences.silences_page(session, reader.scope, asked, now=now())
    lead_on(request, response, page.next)
    return page


@router.post("/silences", status_code=status.HTTP_201_CREATED)
def create_silence(body: NewSilence, session: Writing, editor: Editor) -> SilenceAnswer:
    """Keep something quiet for a while, with a reason. Alerts go on as ever; nobody is told of them."""
    moment = now()
    made = manage_silences.create_silence(session, author=editor, body=body, now=moment)
    return manage_silences.silence_answers(session, [made], now=moment)[0]


@router.get("/silences/{silence}")
def read_silence(silence: Id, session: Reading, reader: Reader) -> SilenceAnswer:
    """One silence."""
    found = manage_silences.find_silence(session, reader.scope, silence)
    return manage_silences.silence_answers(session, [found], now=now())[0]


@router.patch("/silences/{silence}")
def change_silence(silence: Id, body: SilenceChanges, session: Writing, editor: Editor) -> SilenceAnswer:
    """Give it another end or reason."""
    moment = now()
    changed = manage_silences.change_silence(session, author=editor, silence_id=silence, changes=body, now=moment)
    return manage_silences.silence_answers(session, [changed], now=moment)[0]


@router.delete("/silences/{silence}", status_code=status.HTTP_204_NO_CONTENT)
def expire_silence(silence: Id, session: Writing, editor: Editor) -> None:
    """End it now. It stays listed as expired."""
    manage_silences.expire_silence(session, author=editor, silence_id=silence, now=now())
