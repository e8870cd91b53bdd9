"""The HTTP API: each domain's routes under one prefix, errors mapped to status codes, and the routes of operation."""

from importlib.metadata import version

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import JSONResponse

from modelward.accounts.permission import Anybody
from modelward.kit.problems import install_problem_handlers

PREFIX = "/api/v1"


def create_api() -> FastAPI:
    """The FastAPI application with every domain's routes, before anything is wired to it."""
    from modelward.ingest.routes import router as ingestion
    from modelward.monitoring.routes import router as monitoring
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
    api.include_router(operation, prefix=PREFIX)
    api.include_router(operation)
    return api


operation = APIRouter(tags=["operation"])


@operation.get("/health")
async def health(_: Anybody) -> dict[str, str]:
    """Alive: the process answers."""
    return {"status": "ok", "version": version("modelward")}


@operation.get("/health/ready")
def ready(request: Request, _: Anybody) -> JSONResponse:
    """Ready: the stores answer and the worker is alive; otherwise 503, with what is missing."""
    checks: dict[str, str] = request.app.state.readiness()
    good = all(said == "ok" for said in checks.values())
    return JSONResponse({"status": "ok" if good else "not ready", "checks": checks}, status_code=200 if good else 503)
