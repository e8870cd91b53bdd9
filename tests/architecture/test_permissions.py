"""Default deny: what does not say who may use it is not served, and the page of permissions says what routes say."""

import runpy
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from modelward.accounts.permission import Anybody
from modelward.accounts.principal import Right
from modelward.api import PREFIX, Declared, check_declared, create_api, declared
from modelward.app import create_application
from modelward.ingest.door import route_of

ROOT = Path(__file__).parents[2]

STARRED = {
    ("POST", "/auth/register"),
    ("POST", "/auth/login"),
    ("POST", "/models"),
    ("GET", "/models/{model}"),
    ("PATCH", "/models/{model}"),
    ("POST", "/events"),
    ("POST", "/models/{model}/predictions"),
    ("POST", "/logs/prediction"),
    ("POST", "/logs/prediction/batch"),
    ("PUT", "/logs/prediction/{event_id}"),
    ("GET", "/models/{model}/drift/current"),
    ("GET", "/models/{model}/drift"),
    ("GET", "/dashboard/data"),
    ("GET", "/health"),
    ("GET", "/health/ready"),
    ("GET", "/metrics"),
}
OPEN = {
    "/api/v1/auth/login",
    "/api/v1/auth/register",
    "/api/v1/auth/token",
    "/api/v1/health",
    "/api/v1/health/ready",
    "/api/v1/openapi.json",
}
"""Of the canonical paths. Whoever adds one here says to everybody: come in."""
OF_ONESELF = ("/auth/", "/users/", "/login", "/logout", "/account", "/settings/organisations")
"""Where whoever is signed in changes what is their own: their account, their session, what it looks at."""


@pytest.fixture(scope="module")
def routes() -> list[Declared]:
    return list(declared(create_application()))


def pairs(routes: list[Declared]) -> set[tuple[str, str]]:
    return {(method, route.path) for route in routes for method in route.methods}


def test_every_route_page_and_folder_says_who_may_use_it(routes: list[Declared]) -> None:
    paths = {route.path for route in routes}
    assert {"/api/v1/models", "/dashboard", "/static", "/docs", "/metrics", "/api/v1/openapi.json", "/events"} <= paths


def test_no_more_is_open_than_must_be(routes: list[Declared]) -> None:
    assert {route.path for route in routes if route.right is None and route.path.startswith(PREFIX)} == OPEN


def test_what_is_sent_to_the_door_needs_the_right_to_ingest(routes: list[Declared]) -> None:
    def at_the_door(method: str, path: str) -> bool:
        return route_of(method, path.replace("{model}", "m").replace("{event_id}", "e")) is not None

    found = {route.right for route in routes for method in route.methods if at_the_door(method, route.path)}
    assert found == {Right.INGEST}


def test_what_changes_something_is_never_open_to_readers(routes: list[Declared]) -> None:
    changing = [route for route in routes if set(route.methods) & {"POST", "PUT", "PATCH", "DELETE"}]
    assert not [
        route.path
        for route in changing
        if route.right in (None, Right.READ) and not any(part in route.path for part in OF_ONESELF)
    ]


def test_an_alias_asks_for_the_same_right_as_the_canonical_path(routes: list[Declared]) -> None:
    rights = {(method, route.path): route.right for route in routes for method in route.methods}
    for (method, path), right in rights.items():
        if path.startswith(PREFIX) and not path.endswith("openapi.json"):
            bare = path.removeprefix(PREFIX)
            assert rights[method, f"/api{bare}"] == right
            assert rights.get((method, bare), right) == right or (method, bare) not in STARRED


def test_what_programs_in_the_field_send_answers_under_every_prefix(routes: list[Declared]) -> None:
    there = pairs(routes)
    for prefix in (PREFIX, "/api", ""):
        assert {(method, prefix + path) for method, path in STARRED} <= there


def test_openapi_shows_each_route_once_and_says_where_else_it_answers(routes: list[Declared]) -> None:
    described = create_api().openapi()["paths"]
    assert all(path.startswith(PREFIX) for path in described)
    shown = {(method.upper(), path) for path, methods in described.items() for method in methods}
    assert shown == {pair for pair in pairs(routes) if pair[1].startswith(PREFIX)} - {
        ("GET", "/api/v1/openapi.json"),
        ("HEAD", "/api/v1/openapi.json"),
    }
    assert "Also answers at `/api/models` and `/models`." in described["/api/v1/models"]["get"]["description"]
    assert "Also answers at `/api/projects`." in described["/api/v1/projects"]["get"]["description"]


def test_an_application_with_a_silent_route_is_refused_by_name() -> None:
    api = create_api()

    @api.get("/open")
    def open_route(_: Anybody) -> None: ...

    check_declared(api)

    @api.get("/silent")
    def silent_route() -> None: ...

    api.mount("/folder", StaticFiles(directory=ROOT / "docs"))
    with pytest.raises(RuntimeError, match=r"/silent, /folder"):
        check_declared(api)


def test_fastapis_own_pages_are_refused_because_they_declare_nothing() -> None:
    with pytest.raises(RuntimeError, match=r"/openapi\.json.*/docs"):
        check_declared(FastAPI())


def test_the_page_of_permissions_is_up_to_date() -> None:
    page = runpy.run_path(str(ROOT / "scripts" / "permissions-page"))["page"]()
    written = (ROOT / "docs" / "permissions.md").read_text(encoding="utf-8")
    assert written == page, "write it anew: .venv/bin/python scripts/permissions-page"
