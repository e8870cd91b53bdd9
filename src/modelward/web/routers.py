"""All pages, in the order in which their addresses are asked."""

from fastapi import FastAPI

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
    routes,
    segments_routes,
    settings_routes,
    sign_in_routes,
    waiting_routes,
)


def include_pages(app: FastAPI) -> None:
    """Let the application answer for the pages."""
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
        routes,
    ):
        app.include_router(part.router)
