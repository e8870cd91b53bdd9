import json
import math

import numpy as np
import pytest

from modelward.rules.calibration import calibrate
from modelward.rules.comparison import compare_profiles
from modelward.rules.detectable import detectable, hardest
from modelward.rules.monitor import Monitor
from modelward.stats import Profile

NAMES, SHARES = list("abcd"), np.array([0.5, 0.3, 0.15, 0.05])


def reference(rng, rows=50_000):
    return Profile.of({"x": rng.normal(size=rows), "town": rng.choice(NAMES, rows, p=SHARES)})


@pytest.mark.parametrize("rows", [200, 1000, 10_000])
def test_what_is_said_to_be_seen_in_80_percent_of_windows_is(rows):
    rng = np.random.default_rng(rows)
    whole = reference(rng)
    number, name = detectable(whole, rows, Monitor())
    shares = SHARES + name.change * np.array([-1, *(SHARES[1:] / SHARES[1:].sum())])
    x, seen = whole.columns["x"], np.zeros(2)
    centre = x.mean + number.change * x.deviation  # Of this reference: its own noise is part of what is compared.
    for _ in range(150):
        moved = Profile.of({"x": rng.normal(centre, x.deviation, rows), "town": rng.choice(NAMES, rows, p=shares)})
        still = Profile.of({"x": rng.normal(size=rows), "town": rng.choice(NAMES, rows, p=SHARES)})
        one = Profile(rows, {"x": moved.columns["x"], "town": still.columns["town"]})
        other = Profile(rows, {"x": still.columns["x"], "town": moved.columns["town"]})
        seen += [
            compare_profiles(whole, one).columns[0].verdict.alarming,
            compare_profiles(whole, other).columns[1].verdict.alarming,
        ]
    # The formulas are limits: at 200 rows they are a little modest.
    assert ((seen / 150 > 0.7) & (seen / 150 < 0.95)).all(), seen / 150


def test_more_rows_see_less_down_to_the_size_from_which_a_change_matters():
    whole = reference(np.random.default_rng(1))
    changes = [detectable(whole, rows, Monitor())[0] for rows in (200, 1000, 10_000, 1_000_000)]
    sizes = [entry.change for entry in changes]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[-1] == pytest.approx(0.25, abs=0.005)
    assert changes[-1].missing == pytest.approx(0.05, abs=0.002)


def test_what_cannot_be_seen_is_said_to_be_none():
    whole = Profile.of({"constant": np.ones(5000), "x": np.arange(5000.0)})
    constant, number = detectable(whole, 1000, Monitor())
    assert math.isinf(constant.change)
    assert json.loads(json.dumps(constant.to_dict()))["change"] is None
    assert number.change < 1
    assert all(math.isinf(entry.change) for entry in detectable(whole, 100, Monitor()))


def test_a_reference_that_varies_hides_more_and_the_hardest_column_is_named():
    rng = np.random.default_rng(2)
    days = [
        Profile.of({"weather": rng.normal(rng.normal(), 1, 300), "steady": rng.normal(size=300)}) for _ in range(40)
    ]
    whole = Profile.merge(days)
    weather, steady = detectable(whole, 300, Monitor(), calibrate(days, Monitor()))
    assert weather.change > 1 > steady.change
    assert hardest([weather, steady]) is weather
    assert hardest([weather, steady], "categorical") is None


def test_columns_with_a_test_of_their_own_or_ignored_are_left_out():
    whole = reference(np.random.default_rng(3))
    assert [entry.column for entry in detectable(whole, 500, Monitor(tests={"x": "ks"}))] == ["town"]
    assert [entry.column for entry in detectable(whole, 500, Monitor(ignore=frozenset({"town"})))] == ["x"]
