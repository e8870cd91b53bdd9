"""Windows whose rows hang together: what the reference's own windows differ by is no drift."""

import numpy as np
import pytest

from modelward.rules.calibration import FEWEST, MOST, calibrate, held_out
from modelward.rules.comparison import compare_profiles
from modelward.rules.monitor import Monitor
from modelward.rules.verdict import Verdict
from modelward.stats import NumericSummary, Profile

ROWS = 300


def days(rng, count, *, spread=1.0):
    """Days of a column whose level differs from day to day, and of one that does not."""
    return [
        Profile.of({"weather": rng.normal(rng.normal(0, spread), 1, ROWS), "steady": rng.normal(size=ROWS)})
        for _ in range(count)
    ]


def test_days_that_differ_as_the_reference_s_own_days_do_are_no_drift():
    rng = np.random.default_rng(1)
    reference, later = days(rng, 60), days(rng, 60)
    whole, calibration = Profile.merge(reference), calibrate(reference, Monitor())
    plain = [compare_profiles(whole, day).verdict.alarming for day in later]
    calibrated = [compare_profiles(whole, day, Monitor(), calibration).verdict.alarming for day in later]
    assert sum(plain) > 40
    assert sum(calibrated) <= 1


def test_a_day_beyond_all_of_them_is_drift_and_so_is_what_never_varied():
    rng = np.random.default_rng(2)
    reference = days(rng, 60)
    whole, calibration = Profile.merge(reference), calibrate(reference, Monitor())
    current = Profile.of({"weather": rng.normal(9, 1, ROWS), "steady": rng.normal(1, 1, ROWS)})
    found = compare_profiles(whole, current, Monitor(), calibration)
    assert [finding.verdict for finding in found.columns] == [Verdict.DRIFTED, Verdict.DRIFTED]
    assert "none of 60 windows of the reference is as far off" in found.columns[0].reason


def test_no_p_value_is_claimed_below_one_in_so_many_windows():
    rng = np.random.default_rng(3)
    reference = days(rng, 30)
    calibration = calibrate(reference, Monitor())
    current = Profile.of({"weather": rng.normal(9, 1, ROWS), "steady": rng.normal(3, 1, ROWS)})
    for finding in compare_profiles(Profile.merge(reference), current, Monitor(), calibration).columns:
        assert finding.p_value is not None
        assert finding.p_value < 1e-9
        assert finding.p_adjusted == pytest.approx(1 / 31)
    assert calibration is not None
    assert calibration.p_value("weather", "mean_shift", 0.0) == 1.0


def test_the_reason_of_a_day_that_is_as_usual_says_so():
    rng = np.random.default_rng(4)
    reference = days(rng, 40)
    current = Profile.of({"weather": rng.normal(1, 1, ROWS), "steady": rng.normal(size=ROWS)})
    finding = compare_profiles(Profile.merge(reference), current, Monitor(), calibrate(reference, Monitor())).columns[0]
    assert finding.verdict is Verdict.OK
    assert "no more than the reference's own windows among themselves" in finding.reason


def test_a_threshold_that_the_user_chose_is_not_moved_by_the_reference():
    rng = np.random.default_rng(5)
    reference, monitor = days(rng, 40), Monitor(thresholds={"weather": 0.2}, mean_shift=100.0)
    current = Profile.of({"weather": rng.normal(1, 1, ROWS), "steady": rng.normal(size=ROWS)})
    assert compare_profiles(Profile.merge(reference), current, monitor, calibrate(reference, monitor)).drifted


def test_too_few_or_too_thin_windows_calibrate_nothing():
    rng = np.random.default_rng(6)
    assert calibrate(days(rng, FEWEST - 1), Monitor()) is None
    assert calibrate(days(rng, 40), Monitor(minimum_rows=ROWS + 1)) is None
    assert calibrate([], Monitor()) is None


def test_each_block_is_held_against_all_the_others_and_never_against_itself():
    blocks = [Profile.of({"x": np.full(5, float(number))}) for number in range(23)]
    for block, rest in held_out(blocks):
        assert rest.rows == 5 * 22
        one, others = block.columns["x"], rest.columns["x"]
        assert isinstance(one, NumericSummary)
        assert isinstance(others, NumericSummary)
        assert one.mean not in others.values
    many = [Profile.of({"x": np.arange(3.0)}) for _ in range(250)]
    assert len(list(held_out(many))) <= MOST


@pytest.mark.parametrize("rule", ["mean+3sd", "quantile:0.99"])
@pytest.mark.parametrize("tests", [{}, {"*": "psi"}, {"*": "jensen_shannon"}])
def test_a_threshold_is_learned_from_the_reference_s_windows(rule, tests):
    rng = np.random.default_rng(7)
    reference = days(rng, 60)
    # Of the rule alone: the mean's own limit would be calibrated, not learned.
    monitor = Monitor(tests=tests, thresholds={"*": rule}, mean_shift=100.0)
    whole, calibration = Profile.merge(reference), calibrate(reference, monitor)
    later = [compare_profiles(whole, day, monitor, calibration) for day in days(rng, 40)]
    assert sum(found.drifted for found in later) <= 3
    far = Profile.of({"weather": rng.normal(9, 1, ROWS), "steady": rng.normal(1, 1, ROWS)})
    assert [finding.drifted for finding in compare_profiles(whole, far, monitor, calibration).columns] == [True, True]


def test_a_learned_threshold_is_the_mean_and_so_many_deviations_of_the_windows_figures():
    rng = np.random.default_rng(8)
    reference, monitor = days(rng, 30), Monitor(tests={"*": "wasserstein_normalised"}, thresholds={"*": "mean+2sd"})
    calibration = calibrate(reference, monitor)
    assert calibration is not None
    figures = calibration.figures["weather"]["wasserstein_normalised, as named"]
    finding = compare_profiles(Profile.merge(reference), reference[0], monitor, calibration).columns[0]
    assert finding.threshold == pytest.approx(figures.mean() + 2 * figures.std(ddof=1))


def test_a_threshold_that_cannot_be_learned_yet_is_the_usual_one():
    rng = np.random.default_rng(9)
    reference = Profile.merge(days(rng, 5))
    finding = compare_profiles(reference, days(rng, 1)[0], Monitor(tests={"*": "psi"}, thresholds={"*": "mean+3sd"}))
    assert finding.columns[0].threshold == 0.25
