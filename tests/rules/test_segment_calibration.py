"""By which windows a part is judged: its own, else those of all parts, else those of the whole; and that it says so."""

import numpy as np

from modelward.rules.calibration import Calibration, Whose, calibrate
from modelward.rules.comparison import compare_profiles
from modelward.rules.monitor import Monitor
from modelward.rules.segment_calibration import part_calibrations, pooled
from modelward.rules.segments import Segments, compare_segments
from modelward.stats import Profile

MONITOR = Monitor(minimum_rows=100)


def days(rng: np.random.Generator, count: int, *, spread: float) -> list[Profile]:
    """Days whose level differs from day to day, by so much."""
    return [
        Profile.of({"x": rng.normal(rng.normal(0, spread), 1, 200), "steady": rng.normal(size=200)})
        for _ in range(count)
    ]


def yardstick(blocks: list[Profile], monitor: Monitor = MONITOR) -> Calibration:
    made = calibrate(blocks, monitor, fewest=2)
    assert made is not None
    return made


def judged(
    parts: dict[str, list[Profile]], now: dict[str, Profile], monitor: Monitor = MONITOR, *, calibrated: bool = True
) -> Segments:
    before = {name: Profile.merge(blocks) for name, blocks in parts.items()}
    whole = compare_profiles(Profile.merge(list(before.values())), Profile.merge(list(now.values())), MONITOR)
    own = {name: yardstick(blocks, monitor) for name, blocks in parts.items()}
    known = part_calibrations("by", now, own, None, monitor.minimum_rows) if calibrated else None
    return compare_segments("by", before, now, whole, monitor, calibrations=known)


def test_a_restless_part_and_a_quiet_one_are_each_judged_by_their_own_days() -> None:
    rng = np.random.default_rng(1)
    parts = {"restless": days(rng, 40, spread=1.0), "quiet": days(rng, 40, spread=0.05)}
    now = {name: Profile.of({"x": rng.normal(1.3, 1, 200), "steady": rng.normal(size=200)}) for name in parts}
    assert judged(parts, now, calibrated=False).drifted == ("restless", "quiet")
    found = judged(parts, now)
    assert found.drifted == ("quiet",)
    assert found.yardsticks["quiet"] == "Its yardstick: 40 windows of this segment in the reference."
    assert found.comparisons["quiet"].reason.endswith(found.yardsticks["quiet"])
    reasons = {name: one.columns[0].reason for name, one in found.comparisons.items()}
    assert "none of 40 windows of this segment in the reference is as far off" in reasons["quiet"]
    assert reasons["restless"].endswith("no more than this segment's own windows in the reference among themselves")
    assert found.to_dict()["yardsticks"] == found.yardsticks


def test_a_part_of_few_days_is_judged_by_the_days_of_all_and_says_so() -> None:
    rng = np.random.default_rng(2)
    parts = {"a": days(rng, 30, spread=1.0), "b": days(rng, 30, spread=1.0), "new": days(rng, 5, spread=1.0)}
    now = {"new": Profile.of({"x": rng.normal(1.3, 1, 200), "steady": rng.normal(size=200)})}
    found = judged(parts, now).comparisons["new"]
    assert not found.verdict.alarming
    assert found.reason.endswith(
        "Its yardstick: 65 windows of all segments in the reference, "
        "since fewer than 20 windows of this segment (5) hold 100 rows."
    )
    assert "no more than windows of all segments in the reference among themselves" in found.columns[0].reason


def test_where_no_part_has_days_enough_the_whole_lends_its_own_but_not_for_what_divides() -> None:
    rng = np.random.default_rng(3)
    whole = yardstick(
        [Profile.of({"x": rng.normal(size=200), "by": rng.choice(["a", "b"], 200).tolist()}) for _ in range(30)]
    )
    (known,) = part_calibrations("by", ["a"], {"a": yardstick(days(rng, 3, spread=1.0))}, whole, 100).values()
    assert known.calibration is not None
    assert known.calibration.figures.keys() == {"x"}
    assert known.calibration.whose_of("x") is Whose.REFERENCE
    assert known.said.startswith("Its yardstick: 30 windows of the reference, since fewer than 20 windows of this")
    (none,) = part_calibrations("by", ["a"], {}, None, 100).values()
    assert none.calibration is None
    assert none.said.startswith("It has no yardstick of the reference's own windows: fewer than 20 windows")


def test_a_column_that_came_late_borrows_alone() -> None:
    rng = np.random.default_rng(4)
    late = [
        Profile.of({"x": rng.normal(size=200), **({"y": rng.normal(size=200)} if day > 25 else {})})
        for day in range(30)
    ]
    other = [Profile.of({"x": rng.normal(size=200), "y": rng.normal(size=200)}) for _ in range(30)]
    own = {"late": yardstick(late), "other": yardstick(other)}
    known = part_calibrations("by", own, own, None, 100)["late"]
    assert known.calibration is not None
    assert (known.calibration.whose_of("x"), known.calibration.whose_of("y")) == (Whose.SEGMENT, Whose.SEGMENTS)
    assert known.said == (
        "Its yardstick: 30 windows of this segment in the reference, "
        "for `y` 60 windows of all segments in the reference."
    )
    assert known.calibration.known("y", "psi").size
    assert not known.calibration.learned_from("y", "psi").size


def test_the_chance_of_a_window_is_shared_by_all_parts_of_it() -> None:
    made = yardstick(days(np.random.default_rng(5), 40, spread=1.0))
    assert made.among(20).limit("x", "psi") > made.limit("x", "psi")
    assert pooled([yardstick(days(np.random.default_rng(6), 9, spread=1.0))] * 2) is None


def test_a_threshold_is_learned_from_a_part_s_own_days_or_the_reason_says_why_not() -> None:
    rng = np.random.default_rng(7)
    parts = {"a": days(rng, 40, spread=1.0), "new": days(rng, 5, spread=1.0)}
    now = {name: Profile.of({"x": rng.normal(8.0, 1, 200), "steady": rng.normal(size=200)}) for name in parts}
    monitor = Monitor(minimum_rows=100, thresholds={"x": "mean+3sd"})
    found = judged(parts, now, monitor)
    shown = yardstick(parts["a"]).known("x", "psi")
    a, new = (found.comparisons[name].columns[0] for name in parts)
    assert a.threshold == shown.mean() + 3 * shown.std(ddof=1)
    assert "no threshold" not in a.reason
    said = "no threshold could be learned, for which 20 windows of this segment in the reference are needed"
    assert new.reason.endswith(f"; {said}: the usual one holds")
    assert said not in found.comparisons["new"].columns[1].reason


def test_a_named_test_learns_its_limit_in_each_part_and_gives_way_where_it_cannot() -> None:
    rng = np.random.default_rng(8)
    parts = {"a": days(rng, 40, spread=0.3), "new": days(rng, 5, spread=0.3)}
    now = {name: Profile.of({"x": rng.normal(3.0, 1, 200), "steady": rng.normal(size=200)}) for name in parts}
    monitor = Monitor(minimum_rows=100, tests={"x": "wasserstein"}, thresholds={"x": "quantile:0.9"})
    found = judged(parts, now, monitor)
    a, new = (found.comparisons[name].columns[0] for name in parts)
    assert (a.method, a.drifted) == ("wasserstein", True)
    assert new.method == "psi"
    assert "no limit of wasserstein could be learned yet" in new.reason
