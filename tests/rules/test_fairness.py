import numpy as np

from modelward.rules.fairness import FairnessVerdict, judge_fairness, judge_fairness_history
from modelward.stats import fairness_score


def score(*groups: tuple[int, int], minimum: int = 30):
    prediction = [value for selected, rows in groups for value in [1] * selected + [0] * (rows - selected)]
    group = [f"g{n}" for n, (_, rows) in enumerate(groups) for _ in range(rows)]
    return fairness_score(None, prediction, group, minimum=minimum)


def test_a_large_difference_on_many_rows_is_unfair() -> None:
    found = judge_fairness(score((2000, 10_000), (1000, 10_000)), limit=0.8)
    assert found.verdict is FairnessVerdict.UNFAIR
    assert "g1 is selected 0.5 times as often as g0" in found.reason


def test_the_same_difference_on_few_rows_is_not_enough_to_say() -> None:
    found = judge_fairness(score((20, 100), (14, 100)), limit=0.8)
    assert found.verdict is FairnessVerdict.NOT_ENOUGH
    assert found.reason.startswith("not enough rows to say")


def test_equal_groups_are_fair_and_small_ones_are_not_compared() -> None:
    assert judge_fairness(score((2000, 10_000), (2010, 10_000)), limit=0.8).verdict is FairnessVerdict.FAIR
    assert judge_fairness(score((20, 29), (0, 29)), limit=0.8).verdict is FairnessVerdict.NOT_ENOUGH


def test_one_group_alone_is_never_unfair() -> None:
    found = judge_fairness(score((20, 100)), limit=0.8)
    assert found.verdict is FairnessVerdict.NOT_ENOUGH


def test_a_promise_at_registration_is_held_beyond_the_interval() -> None:
    some = score((2000, 10_000), (1780, 10_000))
    assert judge_fairness(some, limit=0.8, baseline=0.97).verdict is FairnessVerdict.BELOW_BASELINE
    assert judge_fairness(some, limit=0.8, baseline=0.9).verdict is FairnessVerdict.FAIR
    assert judge_fairness(some, limit=0.8).verdict is FairnessVerdict.FAIR


def test_two_of_three_windows_that_say_anything_make_it_so_of_the_model() -> None:
    def history(*verdicts: str):
        found = judge_fairness_history([(FairnessVerdict(verdict), verdict) for verdict in verdicts])
        return found and found[0]

    assert history("not_enough_rows") is None
    assert history("unfair") is None
    assert history("fair", "unfair") == "fair"
    assert history("unfair", "not_enough_rows", "not_enough_rows", "unfair") == "unfair"
    assert history("unfair", "unfair", "fair", "fair") == "fair"


def test_five_equal_groups_of_a_hundred_are_never_called_unfair_by_chance() -> None:
    """Their worst ratio is below 0.8 in 93 % of draws."""
    rng = np.random.default_rng(5)
    found = [
        judge_fairness(score(*((int(n), 100) for n in rng.binomial(100, 0.2, 5))), limit=0.8).verdict
        for _ in range(200)
    ]
    assert found.count(FairnessVerdict.NOT_ENOUGH) > 150
    assert found.count(FairnessVerdict.UNFAIR) <= 6
