"""Many parts judged at once: what one look would call a fall is none when twenty are looked at, unless it is large."""

from functools import partial

import numpy as np
import pytest

from modelward.rules.concept_drift import contradicted, parted
from modelward.rules.fairness import FairnessVerdict, groups_looked_at, judge_groups
from modelward.rules.family import family_confidence, widening
from modelward.rules.outcome_metrics import measured
from modelward.rules.performance import Labelled, Standard, judge_performance, looks_at, standards_of_part
from modelward.rules.segment_ranking import ERROR_RATE, ranked_by_loss, ranking_json
from modelward.stats import Confusion, GroupOutcomes, Metric, NumericSummary, Outcome

NOTHING = NumericSummary.of(np.empty(0))


def metric(value: float, half: float) -> dict[str, Metric]:
    return {"accuracy": Metric(value, value - half, value + half, 300, "wilson")}


def verdict(value: float, half: float, *, looks: int, standard: float = 0.9) -> str:
    found = judge_performance(
        Labelled(300, 300),
        metric(value, half),
        {},
        {"accuracy": Standard(standard, standard - half, standard + half, "of the reference")},
        fall=0.15,
        coverage=0.8,
        minimum=200,
        looks=looks,
    )
    assert ("no more than chance explains" in found.reason) == (found.verdict == "ok" and value < 0.85 * standard)
    return found.verdict


@pytest.mark.parametrize(
    ("value", "half", "looks", "expected"),
    [
        (0.70, 0.04, 1, "fallen"),
        (0.68, 0.04, 40, "fallen"),
        (0.70, 0.07, 40, "warning"),  # The interval reaches above the limit, but the difference is no chance.
        (0.76, 0.10, 40, "ok"),
        (0.70, 0.15, 40, "ok"),
        (0.80, 0.01, 40, "ok"),  # Less than 15 %, however sure.
    ],
)
def test_a_part_has_fallen_only_beyond_what_chance_makes_of_all_parts(value, half, looks, expected) -> None:
    assert verdict(value, half, looks=looks) == expected


def test_the_standard_of_a_part_needs_as_many_rows_as_a_verdict() -> None:
    none, found = (
        standards_of_part(metric(0.9, 0.02), labelled, "binary", minimum=200, source="of the same part")
        for labelled in (199, 200)
    )
    assert none == {}
    assert found["accuracy"].value == 0.9
    assert looks_at([(500, found), (500, found), (100, found), (500, {})], 200) == 2
    assert looks_at([], 200) == 1


def test_twenty_equal_parts_are_hardly_ever_called_worse() -> None:
    """200 looks at 20 parts of 250 rows, at a level of 1 % before the limit of 15 % is asked for."""
    rng, alarms, alone = np.random.default_rng(4), 0, 0
    for _ in range(200):
        right = rng.binomial(250, 0.6, (2, 20)) / 250
        half = 1.96 * np.sqrt(right * (1 - right) / 250)
        sides = list(zip(right.T, half.T, strict=True))
        for looks in (1, 20):
            found = [
                judge_performance(
                    Labelled(250, 250),
                    metric(now, wide),
                    {},
                    {"accuracy": Standard(before, before - slack, before + slack, "")},
                    fall=0.05,
                    coverage=0.8,
                    minimum=200,
                    looks=looks,
                ).verdict
                for (before, now), (slack, wide) in sides
            ]
            alarming = any(one.alarming for one in found)
            alarms, alone = alarms + (alarming and looks > 1), alone + (alarming and looks == 1)
    assert alarms <= 6
    assert alone > 60


def groups(*selected: tuple[int, int]) -> GroupOutcomes:
    prediction = [v for chosen, rows in selected for v in [1] * chosen + [0] * (rows - chosen)]
    names = [f"g{place}" for place, (_, rows) in enumerate(selected) for _ in range(rows)]
    return GroupOutcomes.of(None, prediction, names)


def test_groups_of_one_of_many_parts_are_unfair_only_beyond_what_chance_makes_of_all() -> None:
    judged = partial(judge_groups, minimum=30, limit=0.8)
    some, clear = groups((100, 250), (60, 250)), groups((500, 1000), (250, 1000))
    assert judged(some).verdict is FairnessVerdict.UNFAIR
    found = judged(some, looks=60)
    assert found.verdict is FairnessVerdict.NOT_ENOUGH
    assert "when so many parts are judged at once" in found.reason
    assert judged(clear, looks=60).verdict is FairnessVerdict.UNFAIR
    assert groups_looked_at([some, clear, groups((5, 20), (50, 100))], 30) == 2


def test_an_estimate_that_contradicts_the_very_rows_it_is_of_is_known_by_its_metric() -> None:
    real = metric(0.9, 0.02) | {"roc_auc": Metric(0.8, 0.78, 0.82, 300)}
    expected = metric(0.8, 0.02) | {"roc_auc": Metric(0.81, 0.79, 0.83, 300)}
    assert contradicted(real, expected, ("accuracy", "roc_auc", "f1")) == {"accuracy"}
    surer, other = metric(0.9, 0.04), metric(0.8, 0.04)
    assert parted(surer, other, ["accuracy"])
    assert not parted(surer, other, ["accuracy"], looks=40)


def test_intervals_are_widened_by_what_so_many_looks_need() -> None:
    assert widening(0) == widening(1) == 1.0
    assert widening(2) < widening(20) < widening(1000) < 3
    assert widening(20, 0.05) < widening(20)
    assert family_confidence(0) == family_confidence(1) == 0.95


def outcome(right: int, wrong: int) -> Outcome:
    truth = np.array([1.0] * right + [0.0] * wrong)
    return Outcome(right + wrong, right + wrong, NOTHING, Confusion.of_binary(truth, np.ones(right + wrong)))


def test_parts_are_ranked_by_the_error_rate_where_there_are_no_scores() -> None:
    found = ranked_by_loss({"north": outcome(450, 50), "south": outcome(300, 200), "west": outcome(0, 0)}, "binary")
    assert found is not None
    assert (found.loss, found.worse) == (ERROR_RATE, ("south",))
    assert found.whole.statistic == pytest.approx(0.25)
    assert [one["value"] for one in ranking_json(found)["segments"]] == pytest.approx([0.4, 0.1])
    assert measured(outcome(3, 1), "binary")["accuracy"].statistic == 0.75


def test_without_any_outcome_nothing_is_ranked() -> None:
    assert ranked_by_loss({"north": outcome(0, 0)}, "binary") is None
    assert ranking_json(None) == {"loss": None, "whole": None, "segments": []}
