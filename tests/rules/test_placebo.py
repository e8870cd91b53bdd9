import json

import numpy as np
import pytest

from modelward.rules.monitor import Monitor
from modelward.rules.placebo import replay
from modelward.stats import Profile


def windows(rng, count, rows=300, drift=(), size=3):
    return [
        Profile.of({"x": rng.normal(size * (i in drift), 1, rows), "town": rng.choice(["a", "b", "c"], rows)})
        for i in range(count)
    ]


def test_a_quiet_reference_raises_nothing_and_the_claim_is_one_in_so_many_windows():
    trial = replay(windows(np.random.default_rng(1), 50), Monitor())
    assert (trial.windows, trial.flagged, trial.alarms, trial.rate, trial.calibrated) == (50, 0, 0, 0.0, True)
    assert trial.claim == 0.02
    assert 0.05 < trial.high < 0.09  # Wilson's upper end for 0 of 50.
    assert "nothing below 1 in 50 can be claimed" in trial.reason


def test_a_window_of_the_reference_that_is_not_like_the_others_is_counted_with_its_column():
    trial = replay(windows(np.random.default_rng(2), 30, drift={11}), Monitor())
    assert trial.flagged == trial.strong == trial.alarms == 1
    assert trial.columns == {"x": 1}
    assert trial.low < 1 / 30 < trial.high


def test_alarms_follow_the_law_of_alarms():
    # Three strong windows in a row are one alarm.
    trial = replay(windows(np.random.default_rng(3), 19, rows=900, drift={4, 5, 6}, size=0.8), Monitor())
    assert (trial.flagged, trial.alarms, trial.calibrated) == (3, 1, False)


def test_the_rows_of_a_window_that_hang_together_are_no_false_alarm_once_calibrated():
    rng = np.random.default_rng(4)
    days = [Profile.of({"x": rng.normal(rng.normal(), 1, 300)}) for _ in range(60)]
    assert replay(days[:15], Monitor()).flagged > 7  # Too few to calibrate by.
    assert replay(days, Monitor()).flagged <= 2


@pytest.mark.parametrize("count", [0, 1])
def test_a_reference_without_two_windows_cannot_be_tried_on(count):
    trial = replay(windows(np.random.default_rng(5), count), Monitor())
    assert (trial.windows, trial.low, trial.high) == (0, 0.0, 1.0)
    assert "could not be tried" in trial.reason


def test_the_trial_is_json():
    assert json.loads(json.dumps(replay(windows(np.random.default_rng(6), 25), Monitor()).to_dict()))["windows"] == 25
