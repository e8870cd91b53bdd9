"""Every request of the API, as Schemathesis makes them up from its description: right, wrong, and one after another.

10,000 cases against a real service: no 5xx, no status or body that the description does not name, none over a second.
"""

import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.journeys.running import Running, running

CASES = int(os.environ.get("FUZZ_CASES", "10000"))
SECONDS = 1.0
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "unsupported_method",
    "ignored_auth",
)


@pytest.mark.fuzz
@pytest.mark.timeout(3_600)
def test_no_request_breaks_the_service_or_its_description(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with running(data, MODELWARD_RATE_LIMIT_PER_MINUTE="1000000", MODELWARD_LOG_LEVEL="warning") as service:
        seed(service, service.admin_key(data))
        examples = max(10, 2 * CASES // count_of_operations(service))
        # A run may revoke the very key that it was given, so each part has a fresh one.
        parts = [
            fuzz(service, service.admin_key(data), tmp_path, phases=phases, examples=examples)
            for phases in ("examples,coverage", "fuzzing", "stateful")
        ]
        assert service.process.poll() is None, "the service ended"
        answers = answers_of(service, service.admin_key(data))
    for part in parts:
        assert part.returncode == 0, part.stdout[-20_000:] + part.stderr[-5_000:]
    cases = sum(cases_of(part.stdout) for part in parts)
    assert cases >= CASES, f"only {cases:,} cases were made"
    assert answers[2] > CASES / 10, f"too few requests were let in and understood: {answers}"
    assert 5 not in answers


def seed(service: Running, key: str) -> None:
    """A model with events, a reference and labels, so that reading finds something."""
    with service.http(key) as client:
        made = client.post("/api/v1/models", json={"name": "churn", "version": "1"})
        assert made.status_code == 201, made.text
        events = [
            {
                "event_id": f"e{n}",
                "prediction": n % 2,
                "score": n / 1000,
                "features": {"age": n % 70, "plan": "abc"[n % 3]},
            }
            for n in range(1000)
        ]
        assert client.post("/api/v1/models/churn/predictions", json=events).status_code == 201
        assert client.post("/api/v1/labels", json=[{"event_id": "e1", "label": 1}]).status_code == 201


def count_of_operations(service: Running) -> int:
    with service.http() as client:
        described = client.get("/api/v1/openapi.json").json()
    return sum(len(methods) for methods in described["paths"].values())


def answers_of(service: Running, key: str) -> Counter[int]:
    """How many answers there were of each hundred, as the service itself counted them."""
    with service.http(key) as client:
        said = client.get("/metrics").text
    counted: Counter[int] = Counter()
    for family in text_string_to_metric_families(said):
        for sample in family.samples:
            waiting = sample.labels.get("route", "").endswith("/health/ready")  # asked until it said yes
            if sample.name == "modelward_http_requests_total" and not waiting:
                counted[int(sample.labels["status"]) // 100] += int(sample.value)
    return counted


def fuzz(service: Running, key: str, folder: Path, *, phases: str, examples: int) -> "subprocess.CompletedProcess[str]":
    command = [
        str(Path(sys.executable).with_name("schemathesis")),
        "run",
        f"{service.url}/api/v1/openapi.json",
        f"--header=Authorization: Bearer {key}",
        f"--checks={','.join(CHECKS)}",
        f"--max-response-time={SECONDS}",
        f"--phases={phases}",
        f"--max-examples={examples}",
        "--continue-on-failure",
        "--seed=20260101",
        "--suppress-health-check=all",
        "--warnings=off",
        f"--report-dir={folder}",
    ]
    env = {**os.environ, "SCHEMATHESIS_HOOKS": "serialise_lines", "PYTHONPATH": str(Path(__file__).parent)}
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder, env=env)


def cases_of(said: str) -> int:
    """How many cases Schemathesis says that it made."""
    plain = re.sub(r"\x1b\[[0-9;]*m", "", said)
    found = re.search(r"([\d,]+) generated", plain) or re.search(r"Test cases:\s*([\d,]+)", plain)
    assert found, plain[-3_000:]
    return int(found[1].replace(",", ""))


def test_the_count_of_cases_is_read_from_what_is_said() -> None:
    assert cases_of("Test cases:\n  10,234 generated, 10,234 passed") == 10_234
