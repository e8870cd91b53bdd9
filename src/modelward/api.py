"""The HTTP API: each domain's routes under one prefix, those of operation under three, and errors as answers."""

from importlib.metadata import version

from fastapi import FastAPI

from modelward.kit.problems import install_problem_handlers

PREFIX = "/api/v1"


def create_api() -> FastAPI:
    """The FastAPI application with every domain's routes, before anything is wired to it."""
    from modelward.ingest.routes import router as ingestion
    from modelward.monitoring.routes import router as monitoring
    from modelward.operation import router as operation
    from modelward.registry.routes import router as registry

    api = FastAPI(
        title="Modelward",
        version=version("modelward"),
        openapi_url=f"{PREFIX}/openapi.json",
        docs_url=None,
        redoc_url=None,
    )
    install_problem_handlers(api)
    for router in (registry, ingestion, monitoring):
        api.include_router(router, prefix=PREFIX)
    for prefix in (PREFIX, "/api", ""):
        api.include_router(operation, prefix=prefix, include_in_schema=prefix == PREFIX)
    return api
