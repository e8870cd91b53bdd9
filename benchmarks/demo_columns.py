"""The demo's columns, each day against January to March: `python -m benchmarks.demo_columns` prints JSON.

For each column: the largest and the median PSI (bias off) of the days from April to September, and the shares of those
days on which the column alone is moderately or strongly drifted. The incident is in the data from October on.
"""

import json
from collections.abc import Iterable
from datetime import date
from statistics import median
from typing import Any

import pyarrow as pa

from modelward.demo.flights import TEXTS, by_day
from modelward.demo.incident import SINCE
from modelward.demo.lesson import learn
from modelward.demo.model import LateArrival
from modelward.demo.monitor import monitor_settings
from modelward.demo.replay import reference_of
from modelward.rules.comparison import compare_profiles
from modelward.rules.finding import ColumnFinding
from modelward.rules.monitor import Monitor
from modelward.stats import Profile

SPECIAL = ("prediction", "score")


def measure() -> dict[str, Any]:
    lesson = learn().first
    reference = profile_of(lesson.model, lesson.learned)
    days = [(day, profile_of(lesson.model, flown)) for day, flown in by_day(lesson.to_come)]
    own = [(day, profile_of(lesson.model, flown)) for day, flown in by_day(lesson.learned)]
    chosen = Monitor.from_dict(monitor_settings())
    return {
        "default rule": table(reference, days, Monitor()),
        "as the demo watches": table(reference, days, chosen),
        "days of the reference itself, default rule": columns_of(judged(reference, own, Monitor())),
        "days of the reference itself, as the demo watches": columns_of(judged(reference, own, chosen)),
    }


def profile_of(model: LateArrival, flights: pa.Table) -> Profile:
    scored = reference_of(model, flights)
    return Profile.of(
        {
            f"@{name}" if name in SPECIAL else name: scored[name].to_pylist()
            if name in TEXTS
            else scored[name].to_numpy()
            for name in scored.column_names
        }
    )


def table(reference: Profile, days: list[tuple[date, Profile]], monitor: Monitor) -> dict[str, Any]:
    before = [entry for entry in days if entry[0] < SINCE]
    after = [entry for entry in days if entry[0] >= SINCE]
    return {
        "April to September": columns_of(judged(reference, before, monitor)),
        "October to December": columns_of(judged(reference, after, monitor)),
    }


def judged(reference: Profile, days: list[tuple[date, Profile]], monitor: Monitor) -> Iterable[ColumnFinding]:
    return (finding for _, current in days for finding in compare_profiles(reference, current, monitor).columns)


def columns_of(findings: Iterable[ColumnFinding]) -> dict[str, dict[str, float]]:
    by_column: dict[str, list[ColumnFinding]] = {}
    for finding in findings:
        by_column.setdefault(finding.column, []).append(finding)
    return {column: figures(found) for column, found in sorted(by_column.items())}


def figures(found: list[ColumnFinding]) -> dict[str, float]:
    psi = [finding.statistics["psi"] for finding in found if "psi" in finding.statistics]
    verdicts = [finding.verdict.value for finding in found]
    return {
        "psi_max": round(max(psi), 3),
        "psi_median": round(median(psi), 3),
        "psi_min": round(min(psi), 3),
        "moderate": round(verdicts.count("warning") / len(verdicts), 3),
        "strong": round(verdicts.count("drifted") / len(verdicts), 3),
        "days": len(verdicts),
    }


if __name__ == "__main__":
    print(json.dumps(measure(), indent=2))
