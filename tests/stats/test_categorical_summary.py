"""A categorical summary counts every name while they are few, and keeps its promises after that."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelward.stats import CategoricalSummary

names = st.lists(st.one_of(st.none(), st.sampled_from("abcdefghij"), st.text(max_size=3)), max_size=60)


def fields(summary):
    return (
        summary.count,
        summary.missing,
        summary.invalid,
        summary.categories,
        summary.counts.tolist(),
        summary.other,
        summary.count_error,
        summary.distinct,
        summary.singletons,
    )


@given(names)
def test_under_its_cap_every_name_is_counted(column):
    summary = CategoricalSummary.of(column)
    expected = Counter(name for name in column if name is not None)
    assert dict(zip(summary.categories, summary.counts.tolist(), strict=True)) == expected
    assert summary.missing == column.count(None)
    assert summary.rows == len(column)
    assert summary.distinct == len(expected)
    assert summary.singletons == list(expected.values()).count(1)
    assert summary.exact
    assert list(summary.categories) == sorted(expected, key=lambda name: (-expected[name], name))


@given(st.lists(names, max_size=4), st.randoms(use_true_random=False))
def test_merging_exact_parts_is_the_summary_of_the_whole_in_any_order(parts, random):
    merged = CategoricalSummary.merge(CategoricalSummary.of(part) for part in random.sample(parts, len(parts)))
    assert fields(merged) == fields(CategoricalSummary.of([name for part in parts for name in part]))


@given(st.lists(names, min_size=2, max_size=5), st.integers(1, 6))
def test_capped_counts_are_within_their_stated_error(parts, cap):
    merged = CategoricalSummary.merge((CategoricalSummary.of(part, cap=cap) for part in parts), cap=cap)
    truth = Counter(name for part in parts for name in part if name is not None)
    kept = dict(zip(merged.categories, merged.counts.tolist(), strict=True))
    assert len(kept) <= cap
    assert sum(kept.values()) + merged.other == merged.count == truth.total()
    assert merged.exact == (kept == truth)
    for name, times in truth.items():
        assert 0 <= times - kept.get(name, 0) <= merged.count_error
    # All names fit into the sample of names here, so that both estimates are exact.
    assert merged.distinct == len(truth)
    assert merged.singletons == list(truth.values()).count(1)


@given(st.lists(names, min_size=3, max_size=3), st.integers(1, 6))
def test_capped_merges_commute(parts, cap):
    a, b, c = (CategoricalSummary.of(part, cap=cap) for part in parts)
    first = CategoricalSummary.merge([a, b, c], cap=cap)
    second = CategoricalSummary.merge([c, a, b], cap=cap)
    assert fields(first) == fields(second)
    left = CategoricalSummary.merge([CategoricalSummary.merge([a, b], cap=cap), c], cap=cap)
    assert (left.count, left.distinct, left.singletons) == (first.count, first.distinct, first.singletons)


def test_a_hundred_thousand_names_keep_the_heaviest_and_estimate_the_rest():
    rng = np.random.default_rng(1)
    every = [f"user-{i}" for i in range(100_000)]
    hours = [rng.poisson(30_000 / np.arange(10, 100_010)) for _ in range(6)]
    merged = CategoricalSummary.merge(CategoricalSummary.from_counts(every, hour) for hour in hours)
    truth = np.sum(hours, axis=0)
    assert len(merged.categories) == 1000
    assert set(merged.categories[:300]) <= set(every[:400])
    assert merged.count == truth.sum()
    kept = dict(zip(merged.categories, merged.counts.tolist(), strict=True))
    for name, times in zip(every, truth.tolist(), strict=True):
        assert 0 <= times - kept.get(name, 0) <= merged.count_error
    assert merged.distinct == pytest.approx(np.count_nonzero(truth), rel=0.15)
    assert merged.singletons == pytest.approx(np.count_nonzero(truth == 1), rel=0.3)
    assert len(merged.to_bytes()) < 30_000


def test_the_estimate_of_distinct_names_is_fair_for_names_that_differ_by_a_digit():
    for prefix in ("", "user-", "0000-0000-"):
        summary = CategoricalSummary.from_counts([f"{prefix}{i}" for i in range(50_000)], np.ones(50_000))
        assert summary.distinct == pytest.approx(50_000, rel=0.15)
        assert summary.singletons == summary.distinct


def test_values_that_are_not_text_are_named_by_their_text():
    summary = CategoricalSummary.of([True, False, True, 3, None, float("nan"), "true"])
    assert dict(zip(summary.categories, summary.counts.tolist(), strict=True)) == {"true": 3, "false": 1, "3": 1}
    assert summary.missing == 2
    assert CategoricalSummary.of(np.array(["a", "b", "a"])).categories == ("a", "b")


def test_counts_must_fit_the_names():
    with pytest.raises(ValueError, match="2 categories but 1 counts"):
        CategoricalSummary.from_counts(["a", "b"], [1])
    with pytest.raises(ValueError, match="negative"):
        CategoricalSummary.from_counts(["a"], [-1])
    assert CategoricalSummary.from_counts(["a", "b"], [0, 2]).categories == ("b",)


def test_an_empty_column():
    empty = CategoricalSummary.of([], missing=2)
    assert (empty.rows, empty.count, empty.distinct, empty.exact) == (2, 0, 0, True)
    assert (empty + CategoricalSummary.of(["a"])).rows == 3
    assert CategoricalSummary.merge([]).rows == 0


@given(st.lists(names, min_size=1, max_size=3), st.integers(1, 8))
def test_bytes_come_back_as_the_same_summary(parts, cap):
    summary = CategoricalSummary.merge((CategoricalSummary.of(part, cap=cap, invalid=1) for part in parts), cap=cap)
    again = CategoricalSummary.from_bytes(summary.to_bytes())
    assert fields(again) == fields(summary)
    assert again.to_bytes() == summary.to_bytes()


def test_half_a_surrogate_pair_survives():
    assert CategoricalSummary.from_bytes(CategoricalSummary.of(["\ud800"]).to_bytes()).categories == ("\ud800",)


@settings(max_examples=300)
@given(st.data())
def test_damaged_bytes_are_a_value_error_or_a_sound_summary(data):
    cap = data.draw(st.sampled_from([2, 9]))
    document = bytearray(CategoricalSummary.of(["a", "b", "b", "c", "ü", None], cap=cap).to_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        document[data.draw(st.integers(0, len(document) - 1))] = data.draw(st.integers(0, 255))
    del document[data.draw(st.integers(len(document) - 3, len(document))) :]
    try:
        summary = CategoricalSummary.from_bytes(bytes(document))
    except ValueError:
        return
    assert summary.counts.sum() + summary.other == summary.count
    assert summary.distinct >= len(summary.categories)
