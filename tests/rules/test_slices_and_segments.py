import numpy as np
import pytest

from modelward.rules.comparison import compare_family, compare_profiles
from modelward.rules.explanation_settings import weights_in
from modelward.rules.monitor import Monitor
from modelward.rules.segments import MOST_VALUES, compare_segments, cut_of, value_name
from modelward.rules.slices import Coded, drift_slices, loss_slices
from modelward.stats import CategoricalSummary, NumericSummary, Profile

RNG = np.random.default_rng(8)


def profile(shift: float = 0.0, rows: int = 1000) -> Profile:
    return Profile.of({"x": RNG.normal(shift, 1, rows), "y": RNG.normal(0, 1, rows)})


def test_a_family_of_one_is_the_plain_comparison() -> None:
    one, two = profile(), profile(0.4)
    assert compare_family({"only": (one, two)})["only"] == compare_profiles(one, two)


def test_the_more_segments_the_more_it_takes_to_stand_out() -> None:
    """What is significant among two columns is no longer so among two thousand."""
    one, two = profile(rows=300), profile(0.6, rows=300)
    alone = compare_family({"s": (one, two)})["s"].columns[0]
    quiet = {f"q{i}": (one, one) for i in range(1000)}
    among = compare_family({"s": (one, two), **quiet})["s"].columns[0]
    assert alone.p_adjusted is not None
    assert among.p_adjusted is not None
    assert among.p_adjusted > 100 * alone.p_adjusted
    assert among.p_value == alone.p_value


def test_a_segment_that_one_side_lacks_is_left_out_by_name() -> None:
    whole = compare_profiles(profile(), profile())
    found = compare_segments("by", {"a": profile()}, {"a": profile(), "b": profile()}, whole, Monitor())
    assert list(found.comparisons) == ["a"]
    assert found.left_out["b"].startswith("too few rows: 1,000 against 0 of the reference")


def test_numbers_are_cut_at_quartiles_unless_they_are_few() -> None:
    many = NumericSummary.of(np.arange(101.0))
    assert cut_of("x", many, None).edges == (25.0, 50.0, 75.0)
    assert cut_of("x", many, None, [10, 20]).bands == ["up to 10", "10 to 20", "above 20"]
    assert cut_of("x", NumericSummary.of([1.0, 2.0, 2.0]), None).values == ("1", "2")


def test_the_fifty_most_frequent_categories_have_segments_of_their_own() -> None:
    names = [f"n{i}" for i in range(80) for _ in range(i + 1)]
    cut = cut_of("x", CategoricalSummary.of(names), CategoricalSummary.of(["new"] * 500))
    assert cut.values is not None
    assert len(cut.values) == MOST_VALUES
    assert cut.values[:2] == ("new", "n79")


def test_values_of_one_meaning_have_one_name() -> None:
    assert value_name(1.0) == "1"
    assert value_name(True) == "true"
    assert value_name("1") == "1"


def coded(rows: int) -> Coded:
    codes = RNG.integers(0, 3, (rows, 4))
    return Coded(list("abcd"), [["low", "mid", "high"]] * 4, codes)


def test_a_slice_of_drift_is_told_by_its_shares_on_both_sides() -> None:
    table = coded(8000)
    favoured = (table.codes[:, 1] == 2) & (table.codes[:, 3] == 0)
    current = (RNG.random(8000) < np.where(favoured, 0.9, 0.45)).astype(np.int64)
    found = drift_slices(table, current, np.random.default_rng(2))
    assert found[0].conditions == {"b": "high", "d": "low"}
    assert found[0].inside > 1.5 * found[0].outside
    assert "`b` is high and `d` is low" in found[0].sentence


def test_a_difference_that_does_not_matter_is_not_told_however_sure() -> None:
    table = coded(100_000)
    loss = RNG.normal(10, 1, 100_000) + 0.2 * (table.codes[:, 0] == 0)
    assert loss_slices(table, loss, np.random.default_rng(2)) == ()


def test_too_few_rows_have_no_slices() -> None:
    assert loss_slices(coded(100), RNG.exponential(1, 100), RNG) == ()
    assert drift_slices(coded(100), RNG.integers(0, 2, 100), RNG) == ()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"segments": "age"}, "segments must be a list"),
        ({"segments": list("abcdef")}, "at most 5 columns"),
        ({"segment_edges": {"age": [5, 3]}}, "segment_edges must be rising numbers"),
        ({"importance": {"age": -1}}, "importance must be numbers of 0 and more"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(settings: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Monitor.from_dict(settings)


def test_settings_survive_their_json() -> None:
    monitor = Monitor.from_dict({"segments": ["age"], "segment_edges": {"age": [1, 2]}, "importance": {"age": 0.5}})
    assert Monitor.from_dict(monitor.to_dict()) == monitor
    assert weights_in({"age": 1}) == {"age": 1.0}
    assert weights_in("all") == {}
