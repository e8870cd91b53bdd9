"""How often data without drift is called drifted: counted, with fixed seeds."""

import numpy as np
import pytest

from modelward.rules.comparison import compare_profiles
from modelward.rules.verdict import Verdict
from modelward.stats import Profile

COLUMNS = 20
RUNS = 100
NAMES = np.array([f"name {i}" for i in range(1001)])


def draw(rng: np.random.Generator, rows: int) -> Profile:
    """Twenty columns of the kinds that raise false alarms elsewhere: heavy tails, many zeros, very many names."""
    names = [rng.zipf(1.3, rows).clip(max=1000), *(rng.integers(0, k, rows) for k in (2, 3, 8, 20, 200))]
    numbers = {
        "normal": rng.normal(size=rows),
        "normal, some missing": np.where(rng.random(rows) < 0.05, np.nan, rng.normal(size=rows)),
        "lognormal": rng.lognormal(0, 2, rows),
        "cauchy": rng.standard_cauchy(rows),
        "zeros": np.where(rng.random(rows) < 0.7, 0.0, rng.gamma(2, size=rows)),
        "counts": rng.poisson(3, rows),
        "rare": (rng.random(rows) < 0.01).astype(float),
        "constant": np.ones(rows),
        "uniform": rng.random(rows),
        "rounded": rng.normal(size=rows).round(1),
        "mostly missing": np.where(rng.random(rows) < 0.9, np.nan, rng.normal(size=rows)),
        "two humps": rng.normal(np.where(rng.random(rows) < 0.5, -3, 3)),
        "exponential": rng.exponential(size=rows),
        "integers": rng.integers(0, 100, rows),
    }
    return Profile.of({**numbers, **{f"names {i}": NAMES[codes] for i, codes in enumerate(names)}})


def flagged(rows_reference: int, rows_current: int, runs: int) -> int:
    rng = np.random.default_rng([rows_reference, rows_current])
    pairs = ((draw(rng, rows_reference), draw(rng, rows_current)) for _ in range(runs))
    return sum(compare_profiles(*pair).verdict is not Verdict.OK for pair in pairs)


def test_the_simulation_has_twenty_columns():
    assert len(draw(np.random.default_rng(0), 300).columns) == COLUMNS


SIZES = {(200, 200): 100, (1000, 200): 80, (1000, 1000): 60, (5000, 500): 30, (500, 5000): 30, (20_000, 20_000): 4}


def test_at_most_one_comparison_in_a_hundred_without_drift_is_flagged():
    alarms = {rows: flagged(*rows, runs) for rows, runs in SIZES.items()}
    assert sum(alarms.values()) <= 0.01 * sum(SIZES.values()), alarms


UNITS = np.array(["a", "b", "c", "d"])
DRIFTS = {
    "miles become kilometres": lambda rng, n: (rng.gamma(3, 350, n), 1.609344 * rng.gamma(3, 350, n)),
    "a lognormal column triples": lambda rng, n: (rng.lognormal(0, 1, n), 3 * rng.lognormal(0, 1, n)),
    "a third goes missing": lambda rng, n: (
        rng.normal(size=n),
        np.where(rng.random(n) < 0.33, np.nan, rng.normal(size=n)),
    ),
    "two categories swap": lambda rng, n: (
        rng.choice(UNITS, n, p=[0.5, 0.2, 0.2, 0.1]),
        rng.choice(UNITS, n, p=[0.2, 0.5, 0.2, 0.1]),
    ),
    "a new category": lambda rng, n: (rng.choice(UNITS[:3], n), rng.choice(UNITS, n)),
    "a constant varies": lambda rng, n: (np.ones(n), rng.integers(1, 3, n)),
    "a varying column is constant": lambda rng, n: (rng.normal(size=n), np.zeros(n)),
    "zeros take over": lambda rng, n: (
        np.where(rng.random(n) < 0.1, 0, rng.gamma(2, size=n)),
        np.where(rng.random(n) < 0.5, 0, rng.gamma(2, size=n)),
    ),
}


@pytest.mark.parametrize("rows", [500, 5000])
@pytest.mark.parametrize("kind", DRIFTS)
def test_a_real_change_is_found_among_nineteen_columns_that_stayed(kind, rows):
    rng = np.random.default_rng([rows, len(kind)])
    found = 0
    for _ in range(10):
        before, now = DRIFTS[kind](rng, rows)
        still = {f"still {i}": (rng.normal(size=rows), rng.normal(size=rows)) for i in range(COLUMNS - 1)}
        sides = [
            Profile.of({"x": moved, **{k: v[side] for k, v in still.items()}})
            for side, moved in enumerate((before, now))
        ]
        comparison = compare_profiles(sides[0], sides[1])
        found += comparison.drifted and [finding.column for finding in comparison.findings] == ["x"]
    assert found == 10
