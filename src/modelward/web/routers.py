"""All pages, in the order in which their addresses are asked."""

from functools import cache

from fastapi import APIRouter, FastAPI
from starlette.routing import BaseRoute

from modelward.web import (
    account_routes,
    alert_routes,
    alert_rule_routes,
    alert_silence_routes,
    audit_routes,
    channel_routes,
    constraints_routes,
    deployment_routes,
    governance_routes,
    key_routes,
    model_tabs_routes,
    monitor_routes,
    oidc_routes,
    people_routes,
    policy_routes,
    report_routes,
    routes,
    segments_routes,
    settings_routes,
    sign_in_routes,
    waiting_routes,
)


def include_pages(app: FastAPI) -> None:
    """Let the application answer for the pages."""
    app.router.routes.extend(_routes())


@cache
def _routes() -> tuple[BaseRoute, ...]:
    """The routes, shared by all applications of a process: see `api`."""
    pages = APIRouter()
    for part in (
        sign_in_routes,
        oidc_routes,
        settings_routes,
        people_routes,
        key_routes,
        channel_routes,
        account_routes,
        alert_rule_routes,
        alert_silence_routes,
        alert_routes,
        waiting_routes,
        audit_routes,
        model_tabs_routes,
        segments_routes,
        constraints_routes,
        deployment_routes,
        monitor_routes,
        governance_routes,
        policy_routes,
        report_routes,
        routes,
    ):
        pages.include_router(part.router)
    return tuple(pages.routes)
