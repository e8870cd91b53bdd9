"""A numeric summary is exact while it can be, and within its stated bound after that."""

import math
import pickle
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from modelward.stats import NumericSummary
from modelward.stats.sketch import height_at

numbers = st.floats(allow_nan=True, allow_infinity=True, width=64)
columns = hnp.arrays(np.float64, st.integers(0, 60), elements=numbers)
# Few distinct values and a tiny cap, so that atoms, groups and compression all occur in small examples.
lumpy = hnp.arrays(
    np.float64, st.integers(1, 80), elements=st.one_of(st.sampled_from([-1.0, 0.0, 2.5]), st.floats(-1e6, 1e6))
)
TINY = {"cap": 8, "groups": 5}


def same(first: NumericSummary, second: NumericSummary) -> bool:
    return first.to_bytes() == second.to_bytes()


def close(first: NumericSummary, second: NumericSummary) -> None:
    for name in ("count", "missing", "invalid", "zeros", "positive_infinities", "negative_infinities", "rows"):
        assert getattr(first, name) == getattr(second, name)
    size = max(abs(first.minimum), abs(first.maximum)) if first.count else 1.0
    for name in ("minimum", "maximum", "mean", "deviation"):
        assert getattr(first, name) == pytest.approx(getattr(second, name), rel=1e-9, abs=1e-9 * size, nan_ok=True)


def true_cdf(values, x, side="right"):
    return np.sort(values).searchsorted(x, side) / len(values)


@given(columns)
def test_under_its_cap_a_summary_is_the_exact_answer(column):
    summary = NumericSummary.of(column)
    finite = column[np.isfinite(column)]
    assert summary.exact
    assert summary.rank_error == 0
    assert summary.rows == column.size
    assert summary.count == finite.size
    assert summary.missing == np.isnan(column).sum()
    assert summary.positive_infinities == (column == np.inf).sum()
    assert summary.negative_infinities == (column == -np.inf).sum()
    assert summary.zeros == (column == 0).sum()
    values, counts = np.unique(finite, return_counts=True)
    assert summary.values.tolist() == values.tolist()
    assert summary.weights.tolist() == counts.tolist()
    if finite.size:
        assert (summary.minimum, summary.maximum) == (finite.min(), finite.max())
        assert summary.minimum <= summary.mean <= summary.maximum
    else:
        assert math.isnan(summary.mean)


@given(hnp.arrays(np.float64, st.integers(1, 50), elements=st.floats(-1e9, 1e9)))
def test_moments_and_quantiles_are_those_of_numpy(column):
    summary = NumericSummary.of(column)
    assert summary.mean == pytest.approx(column.mean(), rel=1e-12, abs=1e-6)
    assert summary.variance == pytest.approx(column.var(), rel=1e-9, abs=1e-6)
    q = [0, 0.1, 0.25, 0.5, 0.9, 1]
    assert summary.quantile(q) == pytest.approx(np.quantile(column, q), rel=1e-12, abs=1e-9)


@given(columns, st.lists(numbers.filter(lambda x: x == x), max_size=10))
def test_cdf_counts_infinities_as_numbers(column, x):
    summary = NumericSummary.of(column)
    seen = column[~np.isnan(column)]
    if not seen.size:
        assert np.isnan(summary.cdf(x)).all()
        return
    assert summary.cdf(x) == pytest.approx([np.mean(seen <= point) for point in x])
    assert summary.cdf_below(x) == pytest.approx([np.mean(seen < point) for point in x])


@given(st.lists(columns, max_size=5))
def test_merging_exact_parts_gives_the_summary_of_the_whole(parts):
    merged = NumericSummary.merge(NumericSummary.of(part) for part in parts)
    whole = NumericSummary.of(np.concatenate([*parts, []]))
    close(merged, whole)
    assert merged.values.tolist() == whole.values.tolist()
    assert merged.weights.tolist() == whole.weights.tolist()
    assert merged.exact


@given(st.lists(lumpy, min_size=1, max_size=5), st.randoms(use_true_random=False))
def test_merging_does_not_depend_on_the_order_of_the_parts(parts, random):
    summaries = [NumericSummary.of(part, **TINY) for part in parts]
    shuffled = random.sample(summaries, len(summaries))
    first, second = NumericSummary.merge(summaries, **TINY), NumericSummary.merge(shuffled, **TINY)
    close(first, second)
    assert first.values.tolist() == second.values.tolist()
    assert first.weights.tolist() == second.weights.tolist()
    assert first.carried == pytest.approx(second.carried)


@given(lumpy, lumpy, lumpy)
def test_merging_in_pairs_agrees_with_merging_at_once_within_the_bounds(a, b, c):
    x, y, z = (NumericSummary.of(part, **TINY) for part in (a, b, c))

    def merge(*parts):
        return NumericSummary.merge(parts, **TINY)

    left, right, once = merge(merge(x, y), z), merge(x, merge(y, z)), merge(x, y, z)
    close(left, right)
    close(left, once)
    points = np.concatenate((a, b, c))
    assert np.abs(left.cdf(points) - right.cdf(points)).max() <= left.rank_error + right.rank_error + 1e-12
    assert np.abs(left.cdf(points) - once.cdf(points)).max() <= left.rank_error + once.rank_error + 1e-12


@settings(max_examples=300)
@given(st.lists(lumpy, min_size=1, max_size=6), st.integers(1, 3))
def test_the_bound_holds_however_often_parts_were_merged(parts, at_once):
    summaries = [NumericSummary.of(part, **TINY) for part in parts]
    while len(summaries) > 1:
        head, summaries = summaries[: at_once + 1], summaries[at_once + 1 :]
        summaries.append(NumericSummary.merge(head, **TINY))
    values = np.concatenate(parts)
    points = np.unique(np.concatenate((values, values + 0.5, values - 1e-7)))
    (merged,) = summaries
    assert np.abs(merged.cdf(points) - true_cdf(values, points)).max() <= merged.rank_error + 1e-12
    assert np.abs(merged.cdf_below(points) - true_cdf(values, points, "left")).max() <= merged.rank_error + 1e-12
    assert merged.weights.sum() == merged.count == values.size
    assert (np.diff(merged.values) >= 0).all()
    assert float(merged.means @ merged.weights) / merged.count == pytest.approx(values.mean(), rel=1e-6, abs=1e-6)


@given(lumpy)
def test_a_value_that_holds_more_than_its_share_stays_an_atom_of_its_exact_weight(column):
    summary = NumericSummary.of(column, **TINY)
    values, counts = np.unique(column, return_counts=True)
    heavy = counts * TINY["groups"] > column.size
    kept = dict(zip(summary.values[summary.atoms].tolist(), summary.weights[summary.atoms].tolist(), strict=True))
    for value, count in zip(values[heavy].tolist(), counts[heavy].tolist(), strict=True):
        assert kept[value] == count


LONG = {
    "normal": lambda r, n: r.normal(size=n),
    "lognormal": lambda r, n: r.lognormal(3, 2, n),
    "cauchy": lambda r, n: r.standard_cauchy(n),
    "zero-inflated": lambda r, n: np.where(r.random(n) < 0.4, 0, r.lognormal(3, 1, n)),
    "cents": lambda r, n: np.round(r.lognormal(3, 1, n), 2),
    "whole numbers": lambda r, n: r.integers(-300, 300, n).astype(float),
    "many whole numbers": lambda r, n: r.integers(0, 9000, n).astype(float),
    "two far clumps": lambda r, n: np.concatenate((r.normal(0, 1e-6, n // 2), r.normal(1e6, 1, n - n // 2))),
    "an outlier": lambda r, n: np.append(r.normal(size=n - 1), -1e15),
    "times": lambda r, n: 1.7e9 + r.random(n) * 86_400,
    "missing and infinite": lambda r, n: np.where(
        r.random(n) < 0.1, r.choice([np.nan, np.inf, -np.inf], n), r.normal(size=n)
    ),
    "huge": lambda r, n: r.normal(size=n) * 1e300,
    "tiny": lambda r, n: r.normal(size=n) * 1e-300,
    "sorted": lambda r, n: np.sort(r.normal(size=n)),
}


@pytest.mark.parametrize("name", LONG)
def test_a_long_column_is_summarised_without_sorting_as_if_it_were_sorted(name, monkeypatch):
    column = LONG[name](np.random.default_rng(3), 60_001)
    quick = NumericSummary.of(column)
    monkeypatch.setattr("modelward.stats.numeric_summary._LONG", 10**9)
    slow = NumericSummary.of(column)
    assert quick.values.tolist() == slow.values.tolist()
    assert quick.weights.tolist() == slow.weights.tolist()
    assert quick.atoms.tolist() == slow.atoms.tolist()
    scale = np.abs(slow.means).max()
    assert quick.means / scale == pytest.approx(slow.means / scale, rel=1e-9, abs=1e-13)
    assert quick.mean / scale == pytest.approx(slow.mean / scale, rel=1e-9, abs=1e-13)
    assert quick.deviation / scale == pytest.approx(slow.deviation / scale, rel=1e-9)
    for field in ("count", "missing", "zeros", "positive_infinities", "negative_infinities", "minimum", "maximum"):
        assert getattr(quick, field) == getattr(slow, field)


@pytest.mark.parametrize("name", LONG)
def test_a_long_column_is_small_ordered_and_within_its_bound(name):
    column = LONG[name](np.random.default_rng(4), 60_001)
    summary = NumericSummary.of(column)
    numbers = column[~np.isnan(column)]
    assert summary.values.size <= (2048 if summary.exact else 1100)
    points = np.unique(numbers[np.isfinite(numbers)])
    assert np.abs(summary.cdf(points) - true_cdf(numbers, points)).max() <= summary.rank_error + 1e-12
    assert np.abs(summary.cdf_below(points) - true_cdf(numbers, points, "left")).max() <= summary.rank_error + 1e-12
    if not summary.exact:
        assert summary.rank_error < 0.0021


def test_the_order_of_rows_does_not_matter():
    rng = np.random.default_rng(5)
    column = np.concatenate((rng.normal(size=70_000), np.zeros(10_000)))
    first, second = NumericSummary.of(column), NumericSummary.of(rng.permutation(column))
    assert first.values.tolist() == second.values.tolist()
    assert first.weights.tolist() == second.weights.tolist()


def test_the_callers_array_is_left_as_it_was():
    column = np.array([3.0, np.nan, 1.0])
    NumericSummary.of(column)
    assert column.tolist()[0::2] == [3.0, 1.0]


@pytest.mark.parametrize("scale", [1e300, 1e-300, 1.7e308, 5e-324, 1.0])
@pytest.mark.parametrize("size", [7, 5000, 60_000])
def test_extreme_sizes_neither_overflow_nor_vanish(scale, size):
    steps = np.arange(size) % 3 - 1.0
    parts = [NumericSummary.of(part) for part in np.array_split(steps * scale, 4)]
    for summary in (NumericSummary.of(steps * scale), NumericSummary.merge(parts)):
        if scale > 5e-324:  # There is no number between this one and 0 that could be the mean.
            assert summary.mean / scale == pytest.approx(steps.mean(), abs=1e-9)
            assert summary.deviation / scale == pytest.approx(steps.std(), rel=1e-9)
        assert summary.variance >= 0
        assert summary.cdf(0.0) == pytest.approx(np.mean(steps <= 0))


@pytest.mark.parametrize("value", [0.1, 1e300, 1e-300, -7.0, 0.0])
def test_a_constant_column_has_its_value_as_mean_and_no_deviation(value):
    for size in (1, 10, 3000, 60_000):
        summary = NumericSummary.of(np.full(size, value))
        assert (summary.mean, summary.deviation, summary.values.tolist()) == (value, 0.0, [value])
        assert (summary + summary).mean == value
        assert (summary + summary).deviation == 0.0


def test_a_mixture_of_extremes_is_compressed_without_a_warning():
    rng = np.random.default_rng(6)
    column = rng.normal(size=6000) * 10.0 ** rng.integers(-300, 300, 6000)
    parts = [NumericSummary.of(part) for part in np.array_split(column, 2)]
    merged = NumericSummary.merge(parts)
    assert not merged.exact
    assert np.isfinite(merged.means).all()
    assert np.isfinite(merged.quantile([0, 0.001, 0.5, 0.999, 1])).all()
    assert np.abs(merged.cdf(column) - true_cdf(column, column)).max() <= merged.rank_error + 1e-12


def test_the_whole_range_of_a_float_can_be_asked():
    top = np.finfo(float).max
    column = np.concatenate((np.linspace(-top / 2, top / 2, 5000) * 2, [top, -top]))
    summary = NumericSummary.of(column)
    assert not summary.exact
    assert summary.cdf([-top, 0.0, top]).tolist() == pytest.approx([1 / 5002, 0.5, 1.0], abs=0.001)
    assert summary.quantile([0.0, 1.0]).tolist() == [-top, top]


def test_zero_and_minus_zero_are_one_value():
    summary = NumericSummary.of([0.0, -0.0, 1.0])
    assert summary.values.tolist() == [0.0, 1.0]
    assert summary.zeros == 2


def test_whole_numbers_booleans_and_none_are_numbers():
    assert NumericSummary.of(np.array([True, False, True])).mean == pytest.approx(2 / 3)
    assert NumericSummary.of(np.array([1, 2, 3], dtype=np.int8)).maximum == 3.0
    assert NumericSummary.of(np.array([1, None, 2.5], dtype=object)).missing == 1


@pytest.mark.parametrize("values", [[], [np.nan], [np.inf, -np.inf, np.nan]])
def test_without_finite_values_everything_is_counted_and_nothing_is_claimed(values):
    summary = NumericSummary.of(values, missing=2, invalid=1)
    assert summary.rows == len(values) + 3
    assert summary.count == 0
    assert math.isnan(summary.mean)
    assert math.isnan(summary.deviation)
    assert np.isnan(summary.quantile([0.5])).all()
    assert same(NumericSummary.from_bytes(summary.to_bytes()), summary)
    merged = summary + NumericSummary.of([1.0])
    assert (merged.mean, merged.count, merged.rows) == (1.0, 1, len(values) + 4)


def test_merging_nothing_is_an_empty_summary():
    assert NumericSummary.merge([]).rows == 0


def test_merging_with_an_empty_part_loses_no_precision():
    summary = NumericSummary.of(np.random.default_rng(7).normal(size=5000))
    merged = NumericSummary.merge([summary, NumericSummary.empty(missing=3)])
    assert merged.values.tolist() == summary.values.tolist()
    assert merged.rank_error == summary.rank_error
    assert merged.missing == 3


@given(columns)
def test_bytes_come_back_as_the_same_summary(column):
    summary = NumericSummary.of(column, missing=1, invalid=2)
    close(NumericSummary.from_bytes(summary.to_bytes()), summary)
    assert same(NumericSummary.from_bytes(summary.to_bytes()), summary)


@given(st.lists(lumpy, min_size=2, max_size=4))
def test_bytes_of_a_compressed_summary_come_back_too(parts):
    summary = NumericSummary.merge((NumericSummary.of(part, **TINY) for part in parts), **TINY)
    again = NumericSummary.from_bytes(summary.to_bytes())
    assert again.rank_error == summary.rank_error
    assert again.atoms.tolist() == summary.atoms.tolist()
    assert again.means.tolist() == summary.means.tolist()
    assert again.cdf(parts[0]).tolist() == summary.cdf(parts[0]).tolist()


GOOD = NumericSummary.of(np.random.default_rng(8).normal(size=3000)).to_bytes()


@pytest.mark.parametrize(
    "data",
    [b"", b"MWNS", GOOD[:-1], GOOD + b"x", b"XXXX" + GOOD[4:], GOOD[:4] + b"\x09" + GOOD[5:], pickle.dumps([1, 2])],
)
def test_bytes_that_are_no_summary_are_refused_with_a_sentence(data):
    with pytest.raises(ValueError, match=r"\.$|\)\.$"):
        NumericSummary.from_bytes(data)


@settings(max_examples=300)
@given(st.data())
def test_damaged_bytes_are_a_value_error_or_a_sound_summary(data):
    document = bytearray(NumericSummary.of([1.0, 2.0, 2.0, np.nan, 5.0]).to_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        document[data.draw(st.integers(0, len(document) - 1))] = data.draw(st.integers(0, 255))
    del document[data.draw(st.integers(len(document) - 3, len(document))) :]
    try:
        summary = NumericSummary.from_bytes(bytes(document))
    except ValueError:
        return
    shares = summary.cdf([-1.0, 2.0, 9.0])
    assert summary.count == summary.weights.sum()
    assert np.isnan(shares).all() or (np.diff(shares) >= 0).all()
    assert summary.minimum <= summary.mean <= summary.maximum


@settings(max_examples=200)
@given(st.binary(max_size=200))
def test_any_bytes_behind_the_magic_are_safe(tail):
    for head in (b"MWNS\x01\x00", b"MWNS\x01\x01"):
        with pytest.raises(ValueError, match="document"):
            NumericSummary.from_bytes(head + tail + b"\xff")


def test_a_document_that_unpacks_to_gigabytes_is_refused(monkeypatch):
    monkeypatch.setattr("modelward.stats.binary._MOST_BYTES", 1_000_000)
    bomb = zlib.compress(b"\x00" * 2_000_000, 9)
    with pytest.raises(ValueError, match="packed part has a wrong length"):
        NumericSummary.from_bytes(b"MWNS\x01\x01" + bomb)


@pytest.mark.parametrize(
    ("side", "expected"), [("right", [20.0, 20.0, 30.0, 40.0]), ("left", [10.0, 30.0, 30.0, 40.0])]
)
def test_between_points_that_lie_closer_than_a_slope_can_be_the_height_is_that_of_one_of_them(side, expected):
    tiny = np.finfo(float).tiny
    points, heights = np.array([-1.0, 0.0, 0.0, tiny, 5.0]), np.array([0.0, 10.0, 20.0, 30.0, 40.0])
    assert height_at(points, heights, np.array([0.0, tiny / 2, tiny, 5.0]), side).tolist() == expected
