"""What Prometheus reads: well formed, in the form it asks for, one service apart from another."""

import os

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse

from modelward.kit.measures import BOUNDS, Measures, RequestMeasures


def samples(measures: Measures, name: str) -> dict[tuple[str, ...], float]:
    families = parse(measures.exposition("")[0].decode())
    return {
        tuple(sample.labels.values()): sample.value
        for family in families
        for sample in family.samples
        if sample.name == name
    }


@pytest.fixture
def measures() -> Measures:
    return Measures(RequestMeasures())


def test_the_histogram_counts_what_took_at_most_so_long(measures: Measures) -> None:
    for seconds in (0.0005, 0.001, 0.0011, 0.3, 60.0):
        measures.requests.observe("GET", "/x", 200, seconds)
    buckets = samples(measures, "modelward_http_request_seconds_bucket")
    told = {
        float(labels[0]): n
        for labels, n in ((sorted(k, key=lambda w: w in ("GET", "/x")), v) for k, v in buckets.items())
    }
    assert told == {
        bound: sum(s <= bound for s in (0.0005, 0.001, 0.0011, 0.3, 60.0)) for bound in (*BOUNDS, float("inf"))
    }
    assert samples(measures, "modelward_http_request_seconds_count") == {("GET", "/x"): 5}
    assert sum(samples(measures, "modelward_http_request_seconds_sum").values()) == pytest.approx(60.3026)


def test_two_services_of_one_process_count_apart(measures: Measures) -> None:
    other = Measures(RequestMeasures())
    measures.requests.observe("GET", "/x", 200, 0.1)
    other.requests.observe("GET", "/x", 200, 0.1)
    other.requests.observe("GET", "/x", 200, 0.1)
    assert samples(measures, "modelward_http_requests_total") == {("GET", "/x", "200"): 1}
    assert samples(other, "modelward_http_requests_total") == {("GET", "/x", "200"): 2}


def test_a_request_that_nobody_waited_for_has_no_status(measures: Measures) -> None:
    measures.requests.observe("POST", "/x", 0, 0.1)
    assert samples(measures, "modelward_http_requests_total") == {("POST", "/x", "none"): 1}


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("", "text/plain"),
        ("text/plain", "text/plain"),
        ("application/openmetrics-text; version=1.0.0", "application/openmetrics-text"),
    ],
)
def test_the_form_is_the_one_that_is_asked_for(measures: Measures, accept: str, form: str) -> None:
    measures.requests.observe("GET", "/x", 200, 0.1)
    content, content_type = measures.exposition(accept)
    assert content_type.startswith(form)
    families = list((parse_openmetrics if "openmetrics" in form else parse)(content.decode()))
    assert "modelward_http_request_seconds" in {family.name for family in families}


def test_this_process_and_another_are_measured(measures: Measures) -> None:
    measures.watch_process("modelward_worker", os.getpid)
    measures.watch_process("modelward_gone", lambda: 0)
    assert samples(measures, "process_resident_memory_bytes")[()] > 1e6
    assert samples(measures, "modelward_worker_process_open_fds")[()] > 2
    assert samples(measures, "modelward_gone_process_open_fds") == {}
    assert len(samples(measures, "modelward_build_info")) == 1
