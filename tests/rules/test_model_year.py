from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from modelward.rules.alarm import WindowLevel, alarm_spans
from modelward.rules.model_year import _alarms_of_a_column, false_alarms
from modelward.rules.verdict import Verdict

START = datetime(2026, 1, 1, tzinfo=UTC)


def test_many_years_at_once_follow_the_law_of_alarms():
    chances = np.random.default_rng(1).random((200, 60))
    begun = _alarms_of_a_column(chances, moderate=0.2, strong=0.05)
    for year, found in zip(chances, begun, strict=True):
        levels = [Verdict.DRIFTED if x < 0.05 else Verdict.WARNING if x < 0.25 else Verdict.OK for x in year]
        windows = [WindowLevel(START + timedelta(days=i), level) for i, level in enumerate(levels)]
        assert len(alarm_spans(windows)) == found


def test_two_of_three_forgives_single_moderate_windows():
    rng = np.random.default_rng(2)
    once = false_alarms(moderate=0.001, strong=0.0, columns=30, rng=rng)
    assert once.alarms < 0.1  # Of eleven single windows a year hardly any two meet.
    strong = false_alarms(moderate=0.0, strong=0.001, columns=30, rng=rng)
    assert strong.alarms == pytest.approx(365 * 30 * 0.001, rel=0.05)


def test_no_chance_is_no_alarm():
    nothing = false_alarms(moderate=0, strong=0, columns=5, rng=np.random.default_rng(3), years=10)
    assert (nothing.alarms, nothing.share, nothing.years) == (0, 0, 10)


@pytest.mark.parametrize("wrong", [{"moderate": 1.2}, {"strong": -0.1}, {"columns": 0}, {"years": 0}])
def test_chances_that_are_none_are_refused(wrong):
    with pytest.raises(ValueError, match=r"chances|at least one"):
        false_alarms(**{"moderate": 0.1, "strong": 0.1, "columns": 1, "rng": np.random.default_rng(4), **wrong})
