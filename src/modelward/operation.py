"""How the service itself is: whether it is alive, whether it is ready, and its measures for Prometheus."""

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import Engine, text

from modelward.accounts.permission import Anybody, Reader
from modelward.errors import ModelwardError, NotFound, Unavailable
from modelward.events.contract import EventStore
from modelward.ingest.door import Door
from modelward.ingest.health import check_room
from modelward.ingest.measures import IngestMeasures
from modelward.jobs.measures import JobMeasures
from modelward.kit.database import check_migrated, reading
from modelward.kit.measures import Measures
from modelward.settings import Settings

log = logging.getLogger("modelward.operation")

router = APIRouter(tags=["operation"])


@dataclass(frozen=True)
class Parts:
    """What the service is made of, as far as it can be asked how it is."""

    settings: Settings
    database: Engine
    events: EventStore
    door: Door
    worker_alive: Callable[[], bool]
    worker_pid: Callable[[], int]


@router.get("/health")
async def health(_: Anybody) -> dict[str, str]:
    """Alive: the process answers."""
    return {"status": "ok", "version": version("modelward")}


_NOT_READY = {
    "description": "Not ready: `checks` says what is missing.",
    "content": {
        "application/json": {"example": {"status": "not ready", "checks": {"database": "does not answer: see the log"}}}
    },
}


@router.get("/health/ready", responses={503: _NOT_READY})
def ready(request: Request, _: Anybody) -> JSONResponse:
    """Ready: the stores answer, the migrations are done, the worker lives, the journal has room. Otherwise 503."""
    checks = request.app.state.checks.answers()
    good = all(said == "ok" for said in checks.values())
    return JSONResponse({"status": "ok" if good else "not ready", "checks": checks}, status_code=200 if good else 503)


@router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
def metrics(request: Request, _: Reader) -> Response:
    """What the whole service measures of itself, for Prometheus; OpenMetrics where `Accept` asks for it."""
    measures: Measures = request.app.state.measures
    content, content_type = measures.exposition(request.headers.get("accept", ""))
    return Response(content, headers={"content-type": content_type, "cache-control": "no-store"})


class Checks(Collector):
    """Whether each part is as it should be; also as a measure. The log hears of a change, not of every question."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._wrong: dict[str, str] = {}

    def answers(self) -> dict[str, str]:
        """What each part says of itself: "ok", or a sentence that anybody may read."""
        return {name: self._ask(name, check) for name, check in _CHECKS.items()}

    def collect(self) -> Iterator[Metric]:
        """The same as numbers."""
        family = GaugeMetricFamily("modelward_check_ok", "1 where a check of /health/ready holds.", labels=("check",))
        for name, said in self.answers().items():
            family.add_metric((name,), float(said == "ok"))
        yield family

    def _ask(self, name: str, check: Callable[[Parts], None]) -> str:
        try:
            check(self._parts)
        except _Plain as error:
            return self._changed(name, error.sentence, error)
        except Exception as error:  # noqa: BLE001 - whatever is wrong is the answer
            return self._changed(name, "does not answer: see the log", error)
        if self._wrong.pop(name, None) is not None:
            log.info("ready again: %s", name)
        return "ok"

    def _changed(self, name: str, said: str, error: Exception) -> str:
        if self._wrong.get(name) != said:
            expected = isinstance(error, ModelwardError)
            log.warning("not ready: %s: %s", name, error, exc_info=None if expected else error)
        self._wrong[name] = said
        return said


def measures_of(parts: Parts, checks: Checks) -> Measures:
    """All measures of one service."""
    measures = Measures(parts.door.requests)
    for collector in (IngestMeasures(parts.door), JobMeasures(parts.database), checks):
        measures.add(collector)
    measures.watch_process("modelward_worker", parts.worker_pid)
    return measures


class _Plain(Unavailable):
    """A sentence that anybody may read."""


def _check_database(parts: Parts) -> None:
    with reading(parts.database) as session:
        session.execute(text("SELECT 1"))


def _check_migrations(parts: Parts) -> None:
    if (wrong := check_migrated(parts.database)) is not None:
        raise _Plain(wrong)


def _check_events(parts: Parts) -> None:
    with suppress(NotFound):  # no model has the id 0; that the store says so is the answer
        parts.events.count(0)


def _check_worker(parts: Parts) -> None:
    if not parts.worker_alive():
        raise _Plain("the worker is starting, or ended and is being started again: see the log")


def _check_journal(parts: Parts) -> None:
    limits = parts.settings
    wrong = check_room(
        parts.door.folder, limit_bytes=limits.journal_limit_bytes, min_free_disk_bytes=limits.min_free_disk_bytes
    )
    if wrong is not None:
        raise _Plain(wrong)


_CHECKS: Mapping[str, Callable[[Parts], None]] = {
    "database": _check_database,
    "migrations": _check_migrations,
    "events": _check_events,
    "worker": _check_worker,
    "journal": _check_journal,
}
