"""Summaries of one column: the time to build and to merge them, and the error of PSI and KS made from merged ones.

`python benchmarks/bench_merge.py [--days 90] [--rows-an-hour 5000]`; prints JSON. Times are the best of five.
"""

import argparse
import json
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from modelward.stats import NumericSummary, kolmogorov_smirnov, psi
from modelward.stats.arrays import F64

Shape = Callable[[np.random.Generator, int, float], F64]

SHAPES: dict[str, Shape] = {
    "normal": lambda rng, rows, shift: rng.normal(shift, 1, rows),
    "lognormal": lambda rng, rows, shift: rng.lognormal(3 + shift, 1, rows),
    "heavy lognormal": lambda rng, rows, shift: rng.lognormal(3 + shift, 2, rows),
    "zero-inflated": lambda rng, rows, shift: np.where(rng.random(rows) < 0.4, 0, rng.lognormal(3 + shift, 1, rows)),
    "cents": lambda rng, rows, shift: np.round(rng.lognormal(3 + shift, 1, rows), 2),
    "whole numbers": lambda rng, rows, shift: np.floor(rng.gamma(2, 500 + 500 * shift, rows)),
    "bimodal": lambda rng, rows, shift: np.where(
        rng.random(rows) < 0.5 + shift, rng.normal(0, 1, rows), rng.normal(50, 3, rows)
    ),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=90)
    parser.add_argument("--rows-an-hour", type=int, default=5000)
    arguments = parser.parse_args()
    rng = np.random.default_rng(1)
    answer: dict[str, Any] = {
        "build_ms": build_times(rng),
        "merge": merge_times(rng, arguments.days, arguments.rows_an_hour),
        "error_of_merged": {
            name: error(shape, np.random.default_rng(2), arguments.days) for name, shape in SHAPES.items()
        },
    }
    answer["largest_error"] = {
        name: max(row[name] for row in answer["error_of_merged"].values()) for name in ("psi", "ks")
    }
    print(json.dumps(answer, indent=2))


def build_times(rng: np.random.Generator) -> dict[str, float]:
    """Milliseconds to summarise a column, beside those of sorting it."""
    column = rng.normal(size=1_000_000)
    return {
        "1000000_rows": best(lambda: NumericSummary.of(column)),
        "np_sort_of_1000000_rows": best(lambda: np.sort(column)),
        "100000_rows": best(lambda: NumericSummary.of(column[:100_000])),
        "900_rows": best(lambda: NumericSummary.of(column[:900])),
        "5_rows": best(lambda: NumericSummary.of(column[:5])),
    }


def merge_times(rng: np.random.Generator, days: int, rows: int) -> dict[str, Any]:
    """Milliseconds to merge all hours of one column, from their bytes and in memory, by days and without."""
    hours = [[NumericSummary.of(rng.normal(size=rows)) for _ in range(24)] for _ in range(days)]
    rolled = [NumericSummary.merge(day) for day in hours]
    stored = [day.to_bytes() for day in rolled]
    every = [hour for day in hours for hour in day]
    merged = NumericSummary.merge(rolled)
    return {
        "hours": len(every),
        "rows": merged.count,
        "one_day_of_24_hours_ms": best(lambda: NumericSummary.merge(hours[0])),
        "by_daily_roll_ups_ms": best(lambda: NumericSummary.merge(rolled)),
        "by_daily_roll_ups_from_bytes_ms": best(lambda: NumericSummary.merge(map(NumericSummary.from_bytes, stored))),
        "without_roll_ups_ms": best(lambda: NumericSummary.merge(every)),
        "bytes_a_day": len(stored[0]),
        "stated_rank_error": merged.rank_error,
    }


def error(shape: Shape, rng: np.random.Generator, days: int) -> dict[str, float]:
    """How far PSI and KS of a drifted column, merged from hours by days, are from those of the raw rows."""
    reference, current = shape(rng, 100_000, 0.0), shape(rng, days * 24 * 200, 0.1)
    parts = [
        NumericSummary.merge(NumericSummary.of(hour) for hour in np.array_split(day, 24))
        for day in np.array_split(current, days)
    ]
    first, merged = NumericSummary.of(reference), NumericSummary.merge(parts)
    exact_psi, exact_ks = psi(reference, current).statistic, kolmogorov_smirnov(reference, current).statistic
    return {
        "psi": round(abs(psi(first, merged).statistic - exact_psi), 6),
        "ks": round(abs(kolmogorov_smirnov(first, merged).statistic - exact_ks), 6),
        "exact_psi": round(exact_psi, 4),
        "exact_ks": round(exact_ks, 4),
    }


def best(work: Callable[[], object]) -> float:
    """The shortest of five runs, in milliseconds."""
    times = []
    for _ in range(5):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return round(min(times) * 1000, 3)


if __name__ == "__main__":
    main()
