"""API keys over HTTP. Only an admin of the whole organisation handles them: a bound key makes no keys."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response, status

from modelward.accounts.api_route import ApiRoute
from modelward.accounts.permission import Admin
from modelward.accounts.service import key_of_organisation, revoke_key
from modelward.accounts.tables import ApiKey
from modelward.kit.clock import now
from modelward.kit.paging import lead_on
from modelward.kit.web import Reading, Writing
from modelward.registry import keys
from modelward.registry.key_schemas import KeyAnswer, KeyPage, KeysAsked, NewKey, NewKeyAnswer, Rotation
from modelward.registry.service import LARGEST_ID

router = APIRouter(route_class=ApiRoute, tags=["API keys"])

Id = Annotated[int, Path(ge=1, le=LARGEST_ID)]


@router.post("/api-keys", status_code=status.HTTP_201_CREATED)
def create_api_key(body: NewKey, response: Response, session: Writing, admin: Admin) -> NewKeyAnswer:
    """Make a key, bound to a project or a model or to nothing. The key is in this answer alone."""
    made = keys.make_key(session, maker=admin, body=body, now=now())
    return _shown_once(response, *made)


@router.get("/api-keys")
def list_api_keys(
    request: Request, response: Response, session: Reading, admin: Admin, asked: Annotated[KeysAsked, Query()]
) -> KeyPage:
    """The keys of the organisation: what they are for and when they were used, never the keys themselves."""
    page = keys.keys_page(session, admin.scope, asked, now=now())
    lead_on(request, response, page.next)
    return KeyPage(items=[KeyAnswer.model_validate(key) for key in page.items], next=page.next)


@router.get("/api-keys/{key_id}")
def read_api_key(key_id: Id, session: Reading, admin: Admin) -> KeyAnswer:
    """One key, without the key."""
    return KeyAnswer.model_validate(key_of_organisation(session, organisation_id=admin.organisation_id, key_id=key_id))


@router.post("/api-keys/{key_id}/rotate", status_code=status.HTTP_201_CREATED)
def rotate_api_key(
    key_id: Id, response: Response, session: Writing, admin: Admin, body: Rotation | None = None
) -> NewKeyAnswer:
    """Make a second key like this one, which ends after a grace: change the programs meanwhile. At most two live."""
    made = keys.rotate_key(session, maker=admin, key_id=key_id, body=body or Rotation(), now=now())
    return _shown_once(response, *made)


@router.delete("/api-keys/{key_id}", status_code=status.HTTP_204_NO_CONTENT)
def revoke_api_key(key_id: Id, session: Writing, admin: Admin) -> None:
    """End a key: within 5 seconds it opens nothing any more. Doing it again changes nothing."""
    revoke_key(session, organisation_id=admin.organisation_id, key_id=key_id, now=now(), author=admin.author)


def _shown_once(response: Response, row: ApiKey, key: str) -> NewKeyAnswer:
    response.headers["Cache-Control"] = "no-store"
    return NewKeyAnswer(**KeyAnswer.model_validate(row).model_dump(), key=key)
