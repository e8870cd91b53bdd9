"""What is measured of HTTP, in Prometheus' terms. One `Measures` for one service: there is no global state.

Requests are counted in plain dictionaries, because the ingest door answers 12,000 a second and the client library's
own counter and histogram cost several times as much. A label is a route's template, never a path, so that the number of
series is bounded.
"""

import sys
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator
from importlib.metadata import version
from itertools import accumulate

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import CounterMetricFamily, HistogramMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector

BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Seconds: the upper bounds of the histogram's buckets."""
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_NAMES = (*(f"{bound:g}" if bound % 1 else f"{bound:.1f}" for bound in BOUNDS), "+Inf")


class _Answered:
    """The answers of one route."""

    __slots__ = ("buckets", "seconds", "statuses")

    def __init__(self) -> None:
        self.statuses: Counter[int] = Counter()
        self.buckets = [0] * len(_NAMES)
        self.seconds = 0.0


class RequestMeasures(Collector):
    """Requests by method, route and status, and how long they took. Written by the event loop, read by any thread."""

    def __init__(self) -> None:
        self._routes: dict[tuple[str, str], _Answered] = {}

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """A request was answered; a status of 0: nobody waited for the answer."""
        if method not in METHODS:
            method = "OTHER"
        answered = self._routes.get((method, route))
        if answered is None:
            answered = self._routes[method, route] = _Answered()
        answered.statuses[status] += 1
        answered.buckets[bisect_left(BOUNDS, seconds)] += 1
        answered.seconds += seconds

    def collect(self) -> Iterator[Metric]:
        """All of it as it is now."""
        requests = CounterMetricFamily(
            "modelward_http_requests", "Requests that were answered.", labels=("method", "route", "status")
        )
        routes = sorted(self._routes.copy().items())
        for asked, answered in routes:
            for status, n in sorted(answered.statuses.copy().items()):
                requests.add_metric((*asked, str(status) if status else "none"), n)
        yield requests
        taken = HistogramMetricFamily(
            "modelward_http_request_seconds",
            "From a request's first line to its answer's end.",
            labels=("method", "route"),
        )
        for asked, answered in routes:
            below = zip(_NAMES, accumulate(answered.buckets), strict=True)
            taken.add_metric(asked, [(bound, float(n)) for bound, n in below], answered.seconds)
        yield taken


class _BuildInfo(Collector):
    def collect(self) -> Iterator[Metric]:
        """Which build this is."""
        python = ".".join(map(str, sys.version_info[:3]))
        told = {"version": version("modelward"), "python": python}
        yield InfoMetricFamily("modelward_build", "The version that runs.", value=told)


class Measures:
    """Everything that one service measures of itself, its requests among it."""

    def __init__(self, requests: RequestMeasures) -> None:
        self.requests = requests
        self._registry = CollectorRegistry(auto_describe=False)
        for collector in (self.requests, _BuildInfo(), ProcessCollector(registry=None)):
            self._registry.register(collector)

    def add(self, collector: Collector) -> None:
        """Measure more: what the rooms above know of themselves."""
        self._registry.register(collector)

    def watch_process(self, namespace: str, pid: Callable[[], int]) -> None:
        """Measure another process too (memory, processor, open files); nothing of it while it is not there."""
        self._registry.register(ProcessCollector(namespace=namespace, pid=pid, registry=None))

    def exposition(self, accept: str) -> tuple[bytes, str]:
        """All measures in the form that `accept` asks for (OpenMetrics, or Prometheus' own), and its content type."""
        encoder, content_type = choose_encoder(accept)
        return encoder(self._registry), content_type
