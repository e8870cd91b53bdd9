"""Data quality: what is missing, wrong, new, beyond, stuck, repeated, too few and late, each with its reason."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from modelward.rules.constraints import Constraint, suggest, violations
from modelward.rules.monitor import Monitor
from modelward.rules.quality import judge_quality
from modelward.rules.quality_finding import Check, Quality, QualityFinding, QualityVerdict
from modelward.rules.quality_state import QualityWindow, state_of
from modelward.rules.volume import expected_rows, freshness, judge_duplicates, judge_volume
from modelward.stats import CategoricalSummary, NumericSummary, Profile, Summary

MONITOR = Monitor()
NOW = datetime(2026, 3, 2, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
OK, WARNING, FAILED, TOO_FEW = QualityVerdict


def profile(**columns: Summary) -> Profile:
    return Profile(rows=max(summary.rows for summary in columns.values()), columns=columns)


def numbers(n: int = 1000, seed: int = 1, **aside: int) -> NumericSummary:
    return NumericSummary.of(np.random.default_rng(seed).normal(40, 10, n), **aside)


def found(quality: Quality, check: Check, column: str | None = "a") -> QualityFinding:
    return next(entry for entry in quality.findings if (entry.check, entry.column) == (check, column))


def known(value: float | None) -> float:
    assert value is not None
    return value


def judged(reference: Summary, current: Summary, monitor: Monitor = MONITOR) -> Quality:
    return judge_quality(profile(a=reference), profile(a=current), monitor)


def test_data_like_the_reference_has_nothing_wrong_with_it():
    quality = judged(numbers(), numbers(seed=2))
    assert (quality.verdict, quality.reason) == (OK, "nothing is wrong with the data")
    assert {entry.check for entry in quality.findings} >= {Check.MISSING, Check.INVALID, Check.OUT_OF_RANGE}


def test_a_missing_rate_that_rose_by_ten_points_warns_with_counts_and_an_interval():
    quality = judged(numbers(), numbers(900, 2, missing=100))
    missing = found(quality, Check.MISSING)
    assert missing.verdict is WARNING
    assert (missing.count, missing.rows, missing.share) == (100, 1000, 0.1)
    assert known(missing.low) < 0.1 < known(missing.high)
    assert quality.reason == "`a`: 10 % of its values are missing (0 % in the reference)"


def test_four_points_of_missing_values_do_not_matter_however_certain_they_are():
    missing = found(judged(numbers(100_000), numbers(96_000, 2, missing=4_000)), Check.MISSING)
    assert known(missing.p_value) < 1e-9
    assert missing.verdict is OK


def test_eight_points_on_a_few_rows_may_be_chance_and_the_reason_says_so():
    quality = judged(numbers(190, missing=10), numbers(180, 2, missing=22), Monitor(minimum_rows=100))
    missing = found(quality, Check.MISSING)
    assert missing.verdict is OK
    assert "chance may explain it" in missing.reason


def test_an_all_missing_column_fails():
    quality = judged(numbers(), NumericSummary.empty(missing=1000))
    assert quality.verdict is FAILED
    assert "100 % of its values are missing" in quality.reason


def test_a_column_that_was_always_half_empty_is_no_finding():
    assert judged(numbers(500, missing=500), numbers(510, 2, missing=490)).verdict is OK


def test_values_of_a_wrong_type_are_not_missing_but_wrong():
    quality = judged(numbers(), numbers(700, 2, invalid=300))
    assert found(quality, Check.INVALID).verdict is FAILED
    assert found(quality, Check.MISSING).verdict is OK
    assert found(quality, Check.INVALID).count == 300


def test_one_outlier_of_a_million_is_seen_and_alarms_nobody():
    outlier = NumericSummary.of(np.append(np.random.default_rng(2).uniform(20, 60, 999), 1e6))
    beyond = found(judged(numbers(), outlier), Check.OUT_OF_RANGE)
    assert (beyond.verdict, beyond.count) == (OK, 1)
    assert "the farthest is 1,000,000" in beyond.reason


def test_many_values_beyond_the_references_range_warn():
    reference = NumericSummary.of(np.random.default_rng(1).uniform(0, 100, 5000))
    current = NumericSummary.of(np.random.default_rng(2).uniform(0, 104, 5000))
    beyond = found(judged(reference, current), Check.OUT_OF_RANGE)
    assert beyond.verdict is WARNING
    assert beyond.count == pytest.approx(5000 * 4 / 104, rel=0.25)
    assert "above 100" in beyond.reason


def test_the_chance_of_values_beyond_the_range_is_the_share_of_random_splits_that_show_as_many():
    rng = np.random.default_rng(5)
    reached = []
    for _ in range(400):
        values = rng.normal(size=400)
        quality = judged(NumericSummary.of(values[:200]), NumericSummary.of(values[200:]))
        reached.append(known(found(quality, Check.OUT_OF_RANGE).p_value) <= 0.05)
    assert np.mean(reached) <= 0.08


def test_fifty_thousand_categories_without_a_change_are_no_finding():
    rng = np.random.default_rng(3)
    sides = [CategoricalSummary.of([f"c{i}" for i in rng.integers(0, 50_000, 60_000)]) for _ in range(2)]
    assert not sides[0].exact
    assert judged(sides[0], sides[1]).verdict is OK


def test_a_new_category_is_named():
    reference = CategoricalSummary.of(["x", "y"] * 500)
    quality = judged(reference, CategoricalSummary.of(["x", "y"] * 450 + ["z"] * 100))
    assert found(quality, Check.NEW_CATEGORY).verdict is FAILED
    assert "`z`" in quality.reason


@pytest.mark.parametrize("mean", [40.0, 0.0])
def test_a_column_that_is_stuck_fails(mean: float):
    stuck = found(judged(numbers(), NumericSummary.of([mean] * 1000)), Check.CONSTANT)
    assert stuck.verdict is FAILED
    assert "every value is" in stuck.reason


def test_a_column_that_was_always_constant_is_not_stuck():
    assert judged(NumericSummary.of([1.0] * 500), NumericSummary.of([1.0] * 500)).verdict is OK


def test_a_column_that_holds_nearly_one_value_is_stuck_too():
    nearly = NumericSummary.of([40.0] * 998 + [41.0, 42.0])
    assert found(judged(numbers(), nearly), Check.CONSTANT).verdict is FAILED
    assert found(judged(numbers(), NumericSummary.of([40.0] * 900 + list(range(100)))), Check.CONSTANT).verdict is OK


def test_a_window_of_25_rows_is_too_few_and_not_fine():
    quality = judged(numbers(), NumericSummary.empty(missing=25))
    assert quality.verdict is TOO_FEW
    assert quality.reason == "the window has 25 rows; 200 are needed to judge its quality"


def test_columns_that_come_and_go_and_change_their_kind_are_changes_of_the_schema():
    reference = profile(a=numbers(), b=numbers(), c=numbers())
    current = profile(a=numbers(), c=CategoricalSummary.of(["x"] * 1000), d=numbers())
    quality = judge_quality(reference, current, MONITOR)
    verdicts = {entry.column: entry.verdict for entry in quality.findings if entry.check is Check.SCHEMA}
    assert verdicts == {"b": FAILED, "c": FAILED, "d": WARNING}


def test_a_finding_goes_through_json_and_comes_back_the_same():
    for entry in judged(numbers(), numbers(900, 2, missing=100)).findings:
        assert QualityFinding.from_dict(entry.to_dict()) == entry


def test_thirty_columns_of_noise_alarm_in_few_of_a_hundred_windows():
    rng = np.random.default_rng(11)

    def side() -> Profile:
        columns: dict[str, Summary] = {}
        for n in range(30):
            values = rng.normal(size=500)
            values[rng.random(500) < 0.1] = np.nan
            columns[f"c{n}"] = NumericSummary.of(values)
        return Profile(rows=500, columns=columns)

    reference = side()
    assert sum(judge_quality(reference, side(), MONITOR).verdict.alarming for _ in range(100)) <= 3


def volume(rows: int, earlier: Sequence[float], *, closed: bool = True) -> QualityFinding:
    judged_rows = judge_volume(rows, earlier, MONITOR, closed=closed)
    assert judged_rows is not None
    return judged_rows


def repeated(events: int, rows: int, usual: Sequence[float]) -> QualityVerdict:
    again = judge_duplicates(events, rows, usual, MONITOR)
    assert again is not None
    return again.verdict


def test_the_volume_expects_what_earlier_weeks_had():
    earlier = [1000, 1100, 950, 1040, 1010, 990]
    assert volume(1020, earlier).verdict is OK
    lost = volume(400, earlier)
    assert lost.verdict is WARNING
    assert known(lost.low) < known(lost.expected) == pytest.approx(1005, abs=5)
    assert "400 rows, where" in lost.reason
    assert volume(25, earlier).verdict is FAILED
    assert volume(25_000, earlier).verdict is FAILED


def test_an_open_window_has_not_too_few_rows_yet_but_may_have_too_many():
    assert volume(25, [1000] * 6, closed=False).verdict is OK
    assert volume(25_000, [1000] * 6, closed=False).verdict is FAILED


def test_one_broken_week_does_not_move_the_expectation():
    with_hole = expected_rows([1000, 1010, 990, 0, 1005, 995], 0.5)
    assert with_hole is not None
    assert with_hole.usual == pytest.approx(998, abs=10)
    assert with_hole.low > 100


def test_three_weeks_are_no_history():
    assert judge_volume(5, [1000, 1000, 1000], MONITOR, closed=True) is None


def test_poisson_traffic_of_ten_rows_an_hour_is_seldom_an_anomaly():
    rng = np.random.default_rng(8)
    alarms = [volume(int(rng.poisson(10)), rng.poisson(10, 8).tolist()) for _ in range(400)]
    assert sum(entry.verdict.alarming for entry in alarms) <= 4


def test_repetitions_are_held_against_what_is_usual():
    assert judge_duplicates(0, 1000, [], MONITOR) is None
    assert repeated(10, 990, []) is OK
    assert repeated(200, 800, [0.01, 0.0]) is WARNING
    assert repeated(200, 800, [0.19, 0.21]) is OK


def late(silence: timedelta, *, gap: timedelta = HOUR, watched: timedelta = 30 * DAY) -> bool:
    return freshness(
        last_arrival_at=NOW - silence,
        longest_gap=gap,
        watched_since=NOW - watched,
        silent_after=2 * DAY,
        settings=MONITOR,
        now=NOW,
    ).late


def test_events_are_late_after_three_times_the_longest_gap():
    assert not late(2.9 * HOUR)
    assert late(3.1 * HOUR)


def test_a_model_that_sends_every_second_is_given_an_hour():
    assert not late(timedelta(minutes=59), gap=timedelta(seconds=2))
    assert late(timedelta(minutes=61), gap=timedelta(seconds=2))


def test_a_model_of_a_day_has_not_shown_its_nights_yet():
    assert not late(10 * HOUR, gap=timedelta(seconds=2), watched=DAY)
    assert late(3 * DAY, gap=timedelta(seconds=2), watched=DAY)


def window(day: int, *findings: QualityFinding, too_few: bool = False) -> QualityWindow:
    return QualityWindow(NOW + day * DAY, too_few, findings)


def finding(verdict: QualityVerdict, check: Check = Check.MISSING, p_value: float = 0.0) -> QualityFinding:
    return QualityFinding(check, "a", verdict, "`a` is missing", 10, 100, p_value=p_value)


def test_one_warning_is_no_alarm_and_two_of_three_are():
    warned = finding(WARNING)
    assert state_of([window(0), window(1, warned)]).verdict is OK
    state = state_of([window(0, warned), window(1), window(2, warned)])
    assert (state.verdict, state.since) == (WARNING, NOW)
    assert state.reason == "`a` is missing, in 2 of the last 3 closed windows"


def test_one_failed_window_is_an_alarm_and_a_window_of_too_few_rows_does_not_end_it():
    failed = finding(FAILED)
    assert state_of([window(0, failed)]).verdict is FAILED
    assert state_of([window(0, failed), window(1, too_few=True)]).verdict is FAILED
    assert state_of([window(0, failed), window(1)]).verdict is OK


def test_an_open_window_speaks_only_beyond_doubt():
    assert state_of([window(0)], window(1, finding(FAILED, p_value=0.004))).verdict is OK
    assert state_of([window(0)], window(1, finding(FAILED, p_value=1e-6))).verdict is FAILED


def test_the_reference_suggests_what_its_columns_must_be():
    age = NumericSummary.of(np.random.default_rng(1).uniform(10, 90, 1000))
    town = CategoricalSummary.of(["Bonn", "Köln"] * 480, missing=40)
    ident = CategoricalSummary.of([f"id{i}" for i in range(900)])
    first, second, third = suggest(Profile(rows=1000, columns={"age": age, "town": town, "id": ident}))
    assert (first.kind, first.required, first.non_negative, first.unique_share) == ("numeric", True, True, None)
    assert first.minimum == pytest.approx(2, abs=0.5)
    assert first.maximum == pytest.approx(98, abs=0.5)
    assert (second.required, second.allowed) == (False, ("Bonn", "Köln"))
    assert (third.allowed, third.unique_share) == (None, 0.99)


def test_the_reference_keeps_what_it_suggests():
    reference = profile(a=numbers(), b=CategoricalSummary.of(["x", "y"] * 500))
    assert violations(suggest(reference), reference) == []
    assert suggest(profile(a=numbers(100))) == []


def test_each_violation_is_counted():
    current = profile(
        a=NumericSummary.of([-1.0, -2.0, 5.0, 200.0], missing=3, invalid=2),
        b=CategoricalSummary.of(["x", "x", "q", "r"]),
    )
    asked = [
        Constraint("a", "numeric", required=True, minimum=0, maximum=100, non_negative=True),
        Constraint("b", "text", allowed=("x",), unique_share=0.9, severity="warning"),
        Constraint("gone", required=True),
    ]
    counts = {(entry.column, entry.rule): (entry.count, entry.verdict) for entry in violations(asked, current)}
    assert counts == {
        ("a", "required"): (3, FAILED),
        ("a", "kind"): (2, FAILED),
        ("a", "minimum"): (2, FAILED),
        ("a", "maximum"): (1, FAILED),
        ("b", "allowed"): (2, WARNING),
        ("b", "unique_share"): (1, WARNING),
        ("gone", "required"): (9, FAILED),
    }


def test_one_outlier_of_a_million_violates_a_maximum_in_a_compressed_window_too():
    values = np.append(np.random.default_rng(1).uniform(0, 1, 500_000), 1e6)
    (broken,) = violations([Constraint("a", maximum=10.0)], profile(a=NumericSummary.of(values)))
    assert broken.count >= 1
    assert "the highest is 1,000,000" in broken.reason


def test_what_is_tolerated_is_no_violation():
    current = profile(a=numbers(990, missing=10))
    assert violations([Constraint("a", required=True, tolerance=0.02)], current) == []
    assert len(violations([Constraint("a", required=True, tolerance=0.005)], current)) == 1


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"minimum": 2, "maximum": 1}, "minimum is above maximum"),
        ({"minimum": float("nan")}, "a limit must be a number"),
        ({"allowed": ()}, "allowed is empty"),
        ({"allowed": ("x",), "minimum": 1}, "asked to hold numbers"),
        ({"kind": "text", "non_negative": True}, "text has no minimum"),
        ({"unique_share": 2}, "unique_share"),
        ({"tolerance": 1}, "tolerance"),
    ],
)
def test_a_constraint_that_cannot_be_meant_says_why(asked, sentence):
    with pytest.raises(ValueError, match=sentence):
        Constraint("a", **asked)


@pytest.mark.parametrize(
    "setting",
    [
        {"volume_change": 1},
        {"constant_share": 0},
        {"freshness_gaps": 0.5},
        {"duplicate_share": "5"},
        {"out_of_range_share": True},
    ],
)
def test_settings_of_quality_are_checked(setting):
    with pytest.raises(ValueError, match=next(iter(setting))):
        Monitor.from_dict(setting)
