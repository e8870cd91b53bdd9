"""`/docs`: the API to read and to try, from this server alone, and the description that it is made from."""

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from modelward.accounts.permission import Anybody, who
from modelward.errors import ModelwardError
from modelward.web.errors import PageRoute
from modelward.web.pages import page

DESCRIPTION = "/api/v1/openapi.json"

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@router.get("/docs")
def docs(request: Request, _: Anybody) -> Response:
    """Whoever is signed in tries the API as who they are; others give a key or a token to the button Authorize."""
    try:
        who(request)
    except ModelwardError:
        request.state.principal = None  # the page is for everybody
    return page(request, "docs.html", description=DESCRIPTION)


@router.get(DESCRIPTION)
def openapi(request: Request, _: Anybody) -> Response:
    """The whole API as OpenAPI 3.1."""
    return JSONResponse(request.app.openapi())
