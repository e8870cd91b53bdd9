"""The HTTP API: each domain's routes under one prefix, those of operation under three, and errors as answers."""

from importlib.metadata import version

from fastapi import FastAPI

from modelward.accounts.openapi import describe
from modelward.kit.problems import install_problem_handlers

PREFIX = "/api/v1"
DESCRIPTION = """\
A watch over machine-learning models in production: send every prediction, and hear whether the data moved, and why.

A credential is an API key (`Authorization: Bearer mw_…`, or `X-API-Key`) or an access token from `POST /auth/login`.
Every error is a problem (RFC 9457) with a sentence that says what to do. Every list has `limit` and `cursor`.
"""
TAGS = (
    {"name": "ingestion", "description": "Predictions and outcomes in. What is acknowledged is durable."},
    {"name": "models", "description": "Which models there are, in which projects."},
    {
        "name": "monitoring",
        "description": "Drift, quality and volume, the references they are held against, and the events.",
    },
    {"name": "accounts", "description": "Signing in, people, and who may do what."},
    {"name": "operation", "description": "How the service itself is."},
)


def create_api() -> FastAPI:
    """The FastAPI application with every domain's routes, before anything is wired to it."""
    from modelward.ingest.routes import router as ingestion
    from modelward.monitoring.routes import router as monitoring
    from modelward.operation import router as operation
    from modelward.registry.routes import router as registry

    api = FastAPI(
        title="Modelward",
        version=version("modelward"),
        openapi_url=None,  # the pages serve it, and declare who may read it
        docs_url=None,
        redoc_url=None,
    )
    api.openapi = describe(api, description=DESCRIPTION, tags=TAGS)  # type: ignore[method-assign]
    install_problem_handlers(api)
    for router in (registry, ingestion, monitoring):
        api.include_router(router, prefix=PREFIX)
    for prefix in (PREFIX, "/api", ""):
        api.include_router(operation, prefix=prefix, include_in_schema=prefix == PREFIX)
    return api
