"""The change in words: each sentence is what a person would say who saw the two distributions."""

import numpy as np
import pytest

from modelward.rules import phrases
from modelward.rules.shape import change
from modelward.stats import CategoricalSummary, NumericSummary

RNG = np.random.default_rng(7)
GAMMA = np.quantile(RNG.gamma(2, 400, 20_000), np.linspace(0, 1, 4001))
NORMAL = np.quantile(RNG.normal(0, 1, 20_000), np.linspace(0, 1, 4001))


def said(reference, current) -> str:
    return change("x", NumericSummary.of(reference), NumericSummary.of(current))


@pytest.mark.parametrize(
    ("before", "now", "words"),
    [
        (GAMMA, GAMMA * 1.61, ", a factor of 1.61"),
        (GAMMA, GAMMA / 1000, ", a factor of 0.001"),
        (-GAMMA, -GAMMA * 2, ", a factor of 2"),
        (GAMMA + 1000, GAMMA + 1250, ", a shift of +250 throughout"),
        (NORMAL, NORMAL - 0.5, ", a shift of -0.5 throughout"),
        (NORMAL + 1000, NORMAL + 1010, ", a shift of +10 throughout"),
        (NORMAL, NORMAL * 3, "is spread 3 times as wide around the median"),
        (np.zeros(100), np.ones(100), "was always 0 and is now always 1"),
        (np.ones(100), np.arange(100), "was always 1 and now varies from 0 to 99"),
        (NORMAL, np.where(np.arange(4001) % 2, np.inf, NORMAL), "is infinite in 50 % of rows, before in 0 %"),
        (np.arange(1000) % 5, np.maximum(np.arange(1000) % 5, 1), "is 0 in 0 % of its values, before in 20 %"),
        (
            np.where(np.arange(4001) % 10, GAMMA, 0),
            np.where(np.arange(4001) % 2, GAMMA, 0),
            "is 0 in 50 % of its values",
        ),
        (NORMAL, np.where(np.arange(4001) % 4, NORMAL, np.nan), "`x` is missing in 25 % of rows, before in 0 %"),
    ],
)
def test_a_change_of_numbers_is_said_in_the_simplest_true_words(before, now, words):
    assert words in said(before, now)


def test_a_change_that_no_single_number_explains_claims_only_the_medians():
    sentence = said(GAMMA, np.concatenate((GAMMA[:1000], GAMMA[3000:] * 3)))
    assert sentence.startswith("`x` moved from median")
    assert "factor" not in sentence
    assert "shift" not in sentence


def test_a_median_that_stayed_is_not_said_to_have_moved():
    lopsided = np.where(NORMAL > 0, NORMAL * 4, NORMAL)
    assert said(NORMAL + 5, lopsided + 5).startswith("`x` changed around the same median")


@pytest.mark.parametrize(
    ("before", "now", "new", "words"),
    [
        ({"a": 50, "b": 50}, {"a": 50, "b": 30, "c": 20}, ("c",), "has a new category, `c`, in 20 % of its values"),
        (
            {"a": 100},
            {"a": 60, **{f"n{i}": 8 for i in range(5)}},
            tuple(f"n{i}" for i in range(5)),
            "has 5 new categories, `n0`, `n1`, `n2` and 2 more, in 40 % of its values",
        ),
        (
            {"a": 70, "b": 20, "c": 10},
            {"a": 20, "b": 70, "c": 10},
            (),
            "has `a` and `b` swapped, which held 70 % and 20 %",
        ),
        ({"a": 60, "b": 40}, {"a": 100}, (), "lost `b`, which held 40 % of its values"),
        ({"a": 60, "b": 20, "c": 20}, {"b": 51, "c": 49}, (), "lost `a`, which held 60 % of its values"),
        ({"a": 60, "b": 30, "c": 10}, {"a": 20, "b": 45, "c": 35}, (), "is `a` in 20 % of its values, before in 60 %"),
    ],
)
def test_a_change_of_categories_names_the_one_that_moved_most(before, now, new, words):
    reference, current = (CategoricalSummary.from_counts(tuple(side), tuple(side.values())) for side in (before, now))
    assert words in change("x", reference, current, new)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (872.4, "872"),
        (1403.2, "1,403"),
        (999.7, "1,000"),
        (0.0312, "0.0312"),
        (1.2e-9, "1.20e-09"),
        (0.0, "0"),
        (float("nan"), "no value"),
    ],
)
def test_numbers_are_written_as_people_read_them(value, text):
    assert phrases.number(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0 %"),
        (0.0004, "under 0.1 %"),
        (0.024, "2.4 %"),
        (0.314, "31 %"),
        (0.997, "99.7 %"),
        (0.99999, "over 99.9 %"),
        (1.0, "100 %"),
    ],
)
def test_a_share_is_never_a_false_nothing_or_everything(value, text):
    assert phrases.share(value) == text


@pytest.mark.parametrize(
    ("value", "limit", "text"),
    [
        (0.0123, 0.1, "0.012"),
        (0.0996, 0.1, "0.0996"),
        (0.09996, 0.1, "0.09996"),
        (0.1, 0.1, "0.1"),
        (0.25, 0.2, "0.25"),
    ],
)
def test_a_figure_beside_its_limit_is_said_to_as_many_digits_as_it_takes(value, limit, text):
    assert phrases.beside(value, limit) == text


@pytest.mark.parametrize("value", [float("inf"), float("nan")])
def test_what_is_no_number_has_no_more_digits(value):
    assert phrases.beside(value, 0.1) == str(value)


def test_one_factor_is_said_rather_than_what_it_did_to_one_round_value():
    rng = np.random.default_rng(7)
    limits = np.where(rng.random(4000) < 0.15, 50_000.0, rng.gamma(3, 40_000, 4000).round(-1))
    words = change("limit", NumericSummary.of(limits), NumericSummary.of(limits * 1.6))
    assert "a factor of 1.6" in words


def test_numbers_too_far_apart_for_a_float_are_put_into_words_without_a_warning():
    far = np.where(np.arange(200) % 2, 1e308, -1e308)
    gappy = np.where(np.arange(200) % 3, np.nan, 1.0)
    for before, now in ((far, -far / 2), (gappy, far), (far, gappy)):
        assert change("x", NumericSummary.of(before), NumericSummary.of(now)).startswith("`x` ")


def test_of_very_many_names_none_is_named_where_none_explains_the_change():
    before = CategoricalSummary.from_counts([f"a{i}" for i in range(5000)], np.full(5000, 3))
    now = CategoricalSummary.from_counts([f"b{i}" for i in range(5000)], np.full(5000, 3))
    assert change("x", before, now) == "`x` holds other names, each of them rare"
