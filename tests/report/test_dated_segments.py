"""Segments of tables with times: each is held against how far its own days of the reference lie apart."""

from datetime import timedelta

import numpy as np
import pandas as pd

import modelward
from modelward.rules.monitor import Monitor

START = pd.Timestamp(2026, 1, 1)
PER_DAY = 288  # Every five minutes.
CONFIG = Monitor(minimum_rows=60)


def frame(first, days, *, seed=1, shift=0.0, new_from=None):
    """Two regions, each with a level of its own every day; `shift` moves the south on top of it.

    `new_from` is the day of the table from which a quarter of the rows are of a third region.
    """
    rng = np.random.default_rng(seed)
    moments = [START + timedelta(days=first, minutes=5 * i) for i in range(days * PER_DAY)]
    region = rng.choice(["north", "south"], days * PER_DAY)
    if new_from is not None:
        late = np.arange(days * PER_DAY) >= new_from * PER_DAY
        region = np.where(late & (rng.random(days * PER_DAY) < 0.25), "new", region)
    spread = {"north": 1.0, "south": 0.1, "new": 0.1}
    levels = {name: np.repeat(rng.normal(0, size, days), PER_DAY) for name, size in spread.items()}
    level = np.select([region == name for name in spread], list(levels.values()))
    weather = rng.normal(level, 1) + np.where(region == "south", shift, 0.0)
    return pd.DataFrame({"at": moments, "region": region, "weather": weather, "steady": rng.normal(size=len(region))})


def divided(report):
    assert report.segments is not None
    return report.segments


def test_a_segment_s_day_that_differs_as_its_days_do_is_no_drift_where_the_times_are_known():
    reference, current = frame(0, 40), frame(60, 1, seed=4, shift=0.9)
    undated = [table.drop(columns="at") for table in (reference, current)]
    rows_alone = divided(modelward.compare(*undated, segment="region", config=CONFIG))
    assert all(found.verdict.alarming for found in rows_alone.comparisons.values())
    assert not rows_alone.yardsticks
    report = modelward.compare(reference, current, timestamp="at", segment="region", config=CONFIG)
    found = divided(report)
    assert found.drifted == ("south",)
    assert found.yardsticks == dict.fromkeys(
        ("north", "south"), "Its yardstick: 40 windows of this segment in the reference."
    )
    assert found.comparisons["north"].reason.endswith(found.yardsticks["north"])
    assert not report.findings
    assert report.to_dict()["segments"]["yardsticks"] == found.yardsticks


def test_a_segment_that_came_late_borrows_and_a_short_reference_has_nothing_to_lend():
    reference, current = frame(0, 30, new_from=24), frame(60, 1, seed=5, new_from=0)
    found = divided(modelward.compare(reference, current, timestamp="at", segment="region", config=CONFIG))
    assert found.yardsticks["new"].startswith("Its yardstick: 66 windows of all segments in the reference, since fewer")
    short = divided(modelward.compare(frame(0, 19), current, timestamp="at", segment="region", config=CONFIG))
    assert not short.yardsticks
