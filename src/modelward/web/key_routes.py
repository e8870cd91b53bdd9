"""API keys: listed, made and shown once, rotated, revoked."""

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse
from starlette.responses import Response

from modelward.accounts.permission import Admin
from modelward.accounts.principal import KeyKind, Principal
from modelward.accounts.service import key_of_organisation, revoke_key
from modelward.accounts.tables import ApiKey
from modelward.errors import Conflict, Invalid, NotFound
from modelward.kit.clock import now
from modelward.kit.database import reading, writing
from modelward.kit.web import Writing
from modelward.registry.key_schemas import KeysAsked, NewKey, Rotation
from modelward.registry.keys import keys_page, make_key, rotate_key
from modelward.registry.tables import Model
from modelward.web.errors import PageRoute
from modelward.web.forms import FOLLOW, Done, Text, done, shaped, told
from modelward.web.pages import page
from modelward.web.snippets import base_of, examples_of
from modelward.web.views.settings import KINDS, bindings, keys_of

router = APIRouter(
    prefix="/settings/keys", route_class=PageRoute, include_in_schema=False, default_response_class=HTMLResponse
)
_PAGE = 100
_LARGEST_ID = 2**31 - 1
_NOT_SO = "This key cannot be made so: give it a kind, a name of at most 200 characters, and 1 to 3,650 days."
_NOTHING = {"kind": "ingest", "name": "", "bound": "", "days": ""}
Days = Annotated[str, Form(pattern=r"^\d{0,4}$")]


@router.get("")
def keys(
    request: Request,
    admin: Admin,
    show: Annotated[str, Query()] = "live",
    cursor: Annotated[str | None, Query()] = None,
    done: Done = None,
) -> Response:
    return _keys_page(request, admin, ended=show == "ended", cursor=cursor, message=told(done))


@router.post("")
def make(
    request: Request, *, admin: Admin, kind: Text = "ingest", name: Text = "", bound: Text = "", days: Days = ""
) -> Response:
    try:
        body = _asked(kind=kind, name=name, bound=bound, days=days)
        with writing(request.app.state.database) as session:
            key, token = make_key(session, maker=admin, body=body, now=now())
            return _shown_once(request, key, token, example=_example_model(session.get(Model, key.model_id or 0)))
    except (Invalid, NotFound) as error:
        kept = {"kind": kind, "name": name, "bound": bound, "days": days}
        return _keys_page(request, admin, failure=error.sentence, kept=kept, status=422)


@router.get("/{key_id}")
def key(request: Request, key_id: int, admin: Admin) -> Response:
    return _key_page(request, admin, key_id)


@router.post("/{key_id}/rotate")
def rotate(
    request: Request, key_id: int, admin: Admin, grace_hours: Annotated[int, Form(ge=0, le=720)] = 24
) -> Response:
    try:
        with writing(request.app.state.database) as session:
            body = Rotation(grace_hours=grace_hours)
            made, token = rotate_key(session, maker=admin, key_id=_known(key_id), body=body, now=now())
            old = key_of_organisation(session, organisation_id=admin.organisation_id, key_id=key_id)
            example = _example_model(session.get(Model, made.model_id or 0))
            return _shown_once(request, made, token, example=example, replaces=old, grace_hours=grace_hours)
    except Conflict as error:
        return _key_page(request, admin, key_id, failure=error.sentence, status=409)


@router.post("/{key_id}/revoke")
def revoke(
    request: Request, key_id: int, session: Writing, admin: Admin, understood: Annotated[bool, Form()] = False
) -> Response:
    if not understood:
        wanted = "Nothing was done: say first that you know what stops working"
        return _key_page(request, admin, key_id, failure=wanted, status=422)
    revoke_key(session, organisation_id=admin.organisation_id, key_id=_known(key_id), now=now(), author=admin.author)
    return done("/settings/keys", "key-revoked")


def _asked(*, kind: str, name: str, bound: str, days: str) -> NewKey:
    """What the form asks for. `bound` is `project:<key>`, `model:<key>` or nothing."""
    if not name.strip():
        raise Invalid("Give the key a name, so that you know later which program holds it.")
    what, _, whose = bound.partition(":")
    wanted = {what: whose} if what in ("project", "model") else {}
    return shaped(NewKey, _NOT_SO, kind=kind, name=name, expires_in_days=int(days) if days else None, **wanted)


def _known(key_id: int) -> int:
    """Databases refuse numbers that no id has."""
    return key_id if 0 < key_id <= _LARGEST_ID else 0


def _example_model(model: Model | None) -> str:
    return model.key if model else "my-model"


def _shown_once(
    request: Request,
    key: ApiKey,
    token: str,
    *,
    example: str,
    replaces: ApiKey | None = None,
    grace_hours: int = 0,
) -> Response:
    """The key, which stands in this answer and nowhere else."""
    return page(
        request,
        "key_made.html",
        key=key,
        token=token,
        examples=examples_of(KeyKind(key.kind), base_of(request), example, token),
        replaces=replaces,
        grace_hours=grace_hours,
    )


def _keys_page(
    request: Request,
    admin: Principal,
    *,
    ended: bool = False,
    cursor: str | None = None,
    message: str | None = None,
    failure: str = "",
    kept: dict[str, str] | None = None,
    status: int = 200,
) -> Response:
    asked = shaped(KeysAsked, FOLLOW, limit=_PAGE, sort="-id", live=not ended, cursor=cursor)
    with reading(request.app.state.database) as session:
        found = keys_page(session, admin.scope, asked, now=now())
        shown = keys_of(session, found.items, now=now())
        projects, models = bindings(session, admin.organisation_id)
    return page(
        request,
        "keys.html",
        status=status,
        keys=shown,
        following=found.next,
        ended=ended,
        kinds={kind.value: meaning for kind, meaning in KINDS.items()},
        projects=projects,
        models=models,
        kept=kept or _NOTHING,
        message=message,
        failure=failure,
    )


def _key_page(request: Request, admin: Principal, key_id: int, *, failure: str = "", status: int = 200) -> Response:
    with reading(request.app.state.database) as session:
        found = key_of_organisation(session, organisation_id=admin.organisation_id, key_id=_known(key_id))
        (shown,) = keys_of(session, [found], now=now())
    return page(request, "key.html", status=status, key=shown, is_own=shown.id == admin.key_id, failure=failure)
