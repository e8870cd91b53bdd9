import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from modelward.rules.comparison import compare_profiles
from modelward.rules.guess import guess
from modelward.rules.guess_categories import Guess
from modelward.rules.monitor import Monitor
from modelward.rules.why import Context, Why, why
from modelward.stats import CategoricalSummary, NumericSummary, Profile

RNG = np.random.default_rng(20)
MILES = RNG.lognormal(6.7, 0.6, 4000)
OTHER_MILES = RNG.lognormal(6.7, 0.6, 4000)
WARM = RNG.normal(14, 6, 4000)


def explained(reference: Mapping[str, Any], current: Mapping[str, Any], **known: Any) -> tuple[Why, ...]:
    sides = Profile.of(reference), Profile.of(current)
    return why(compare_profiles(*sides, Monitor()), *sides, Context(**known))


def numbers(before: Any, now: Any) -> Guess | None:
    return guess(NumericSummary.of(before), NumericSummary.of(now))


def names(before: list[object], now: list[object]) -> Guess | None:
    return guess(CategoricalSummary.of(before), CategoricalSummary.of(now))


def drawn(shares: dict[str, float], rows: int = 3000) -> list[object]:
    return list(RNG.choice(list(shares), rows, p=list(shares.values())))


def test_the_sentence_says_what_since_when_where_what_to_ask_and_what_became_of_the_predictions() -> None:
    score = RNG.random(4000)
    found = explained(
        {"distance": MILES, "score": score},
        {"distance": OTHER_MILES * 1.609344, "score": RNG.random(4000)},
        since={"distance": datetime(2026, 9, 30, 22, tzinfo=UTC)},
        zone=ZoneInfo("Europe/Berlin"),
        where={"distance": "in all segments"},
        outcomes=["score"],
    )
    assert [entry.column for entry in found] == ["distance"]
    said = found[0].sentence
    assert said.startswith("`distance` moved from median ")
    assert "a factor of 1.6" in said
    assert ", since 1 October, in all segments: a change of unit? (miles to kilometres" in said
    assert said.endswith("Predictions barely moved.")


def test_an_important_column_comes_before_one_that_moved_more() -> None:
    before = {"loud": RNG.normal(0, 1, 3000), "quiet": RNG.normal(0, 1, 3000), "still": RNG.normal(0, 1, 3000)}
    now = {"loud": RNG.normal(4, 1, 3000), "quiet": RNG.normal(1, 1, 3000), "still": RNG.normal(0, 1, 3000)}
    assert [entry.column for entry in explained(before, now)] == ["loud", "quiet"]
    ranked = explained(before, now, importance={"loud": 0.01, "quiet": 0.9})
    assert [entry.column for entry in ranked] == ["quiet", "loud"]
    assert math.isclose(sum(entry.weight for entry in ranked), 1)
    assert ranked[0].importance_known
    assert ranked[0].importance > 0.5


def test_a_column_that_vanished_counts_whole_and_labels_are_never_a_cause() -> None:
    before = {"gone": RNG.normal(0, 1, 1000), "y": RNG.normal(0, 1, 1000), "p": RNG.normal(0, 1, 1000)}
    now = {"y": RNG.normal(5, 1, 1000), "p": RNG.normal(5, 1, 1000)}
    found = explained(before, now, labels=["y"], outcomes=["p"])
    assert [entry.column for entry in found] == ["gone", "p"]
    assert found[0].drift == 1
    assert "Predictions moved with it: " in found[0].sentence
    assert "Predictions" not in found[1].sentence


def test_predictions_of_which_nothing_is_known_are_not_spoken_of() -> None:
    found = explained({"a": MILES}, {"a": MILES * 3})
    assert "redictions" not in found[0].sentence


def test_a_table_that_did_not_change_needs_no_why() -> None:
    assert explained({"a": MILES}, {"a": OTHER_MILES}) == ()


@pytest.mark.parametrize(
    ("factor", "name"),
    [
        (1.609344, "miles to kilometres"),
        (1 / 1.609344, "kilometres to miles"),
        (2.54, "inches to centimetres"),
        (0.3048, "feet to metres"),
        (0.45359237, "pounds to kilograms"),
        (1000, "thousands to units"),
        (0.001, "units to thousands"),
        (60, "hours to minutes, or minutes to seconds"),
        (3600, "hours to seconds"),
        (100, "shares to per cent"),
        (0.01, "per cent to shares"),
    ],
)
def test_a_factor_between_two_units_is_named(factor: float, name: str) -> None:
    found = numbers(MILES, OTHER_MILES * factor)
    assert found is not None
    assert found.kind == "unit"
    assert found.evidence.startswith(f"{name} is a factor of ")


def test_degrees_are_told_by_factor_and_offset() -> None:
    for change, name in (
        (lambda t: 1.8 * t + 32, "Celsius to Fahrenheit"),
        (lambda t: (t - 32) / 1.8, "Fahrenheit to Celsius"),
        (lambda t: t + 273.15, "Celsius to kelvin"),
    ):
        found = numbers(WARM, change(RNG.normal(14, 6, 4000)))
        assert found is not None
        assert (found.kind, found.evidence.split(" is ")[0]) == ("unit", name)


def test_a_factor_of_no_known_unit_and_an_offset_are_told_as_what_they_are() -> None:
    assert getattr(numbers(MILES, OTHER_MILES * 1.35), "kind", None) == "scale"
    assert getattr(numbers(WARM, RNG.normal(19, 6, 4000)), "kind", None) == "shift"
    assert getattr(numbers(MILES, -OTHER_MILES), "kind", None) == "sign"


def test_a_change_of_shape_has_no_guess() -> None:
    assert numbers(RNG.normal(0, 1, 4000), RNG.exponential(1, 4000)) is None
    assert numbers(WARM, RNG.normal(14, 12, 4000)) is None
    assert numbers(MILES, OTHER_MILES) is None


def test_a_constant_a_default_and_what_went_missing_are_told() -> None:
    assert getattr(numbers(WARM, np.full(900, 7.0)), "kind", None) == "constant"
    with_default = np.where(RNG.random(4000) < 0.2, -1.0, OTHER_MILES)
    found = numbers(MILES, with_default)
    assert found is not None
    assert found.kind == "default"
    assert found.evidence.startswith("-1 in ")
    gaps = np.where(RNG.random(4000) < 0.2, np.nan, MILES)
    filled = numbers(gaps, with_default)
    assert filled is not None
    assert filled.cause == "a default written where values were missing"
    assert getattr(numbers(MILES, np.where(RNG.random(4000) < 0.3, np.nan, OTHER_MILES)), "kind", None) == "missing"


def test_values_cut_off_are_told_from_rows_left_out() -> None:
    border = float(np.quantile(MILES, 0.85))
    clipped = numbers(MILES, np.minimum(OTHER_MILES, border))
    assert clipped is not None
    assert clipped.kind == "clipped"
    assert "no value is above" in clipped.evidence
    assert getattr(numbers(MILES, OTHER_MILES[border > OTHER_MILES]), "kind", None) == "truncated"
    low = float(np.quantile(WARM, 0.2))
    assert getattr(numbers(WARM, np.maximum(RNG.normal(14, 6, 4000), low)), "kind", None) == "clipped"


def test_hours_turned_by_whole_hours_are_another_time_zone() -> None:
    shares = np.exp(2 * np.cos((np.arange(24) - 14) / 24 * 2 * np.pi))
    shares /= shares.sum()
    before = RNG.choice(24, 5000, p=shares)
    found = numbers(before, (RNG.choice(24, 5000, p=shares) - 5) % 24)
    assert found is not None
    assert found.kind == "time_zone"
    assert "-5 explain" in found.evidence
    assert getattr(numbers(before, RNG.choice(24, 5000)), "kind", None) != "time_zone"


def test_swapped_renamed_respelt_and_defaulted_categories_are_told() -> None:
    shares = {"a": 0.6, "b": 0.25, "c": 0.1, "d": 0.05}
    before = drawn(shares)
    assert getattr(names(before, drawn({"b": 0.6, "a": 0.25, "c": 0.1, "d": 0.05})), "kind", None) == "swap"
    renamed = drawn({"0": 0.6, "1": 0.25, "2": 0.1, "3": 0.05})
    assert getattr(names(before, renamed), "kind", None) == "renamed"
    respelt = names(before, drawn({"A ": 0.6, "B": 0.25, "c": 0.1, "d": 0.05}))
    assert respelt is not None
    assert respelt.kind == "spelling"
    defaulted = drawn({"a": 0.3, "b": 0.125, "c": 0.05, "d": 0.525})
    assert getattr(names(before, defaulted), "kind", None) == "default"
    assert getattr(names(before, ["a"] * 500), "kind", None) == "constant"
    assert names(before, drawn({"a": 0.4, "b": 0.45, "c": 0.05, "d": 0.1})) is None
    assert names(before, drawn(shares)) is None


def test_nothing_is_guessed_of_samples_without_drift() -> None:
    """Two draws of one column: what asks a question here would ask it of everybody."""
    asked = 0
    for _ in range(200):
        asked += numbers(RNG.normal(3, 1, 500), RNG.normal(3, 1, 500)) is not None
        asked += (
            names(drawn({"a": 0.5, "b": 0.3, "c": 0.2}, 500), drawn({"a": 0.5, "b": 0.3, "c": 0.2}, 500)) is not None
        )
    assert asked <= 4


EXTREMES = (
    np.array([1e308, -1e308, 1e307, 3.0] * 100),
    np.array([5e-324, 1e-320, 0.0, 2e-322] * 100),
    np.full(400, np.nan),
    np.array([np.inf, -np.inf, 1.0, 2.0] * 100),
    np.full(400, np.inf),
    np.array([0.0, 1.0] * 200),
    np.empty(0),
    np.linspace(-1, 1, 400),
    np.full(400, 7.0),
)


@pytest.mark.parametrize("before", range(len(EXTREMES)))
@pytest.mark.parametrize("now", range(len(EXTREMES)))
def test_no_pair_of_columns_is_too_odd_to_be_explained(before: int, now: int) -> None:
    """Also without a warning, which would be an error here."""
    found = numbers(EXTREMES[before], EXTREMES[now])
    assert found is None or found.asked
    if EXTREMES[before].size and EXTREMES[now].size:
        for entry in explained({"a": EXTREMES[before]}, {"a": EXTREMES[now]}):
            assert entry.sentence.startswith("`a`")
            assert 0 <= entry.weight <= 1 + 1e-9
