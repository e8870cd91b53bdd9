"""The verdict on two profiles: what is drift, what is not, and the sentence that says so."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelward.rules.comparison import compare_profiles
from modelward.rules.finding import ColumnFinding
from modelward.rules.monitor import Monitor
from modelward.rules.verdict import Verdict
from modelward.stats import NumericSummary, Profile

ROWS = 5000
_SEEDED = np.random.default_rng(20130101)
MILES = _SEEDED.gamma(3, 350, ROWS)
TEMPERATURE = _SEEDED.normal(20, 5, ROWS)
CARRIER = _SEEDED.choice(["AA", "DL", "UA"], ROWS, p=[0.5, 0.3, 0.2])


@pytest.fixture
def rng():
    return np.random.default_rng(42)


def judge(reference, current, monitor=Monitor()) -> ColumnFinding:  # noqa: B008 - it is frozen
    """The finding of a single column."""
    return compare_profiles(Profile.of({"x": reference}), Profile.of({"x": current}), monitor).columns[0]


def with_missing(values, rate, seed=1):
    return np.where(np.random.default_rng(seed).random(len(values)) < rate, np.nan, values)


def test_a_change_of_unit_is_drift_and_is_said_as_a_factor(rng):
    finding = judge(MILES, rng.permutation(MILES)[:2000] * 1.609344)
    assert finding.verdict is Verdict.DRIFTED
    assert (finding.method, finding.threshold) == ("psi", 0.25)
    assert finding.statistic == finding.statistics["psi"] > 0.5
    assert finding.reason.startswith("`x` moved from median 9")
    assert ", a factor of 1.6" in finding.reason


def test_a_strongly_different_mean_within_the_same_cells_is_a_warning():
    """A long tail that grows inside the last cell moves the mean, not the PSI."""
    reference = np.concatenate((MILES, [30_000.0]))
    finding = judge(reference, np.where(np.quantile(MILES, 0.92) < MILES, MILES * 3, MILES))
    assert finding.verdict is Verdict.WARNING
    assert finding.method == "mean_shift"
    assert "standard deviations" in finding.reason


@pytest.mark.parametrize(
    ("rate", "verdict", "method"),
    [(0.021, Verdict.OK, "psi"), (0.08, Verdict.WARNING, "missing_rate"), (0.4, Verdict.DRIFTED, "psi")],
)
def test_values_that_go_missing_are_found_from_five_points_on(rate, verdict, method):
    finding = judge(with_missing(TEMPERATURE, 0.02), with_missing(TEMPERATURE, rate, seed=2))
    assert (finding.verdict, finding.method) == (verdict, method)
    if verdict.alarming:
        assert "is missing in" in finding.reason
        assert "median" not in finding.reason


def test_two_categories_that_changed_places_are_drift():
    swapped = np.array([{"AA": "UA", "UA": "AA"}.get(name, name) for name in CARRIER])
    finding = judge(CARRIER, swapped)
    assert finding.verdict is Verdict.DRIFTED
    assert finding.kind == "categorical"
    assert "`AA` and `UA` swapped" in finding.reason


def test_a_new_category_is_a_finding_of_its_own(rng):
    finding = judge(CARRIER, np.where(rng.random(ROWS) < 0.04, "ZZ", CARRIER))
    assert finding.verdict.alarming
    assert finding.new_categories == ("ZZ",)
    assert "a new category, `ZZ`, in " in finding.reason


def test_new_categories_are_no_news_where_the_reference_is_made_of_them():
    names = np.array([f"user {i}" for i in range(2 * ROWS)])
    finding = judge(names[:ROWS], names[ROWS:])
    assert finding.verdict is Verdict.OK


def test_a_constant_that_varies_is_drift_whatever_its_size(rng):
    finding = judge(np.full(ROWS, 5.0), rng.choice([5.0, 6.0], ROWS, p=[0.6, 0.4]))
    assert finding.verdict is Verdict.DRIFTED
    assert "was always 5 and now varies from 5 to 6" in finding.reason


def test_a_column_that_became_constant_is_drift():
    finding = judge(TEMPERATURE, np.zeros(ROWS))
    assert finding.verdict is Verdict.DRIFTED
    assert "is now always 0" in finding.reason


def test_a_difference_that_is_certain_but_small_does_not_matter(rng):
    finding = judge(rng.normal(size=100_000), rng.normal(0.05, 1, 100_000))
    assert finding.p_value is not None
    assert finding.p_value < 1e-9
    assert finding.verdict is Verdict.OK
    assert finding.reason.endswith("below 0.1)")


def test_a_difference_that_matters_but_may_be_chance_is_not_an_alarm():
    rng = np.random.default_rng(11)
    finding = judge(rng.normal(size=200), rng.normal(0.26, 1, 200), Monitor(q=0.0001))
    assert abs(finding.statistics["mean_shift"]) >= 0.25
    assert finding.verdict is Verdict.OK
    assert "chance may explain it" in finding.reason


def test_below_the_minimum_rows_nothing_is_said():
    finding = judge(TEMPERATURE, TEMPERATURE[:199] + 100)
    assert finding.verdict is Verdict.TOO_FEW
    assert not finding.drifted
    assert finding.reason == "`x` has 199 rows in the current data; a verdict needs 200 on each side"


def test_wrong_typed_values_that_were_kept_aside_are_a_finding():
    spoiled = replace(NumericSummary.of(TEMPERATURE[:4000]), invalid=1000)
    finding = judge(TEMPERATURE, spoiled)
    assert finding.verdict.alarming
    assert "is of a wrong type in 20 % of rows, before in 0 %" in finding.reason


def test_a_column_that_is_gone_or_new_or_of_another_kind_is_a_change_of_the_schema():
    before = Profile.of({"gone": TEMPERATURE, "kind": TEMPERATURE})
    now = Profile.of({"kind": CARRIER, "new": TEMPERATURE})
    found = {finding.column: finding for finding in compare_profiles(before, now).columns}
    assert {name: finding.verdict for name, finding in found.items()} == {
        "gone": Verdict.DRIFTED,
        "kind": Verdict.DRIFTED,
        "new": Verdict.WARNING,
    }
    assert (
        found["kind"].reason == "`kind` held numbers in the reference and holds text such as `AA` in the current data"
    )
    assert all(finding.method == "schema" for finding in found.values())


def test_a_label_that_has_not_come_yet_is_no_drift():
    before = Profile.of({"x": TEMPERATURE, "@label": with_missing(TEMPERATURE, 0.01)})
    late = Profile.of({"x": TEMPERATURE, "@label": with_missing(TEMPERATURE, 0.7)})
    assert compare_profiles(before, late).verdict is Verdict.OK
    assert compare_profiles(before, Profile.of({"x": TEMPERATURE})).verdict is Verdict.OK


def test_a_column_without_any_value_takes_the_kind_of_the_other_side():
    finding = judge(CARRIER, np.full(ROWS, np.nan))
    assert (finding.kind, finding.verdict) == ("categorical", Verdict.DRIFTED)
    assert "is missing in 100 % of rows" in finding.reason


def test_truth_values_and_zero_or_one_are_the_same_thing(rng):
    flags = rng.random(ROWS) < 0.3
    assert judge(np.where(flags, "true", "false"), flags.astype(int)).verdict is Verdict.OK
    assert judge(np.where(flags, "true", "false"), (~flags).astype(int)).verdict is Verdict.DRIFTED
    assert judge(np.where(flags, "true", "false"), flags * 7).method == "schema"


def test_integers_compare_with_floats(rng):
    ages = rng.integers(18, 90, ROWS)
    assert judge(ages, ages.astype(float)).verdict is Verdict.OK


def test_ignored_columns_are_not_there():
    before = Profile.of({"id": np.arange(ROWS), "x": TEMPERATURE})
    now = Profile.of({"id": np.arange(ROWS) + ROWS, "x": TEMPERATURE})
    comparison = compare_profiles(before, now, Monitor(ignore=frozenset({"id"})))
    assert [finding.column for finding in comparison.columns] == ["x"]
    assert comparison.verdict is Verdict.OK


def test_the_whole_is_as_bad_as_its_worst_column_and_says_which():
    before = Profile.of({"a": TEMPERATURE, "b": MILES, "c": CARRIER})
    now = Profile.of({"a": TEMPERATURE, "b": MILES * 3, "c": CARRIER})
    comparison = compare_profiles(before, now)
    assert comparison.drifted
    assert comparison.reason.startswith("1 of 3 columns drifted: `b` moved from median")
    assert [finding.column for finding in comparison.findings] == ["b"]


def test_the_whole_without_drift_says_on_how_many_rows():
    profile = Profile.of({"a": TEMPERATURE})
    assert (
        compare_profiles(profile, profile).reason == "No drift in 1 column: 5,000 rows against 5,000 of the reference."
    )


def test_nothing_to_compare_is_said():
    nothing = Profile.of({})
    comparison = compare_profiles(nothing, nothing)
    assert comparison.verdict is Verdict.TOO_FEW
    assert comparison.reason.startswith("There is no column to compare")


HARD = {
    "empty": np.array([]),
    "all missing": np.full(300, np.nan),
    "infinite": np.full(300, np.inf),
    "half infinite": np.where(np.arange(300) % 2, np.inf, 1.0),
    "constant": np.full(300, 1e300),
    "tiny": np.linspace(1e-300, 2e-300, 300),
    "huge": np.linspace(-1e300, 1e300, 300),
    "two values": np.arange(300) % 2,
    "plain": np.linspace(0, 1, 300),
    "text": np.array(["a", "b", "c"] * 100),
    "distinct text": np.array([f"name {i}" for i in range(300)]),
    "no text": np.full(300, None, dtype=object),
}


@pytest.mark.parametrize("before", HARD)
@pytest.mark.parametrize("now", HARD)
def test_hard_columns_get_a_verdict_a_reason_and_plain_json(before, now):
    finding = judge(HARD[before], HARD[now])
    assert finding.reason
    json.dumps(finding.to_dict(), allow_nan=False)
    if before == now:
        assert not finding.verdict.alarming


numbers = st.lists(st.floats(allow_nan=True, allow_infinity=True, width=64), min_size=0, max_size=40)


@settings(max_examples=60)
@given(numbers, numbers)
def test_whatever_the_numbers_the_answer_is_whole(before, now):
    finding = judge(np.array(before, dtype=float), np.array(now, dtype=float), Monitor(minimum_rows=2))
    json.dumps(finding.to_dict(), allow_nan=False)
    if finding.verdict.alarming:
        assert finding.p_adjusted is not None
        assert finding.p_adjusted <= 0.01


@settings(max_examples=30)
@given(st.lists(st.sampled_from(["a", "b", "c", None]), min_size=200, max_size=300), st.randoms())
def test_the_order_of_the_rows_does_not_matter(rows, random):
    shuffled = list(rows)
    random.shuffle(shuffled)
    before, now = np.array(rows, dtype=object), np.array(shuffled, dtype=object)
    assert judge(before, now).verdict is Verdict.OK
    assert judge(before, now).to_dict() == judge(now, before).to_dict()


def test_infinities_that_became_numbers_are_drift():
    infinite, numbers = (Profile.of({"x": values}) for values in (np.full(300, np.inf), np.arange(300.0)))
    finding = compare_profiles(infinite, numbers).columns[0]
    assert finding.drifted
    assert "is infinite in 0 % of rows, before in 100 %" in finding.reason
