"""The hour or the day, by how much traffic a model has: whoever sends much is told within the hour, and stays so."""

from collections.abc import Iterable, Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelward.rules.window_by_volume import DAYS, Choice, busy_hours, choose, has_traffic_for_hours

LEAST = 200
HEAVY, LIGHT, NOTHING = [2_300] * 24, [20] * 24, [0] * 24
OFFICE = [4] * 7 + [2_300] * 11 + [4] * 6
"""Eleven busy hours, and a night in which hardly anything comes."""


def course(days: Iterable[Sequence[int]], *, start: str = "day") -> list[str]:
    """The kind on the morning after each day, as it is decided day by day."""
    known: list[Sequence[int]] = []
    kinds: list[str] = []
    present = start
    for day in days:
        known.append(day)
        present = choose(present, known, LEAST).window  # type: ignore[arg-type]
        kinds.append(present)
    return kinds


def test_steady_heavy_traffic_is_judged_by_the_hour_after_three_whole_days():
    assert course([HEAVY] * 10) == ["day", "day"] + ["hour"] * 8


def test_steady_light_traffic_is_judged_by_the_day():
    assert set(course([LIGHT] * 30)) == {"day"}


def test_quiet_nights_do_not_speak_against_the_hour():
    assert course([OFFICE] * 8)[-1] == "hour"
    assert busy_hours(OFFICE) == [2_300] * 10
    assert choose("day", [OFFICE] * 7, LEAST).hourly == 2_300


def test_hours_of_which_most_rows_would_not_be_judged_are_not_chosen():
    thin = [150] * 20 + [5_000, 0, 0, 0]
    assert not has_traffic_for_hours(thin, LEAST)
    assert set(course([thin] * 10)) == {"day"}


def test_a_day_of_two_busy_hours_is_no_day_of_hours_because_an_alarm_looks_back_over_three():
    assert not has_traffic_for_hours([10_000, 10_000] + [0] * 22, LEAST)
    assert has_traffic_for_hours([10_000, 10_000, 10_000] + [0] * 21, LEAST)


def test_weekends_in_which_nothing_comes_change_nothing():
    week = [OFFICE] * 5 + [NOTHING] * 2
    assert set(course(week * 6)[7:]) == {"hour"}


WEEKS = st.lists(st.sampled_from([HEAVY, [700] * 24, LIGHT, NOTHING]), min_size=7, max_size=7)


@given(WEEKS, st.sampled_from(["day", "hour"]))
def test_no_week_that_repeats_itself_changes_the_kind_again_and_again(week: list[list[int]], start: str):
    kinds = course(week * 6, start=start)[14:]
    assert len(set(kinds)) == 1


def test_one_day_of_a_burst_is_not_enough():
    assert set(course([LIGHT] * 10 + [[50_000] * 24] + [LIGHT] * 10)) == {"day"}


def test_traffic_about_the_limit_does_not_flap():
    rng = np.random.default_rng(5)
    kinds = course([rng.normal(1_000, 120, 24).clip(0).astype(int).tolist() for _ in range(400)])
    assert sum(one != other for one, other in pairwise(kinds)) <= 1
    kinds = course([rng.normal(500, 60, 24).clip(0).astype(int).tolist() for _ in range(400)], start="hour")
    assert sum(one != other for one, other in pairwise(kinds)) <= 1


def test_between_half_of_the_traffic_and_all_of_it_what_was_stays():
    assert set(course([[700] * 24] * 20)) == {"day"}
    assert set(course([[700] * 24] * 20, start="hour")) == {"hour"}


def test_a_new_model_begins_with_days_and_says_what_it_waits_for():
    assert choose("day", [], LEAST) == Choice(
        "day", "`day`: hours need 3 whole days of traffic first, of which 0 are known", 0, 1_000, 0
    )
    assert "of which 2 are known" in choose("day", [HEAVY] * 2, LEAST).reason


def test_a_model_that_stops_is_judged_by_the_day_when_it_comes_again():
    assert course([HEAVY] * 7 + [NOTHING] * 4)[-4:] == ["hour", "hour", "day", "day"]


def test_traffic_that_thins_out_leads_back_to_days_after_three_of_them():
    assert course([HEAVY] * 7 + [LIGHT] * 4)[-4:] == ["hour", "hour", "day", "day"]


def test_only_the_last_week_counts():
    assert choose("day", [HEAVY] * 300 + [LIGHT] * DAYS, LEAST).window == "day"
    assert choose("day", [HEAVY] * 300 + [LIGHT] * DAYS, LEAST).days == DAYS


FIGURES = "2,300 rows an hour in the median over the last 7 days, 1,000 are needed; "
HAD = "days had that in their busy hours"
THIN_OUT = [HEAVY] * 4 + [LIGHT] * 3


@pytest.mark.parametrize(
    ("present", "days", "kind", "why"),
    [
        ("day", [HEAVY] * 7, "hour", f"7 of 7 {HAD}"),
        (
            "day",
            [HEAVY] * 4 + [LIGHT] * 3,
            "day",
            f"4 of 7 {HAD}, and hours need 5 such days",
        ),
        ("hour", [HEAVY] * 5 + [LIGHT] * 2, "hour", "hours stay until 3 days in a row have less than half of that"),
        (
            "hour",
            [HEAVY] * 4 + [LIGHT] * 3,
            "day",
            "the last 3 days all had less than half of that in their busy hours",
        ),
    ],
)
def test_the_reason_has_the_figures_and_what_they_are_held_against(present, days, kind, why):
    assert choose(present, days, LEAST).reason == f"`{kind}`: {FIGURES}{why}"


def test_a_larger_sample_that_a_window_needs_asks_for_more_traffic():
    assert choose("day", [HEAVY] * 7, 200).window == "hour"
    assert choose("day", [HEAVY] * 7, 500).window == "day"


def test_a_day_on_which_the_clock_changes_has_23_or_25_hours():
    assert has_traffic_for_hours([2_300] * 23, LEAST)
    assert has_traffic_for_hours([2_300] * 25, LEAST)
