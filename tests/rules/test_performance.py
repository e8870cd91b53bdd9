import math
from datetime import UTC, datetime, timedelta

import pytest

from modelward.rules.concept_drift import concept_drift, parted, usual_gap
from modelward.rules.monitor import Monitor
from modelward.rules.performance import (
    Labelled,
    PerformanceVerdict,
    Standard,
    judge_history,
    judge_performance,
)
from modelward.stats import Metric

START = datetime(2026, 3, 2, tzinfo=UTC)
GIVEN = {"accuracy": Standard(0.9, 0.9, 0.9, "given at registration")}
ALL = Labelled(1000, 1000)


def accuracy(value: float, half: float = 0.02) -> dict[str, Metric]:
    return {"accuracy": Metric(value, value - half, value + half, 1000, "wilson")}


def judged(known: Labelled, measured=None, estimated=None, standards=None):
    return judge_performance(
        known,
        measured or {},
        estimated or {},
        GIVEN if standards is None else standards,
        fall=0.15,
        coverage=0.8,
        minimum=200,
    )


@pytest.mark.parametrize(
    ("value", "half", "verdict"),
    [
        (0.91, 0.02, "ok"),
        (0.80, 0.02, "ok"),  # A fall, but of less than 15 %.
        (0.70, 0.02, "fallen"),
        (0.75, 0.05, "warning"),  # Beyond the limit of 0.765, and surely below 0.9, but perhaps not by 15 %.
        (0.75, 0.20, "ok"),  # It could be anything.
    ],
)
def test_a_fall_counts_when_its_whole_interval_lies_beyond_the_limit(value, half, verdict) -> None:
    found = judged(ALL, accuracy(value, half))
    assert (found.verdict, found.metric) == (verdict, "accuracy")
    assert "given at registration" in found.reason


@pytest.mark.parametrize(
    ("known", "verdict"),
    [
        (Labelled(1000, 0), "no_labels"),
        (Labelled(1000, 500), "partial"),
        (Labelled(1000, 799), "partial"),
        (Labelled(150, 150), "too_few"),
        (Labelled(0, 0), "no_labels"),
    ],
)
def test_a_window_that_is_not_labelled_well_is_never_bad(known, verdict) -> None:
    found = judged(known, accuracy(0.1))
    assert found.verdict == verdict
    assert not found.verdict.alarming


def test_an_error_that_grows_is_a_fall() -> None:
    standards = {"mean_absolute_error": Standard(10.0, 9.8, 10.2, "measured on the reference")}
    worse = {"mean_absolute_error": Metric(13.0, 12.5, 13.5, 1000)}
    better = {"mean_absolute_error": Metric(5.0, 4.5, 5.5, 1000)}
    assert judged(ALL, worse, standards=standards).verdict is PerformanceVerdict.FALLEN
    assert judged(ALL, better, standards=standards).verdict is PerformanceVerdict.OK


def test_the_worst_metric_decides() -> None:
    standards = {**GIVEN, "roc_auc": Standard(0.9, 0.88, 0.92, "measured on the reference")}
    found = judged(ALL, {**accuracy(0.9), "roc_auc": Metric(0.6, 0.55, 0.65, 1000)}, standards=standards)
    assert (found.verdict, found.metric) == (PerformanceVerdict.FALLEN, "roc_auc")


def test_without_a_standard_the_sentence_says_what_to_give() -> None:
    found = judged(ALL, accuracy(0.5), standards={})
    assert found.verdict is PerformanceVerdict.NO_BASELINE
    assert "training_accuracy" in found.reason


def test_a_metric_that_does_not_exist_is_not_judged() -> None:
    nothing = {"accuracy": Metric.undefined("There are no rows.", n=0)}
    assert judged(ALL, nothing).verdict is PerformanceVerdict.NO_BASELINE


def test_an_estimate_may_warn_but_only_while_there_are_no_labels() -> None:
    assert judged(Labelled(1000, 0), estimated=accuracy(0.6)).verdict is PerformanceVerdict.ESTIMATED_FALL
    assert judged(Labelled(1000, 0), estimated=accuracy(0.88)).verdict is PerformanceVerdict.NO_LABELS
    assert judged(ALL, accuracy(0.9), accuracy(0.6)).verdict is PerformanceVerdict.OK


def test_what_is_estimated_until_labels_come_is_said_even_when_it_is_fine() -> None:
    assert "; estimated until then: Accuracy 0.88 (" in judged(Labelled(1000, 0), estimated=accuracy(0.88)).reason
    assert "; estimated until then: Accuracy 0.88 (" in judged(Labelled(1000, 300), estimated=accuracy(0.88)).reason
    assert "estimated" not in judged(Labelled(100, 0), estimated=accuracy(0.88)).reason


def test_the_history_needs_one_fall_or_two_warnings_of_three() -> None:
    def history(*verdicts: str):
        days = [(START + timedelta(days=n), PerformanceVerdict(v), v) for n, v in enumerate(verdicts)]
        found = judge_history(days)
        return found and found[0]

    assert history("ok", "ok", "fallen") == "fallen"
    assert history("fallen", "ok") == "ok"
    assert history("warning", "ok") == "ok"
    assert history("warning", "ok", "warning") == "warning"
    assert history("ok", "estimated_fall", "estimated_fall") == "estimated_fall"
    assert history("ok", "estimated_fall", "no_labels", "partial") == "ok"
    assert history("no_labels", "partial") is None


def test_truth_and_estimate_part_when_intervals_do_not_meet_and_the_gap_matters() -> None:
    names = ["accuracy"]
    assert parted(accuracy(0.6), accuracy(0.9), names) is True
    assert parted(accuracy(0.88), accuracy(0.9), names) is False
    assert parted(accuracy(0.88, 0.001), accuracy(0.9, 0.001), names) is False  # Millions of rows see every grain.
    assert parted({}, accuracy(0.9), names) is None
    assert parted(accuracy(0.8), accuracy(0.9), names, usual={"accuracy": 0.15}) is False
    assert parted({"accuracy": Metric(math.nan, math.nan, math.nan, 0)}, accuracy(0.9), names) is None


def test_windows_of_the_basis_say_what_truth_and_estimate_usually_differ_by() -> None:
    assert usual_gap([0.02, -0.02, 0.02, -0.02, 0.02]) == pytest.approx(0.06)
    assert usual_gap([0.5, 0.5]) == 0.0


def test_concept_drift_needs_two_windows_of_three_and_ends_when_they_agree_again() -> None:
    def since(*apart: bool | None):
        return concept_drift([(START + timedelta(days=n), value) for n, value in enumerate(apart)]).since

    assert since(False, True, False) is None
    assert since(False, True, False, True) == START + timedelta(days=1)
    assert since(True, None, None, True) == START
    assert since(True, True, False, False) is None
    assert since() is None


@pytest.mark.parametrize(
    "settings",
    [
        {"performance_fall": 0},
        {"label_coverage": 1.5},
        {"fairness_limit": "high"},
        {"protected": "sex"},
        {"protected": ["a"] * 11},
        {"protected": 5},
        {"protected_edges": {"age": [30, 20]}},
        {"protected_edges": {"age": []}},
        {"protected_edges": [30]},
        {"minimum_group": 0},
        {"minimum_group": True},
        {"positive": 1},
    ],
)
def test_settings_that_cannot_be_meant_are_refused_in_a_sentence(settings) -> None:
    with pytest.raises(ValueError, match=r"\w+ \w+ \w+"):
        Monitor.from_dict(settings)


def test_the_settings_survive_their_json() -> None:
    chosen = Monitor(
        protected=("sex", "age"), protected_edges={"age": (30.0, 50.0)}, positive="yes", label_coverage=0.5
    )
    assert Monitor.from_dict(chosen.to_dict()) == chosen
