"""Tables for the tests of profiles computed in partitions, and what it means that two profiles are the same."""

import numpy as np
import pyarrow as pa
import pytest

from modelward.stats import CategoricalSummary, NumericSummary, Profile


def table(rows: int, *, seed: int = 0, moved: float = 0.0) -> pa.Table:
    """Numbers with some missing, whole numbers, flags and names."""
    rng = np.random.default_rng(seed)
    fare = rng.gamma(3, 10, rows) * (1 + moved)
    return pa.table(
        {
            "fare": pa.array(fare, mask=rng.random(rows) < 0.05),
            "seats": rng.integers(1, 9, rows),
            "member": rng.random(rows) < 0.3,
            "town": np.array(["Bonn", "Köln", "Ulm", "Gera"])[rng.integers(0, 4, rows)],
        }
    )


def same(one: Profile, other: Profile) -> None:
    """Counts, extremes and, where all are kept, values to the digit; means and variances but for the order of the sums;
    of long columns the share below any value within the bounds on the ranks of both.
    """
    assert (one.rows, sorted(one.columns)) == (other.rows, sorted(other.columns))
    for name, summary in one.columns.items():
        against = other.columns[name]
        if isinstance(summary, CategoricalSummary):
            assert isinstance(against, CategoricalSummary)
            assert (summary.categories, summary.counts.tolist()) == (against.categories, against.counts.tolist())
            continue
        assert isinstance(against, NumericSummary)
        assert (summary.numbers, summary.missing, summary.minimum, summary.maximum) == (
            against.numbers,
            against.missing,
            against.minimum,
            against.maximum,
        )
        assert summary.mean == pytest.approx(against.mean, rel=1e-12)
        assert summary.variance == pytest.approx(against.variance, rel=1e-12)
        if summary.exact and against.exact:
            assert summary.values.tolist() == against.values.tolist()
            assert summary.weights.tolist() == against.weights.tolist()
            continue
        points = np.asarray(against.quantile(np.linspace(0.05, 0.95, 19)))
        bound = summary.rank_error + against.rank_error + 1e-3
        assert np.abs(summary.cdf(points) - against.cdf(points)).max() <= bound
