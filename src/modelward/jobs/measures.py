"""What Prometheus is told of due work. Kinds are names of our code, so their number is bounded."""

import logging
from collections.abc import Iterator

from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import Engine, func, select
from sqlalchemy.exc import SQLAlchemyError

from modelward.jobs.tables import Job
from modelward.kit.clock import now
from modelward.kit.database import reading

log = logging.getLogger(__name__)


class JobMeasures(Collector):
    """Jobs that are due, by kind; those that are given up; for how long the oldest is overdue."""

    def __init__(self, database: Engine) -> None:
        self._database = database

    def collect(self) -> Iterator[Metric]:
        """All of it as it is now; nothing while the database does not answer."""
        moment = now()
        waiting = select(Job.kind, Job.state, func.count(), func.min(Job.run_at)).where(Job.run_at <= moment)
        try:
            with reading(self._database) as session:
                found = session.execute(waiting.group_by(Job.kind, Job.state)).all()
        except SQLAlchemyError:
            log.warning("due jobs could not be counted", exc_info=True)
            return
        due = GaugeMetricFamily("modelward_jobs_due", "Jobs whose time has come.", labels=("kind",))
        dead = GaugeMetricFamily(
            "modelward_jobs_dead", "Jobs that failed too often to be tried again.", labels=("kind",)
        )
        for kind, state, n, _ in found:
            (due if state == "due" else dead).add_metric((kind,), n)
        oldest = min((run_at for _, state, _, run_at in found if state == "due"), default=moment)
        yield from (due, dead)
        overdue = (moment - oldest).total_seconds()
        yield GaugeMetricFamily("modelward_jobs_overdue_seconds", "How late the oldest due job is.", value=overdue)
