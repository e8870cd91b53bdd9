"""The HTTP API: each domain's routes under their prefixes, errors as answers, none of them without an owner."""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from typing import Any, NamedTuple

from fastapi import APIRouter, FastAPI
from fastapi.routing import RouteContext, iter_route_contexts
from starlette.routing import BaseRoute

from modelward.accounts.openapi import describe
from modelward.accounts.permission import declared_by
from modelward.accounts.principal import Right
from modelward.kit.problems import install_problem_handlers

PREFIX = "/api/v1"
PREFIXES = (PREFIX, "/api", "")
"""The canonical one first. Under the last, the root, only those that programs in the field send there (`starred`)."""
DESCRIPTION = """\
A watch over machine-learning models in production: send every prediction, and hear whether the data moved, and why.

A credential is an API key (`Authorization: Bearer mw_…`, or `X-API-Key`) or an access token from `POST /auth/login`.
Every error is a problem (RFC 9457) with a sentence that says what to do. Every list has `limit`, `cursor` and `sort`,
and is filtered by `field=value`. All of it answers under `/api` too, and what programs in the field send, at the root.
"""
TAGS = (
    {"name": "ingestion", "description": "Predictions and outcomes in. What is acknowledged is durable."},
    {"name": "models", "description": "Which models there are, in which projects."},
    {"name": "projects", "description": "Groups of models."},
    {"name": "API keys", "description": "What programs sign their requests with."},
    {
        "name": "monitoring",
        "description": "Drift, quality and volume, the references they are held against, and the events.",
    },
    {
        "name": "governance",
        "description": "May a model stay in production: its risk, the policies that it is held to, who decided.",
    },
    {
        "name": "alerting",
        "description": "What is told, when and to whom: rules, incidents, silences, channels, and what became of it.",
    },
    {"name": "accounts", "description": "Signing in, people, and who may do what."},
    {"name": "operation", "description": "How the service itself is."},
)


class Declared(NamedTuple):
    """One route, and who may use it: whoever has the right; anybody where it is None."""

    methods: tuple[str, ...]
    path: str
    right: Right | None
    described: bool


def create_api() -> FastAPI:
    """The FastAPI application with every domain's routes, before anything is wired to it."""
    api = FastAPI(
        title="Modelward",
        version=version("modelward"),
        openapi_url=None,  # the pages serve it, and declare who may read it
        docs_url=None,
        redoc_url=None,
    )
    api.openapi = describe(  # type: ignore[method-assign]
        api, description=DESCRIPTION, tags=TAGS, prefixes=PREFIXES, examples=recorded_examples()
    )
    install_problem_handlers(api)
    api.router.routes.extend(_routes())
    check_declared(api)
    return api


@cache
def _routes() -> tuple[BaseRoute, ...]:
    """Every domain's routes under their prefixes. FastAPI works out what they take and give with their first use, and
    keeps that with them; it is most of the work of making an application, so all applications of a process share them.
    """
    from modelward.accounts import routes as accounts
    from modelward.alerting import channel_routes, incident_routes, rule_routes, silence_routes
    from modelward.evidence import routes as evidence
    from modelward.governance import audit_routes
    from modelward.governance import compare_routes as compare
    from modelward.governance import lifecycle_routes as lifecycle
    from modelward.governance import policy_routes as policies
    from modelward.governance import risk_routes as risk
    from modelward.ingest import routes as ingestion
    from modelward.monitoring import overview_routes as overview
    from modelward.monitoring import performance_routes as performance
    from modelward.monitoring import report_routes as reports
    from modelward.monitoring import routes as monitoring
    from modelward.monitoring import segment_routes as segments
    from modelward.operation import router as operation
    from modelward.registry import key_routes, project_routes
    from modelward.registry import routes as registry

    starred = (
        accounts.starred,
        registry.starred,
        ingestion.starred,
        monitoring.starred,
        overview.starred,
        risk.starred,
        lifecycle.starred,
        operation,
    )
    others = (
        accounts.router,
        project_routes.router,
        key_routes.router,
        ingestion.router,
        monitoring.router,
        performance.router,
        segments.router,
        reports.router,
        overview.router,
        policies.router,
        audit_routes.router,
        lifecycle.router,
        evidence.router,
        compare.router,
        rule_routes.router,
        incident_routes.router,
        silence_routes.router,
        channel_routes.router,
    )
    routes = APIRouter()
    for prefix in PREFIXES:
        for router in starred if prefix == "" else (*starred, *others):
            routes.include_router(router, prefix=prefix, include_in_schema=prefix == PREFIX)
    return tuple(routes.routes)


@cache
def recorded_examples() -> Mapping[str, Any]:
    """Each operation's request and answer, as `scripts/api-examples` recorded them of a real service."""
    text = files("modelward").joinpath("api_examples.json").read_text(encoding="utf-8")
    return dict(json.loads(text))


def declared(api: FastAPI) -> Iterator[Declared]:
    """Every route of the application, pages and folders of files too, with who may use it.

    Raises:
        LookupError: one of them does not say.
    """
    for route in iter_route_contexts(api.routes):
        shown = bool(getattr(route, "include_in_schema", False))
        yield Declared(tuple(sorted(route.methods or ())), str(route.path), declared_by(route), shown)


def check_declared(api: FastAPI) -> None:
    """Refuse to serve an application with a route that does not say who may use it.

    Raises:
        RuntimeError: there are such routes; it names them.
    """
    silent = [str(route.path) for route in iter_route_contexts(api.routes) if not _declares(route)]
    if silent:
        raise RuntimeError(f"These routes do not declare who may use them, so nothing is served: {', '.join(silent)}")


def _declares(route: RouteContext) -> bool:
    try:
        declared_by(route)
    except LookupError:
        return False
    return True
