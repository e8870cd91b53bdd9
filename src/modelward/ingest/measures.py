"""What Prometheus is told of ingestion. No label names an organisation, a model or a person."""

import logging
import sqlite3
from collections.abc import Iterator, Mapping

from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from modelward.ingest.door import Door
from modelward.ingest.health import Progressed, progressed
from modelward.kit.clock import now

log = logging.getLogger("modelward.ingest")

_DOOR = {
    "accepted": ("what", "Events and labels that were acknowledged."),
    "rejected": ("reason", "Items of otherwise good requests that were not taken."),
    "refused": ("error", "Requests that were not taken as a whole."),
}
_MOVER = {
    "moved": "Events and labels that left the journal, since ever.",
    "new": "Events that were new to the event store, since ever.",
    "duplicates": "Events that the event store had already, since ever.",
    "labels": "Labels that found their place, since ever.",
    "invalid": "Events with a value that did not fit its column, since ever.",
}


class IngestMeasures(Collector):
    """The door's counters since the process began, the mover's since ever, and what waits between them."""

    def __init__(self, door: Door) -> None:
        self._door = door

    def collect(self) -> Iterator[Metric]:
        """All of it as it is now; of the journal nothing while its files cannot be read."""
        yield from _door_measures(self._door.counters())
        try:
            found = progressed(self._door.folder)
        except (sqlite3.Error, OSError):
            log.warning("the journal could not be measured", exc_info=True)
            return
        yield from _journal_measures(found)


def _door_measures(counters: Mapping[str, int]) -> Iterator[Metric]:
    named = {f"refused.{name}" if name in ("failed", "gone") else name: n for name, n in counters.items()}
    named = {"accepted.events": 0, "accepted.labels": 0} | named
    for kind, (label, meaning) in _DOOR.items():
        family = CounterMetricFamily(f"modelward_ingest_{kind}", meaning, labels=(label,))
        for name, n in sorted(named.items()):
            if name.startswith(f"{kind}."):
                family.add_metric((name.removeprefix(f"{kind}."),), n)
        yield family


def _journal_measures(found: Progressed) -> Iterator[Metric]:
    backlog = found.backlog
    lag = 0.0 if backlog.oldest is None else max(0.0, now().timestamp() - backlog.oldest / 1e6)
    for name, meaning, value in (
        ("waiting_bytes", "Bytes that are acknowledged and not in the event store yet.", backlog.bytes),
        ("waiting_events", "Events and labels that are acknowledged and not in the event store yet.", backlog.events),
        ("lag_seconds", "For how long the oldest of them waits.", lag),
        ("set_aside_events", "Events and labels that could not be moved and wait for a person.", _aside(found)),
    ):
        yield GaugeMetricFamily(f"modelward_journal_{name}", meaning, value=value)
    for name, meaning in _MOVER.items():
        yield CounterMetricFamily(f"modelward_mover_{name}", meaning, value=found.counters.get(name, 0))


def _aside(found: Progressed) -> int:
    return max(0, found.counters.get("aside", 0))
