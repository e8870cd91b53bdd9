"""The Model Risk Index: the worked example, and what holds whatever was measured."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelward.rules.risk import (
    ColumnDrift,
    Component,
    FairnessMeasure,
    Unmeasured,
    drift_component,
    fairness_component,
    importances,
    risk_index,
    while_open,
)
from modelward.rules.verdict import Verdict

WEIGHTS = {"drift": 0.6, "fairness": 0.4}

columns = st.lists(
    st.builds(
        ColumnDrift,
        st.uuids().map(str),
        st.sampled_from(Verdict),
        st.none() | st.floats(-0.1, 5),
        st.floats(0, 10),
        st.none() | st.floats(0, 1),
    ),
    max_size=12,
)
measures = st.lists(
    st.builds(FairnessMeasure, st.text(min_size=1, max_size=5), st.floats(0, 1), st.just(0.0), st.just(1.0)),
    max_size=4,
)


def drifted(name: str, psi: float | None, importance: float = 1.0) -> ColumnDrift:
    return ColumnDrift(name, Verdict.DRIFTED if psi is None or psi >= 0.25 else Verdict.WARNING, psi, importance)


def calm(name: str, psi: float = 0.01, importance: float = 1.0) -> ColumnDrift:
    return ColumnDrift(name, Verdict.OK, psi, importance)


def component(found: Component | Unmeasured) -> Component:
    assert isinstance(found, Component)
    return found


def test_the_worked_example_is_64_point_8() -> None:
    drift = drift_component([calm("a"), calm("b"), calm("c")], [drifted("prediction", 0.18)])
    fairness = fairness_component([FairnessMeasure("sex", 0.892, 0.87, 0.91)])
    risk = risk_index([drift, fairness], WEIGHTS)
    assert component(drift).score == 72
    assert component(fairness).score == pytest.approx(54)
    assert risk.score == pytest.approx(64.8)
    assert risk.sentence == "Risk 64.8 = 0.6 × drift 72.0 + 0.4 × fairness 54.0."


def test_columns_are_weighted_by_importance_and_those_that_have_not_drifted_count_nothing() -> None:
    found = component(drift_component([drifted("a", 0.2, 6), *(calm(name, 0.09) for name in "bcd")]))
    assert found.evidence["aggregate_psi"] == pytest.approx(0.2 * 6 / 9, abs=1e-6)
    assert found.score == pytest.approx(160 / 3, abs=1e-3)
    assert [entry.column for entry in found.columns] == ["a"]


def test_a_single_column_cannot_bring_in_more_than_the_limit() -> None:
    found = component(drift_component([drifted("a", 40.0), *(calm(name) for name in "bcdefghi")]))
    assert found.score == pytest.approx(100 / 9 * 2, abs=0.01), "one of nine has drifted, and half of them is the limit"


def test_half_of_the_columns_are_the_limit_however_small_their_shift() -> None:
    found = component(drift_component([drifted("a", 0.1), drifted("b", 0.11), calm("c"), calm("d")]))
    assert (found.score, found.evidence["decided_by"]) == (100, "share")
    assert "2 of 4 columns have drifted (`b` and `a`)" in found.sentence


def test_a_column_that_cannot_be_compared_counts_as_its_verdict() -> None:
    gone = component(drift_component([drifted("gone", None), *(calm(str(n)) for n in range(19))]))
    assert gone.columns[0].points == pytest.approx(100 / 20 * 2)
    fresh = replace(drifted("fresh", None), verdict=Verdict.WARNING)
    assert fresh.counted == 0.1


def test_the_sentence_has_the_psi_of_the_answer_as_it_is_and_not_as_it_is_clipped() -> None:
    found = component(drift_component([calm("a")], [drifted("score", 1.01)]))
    assert found.sentence == "the PSI of `score` is 1.01; 0.25 is the limit"
    assert found.score == 100
    without = component(drift_component([calm("a")], [drifted("score", None)]))
    assert without.sentence == "`score` has changed so that there is no PSI, and counts as 0.25; 0.25 is the limit"


def test_what_was_not_measured_is_left_out_the_rest_is_scaled_and_it_says_so() -> None:
    risk = risk_index([drift_component([drifted("a", 0.3), calm("b")]), fairness_component([])], WEIGHTS)
    assert risk.score == 100
    assert risk.components[0].weight == 1
    assert "left out: fairness, because no protected attribute has enough rows" in risk.sentence


def test_nothing_measured_is_no_risk_of_zero() -> None:
    risk = risk_index([drift_component([]), fairness_component([])], WEIGHTS)
    assert risk.score is None
    assert risk.sentence.startswith("The risk is not known: drift, because no window has enough rows")


def test_a_part_without_weight_is_neither_counted_nor_missed() -> None:
    risk = risk_index([drift_component([calm("a")]), fairness_component([])], {"drift": 1.0, "fairness": 0.0})
    assert (risk.score, risk.unmeasured) == (0, ())


def test_the_worst_attribute_speaks_for_fairness() -> None:
    found = component(fairness_component([FairnessMeasure("age", 0.95, 0, 1), FairnessMeasure("sex", 0.7, 0.6, 0.8)]))
    assert (found.score, found.evidence["attribute"]) == (100, "sex")


def test_an_open_window_counts_only_columns_at_the_strong_level_that_chance_does_not_explain() -> None:
    strong = ColumnDrift("strong", Verdict.DRIFTED, 0.5, p_value=1e-9)
    luck = ColumnDrift("luck", Verdict.DRIFTED, 0.5, p_value=0.01)
    mild = ColumnDrift("mild", Verdict.WARNING, 0.2, p_value=1e-9)
    found = while_open([strong, luck, mild])
    assert [column.verdict for column in found] == [Verdict.DRIFTED, Verdict.OK, Verdict.OK]


def test_importances_are_completed_by_their_mean_and_alike_where_none_is_known() -> None:
    assert importances(["a", "b", "c"], {"a": 1, "b": 3}) == {"a": 1, "b": 3, "c": 2}
    assert importances(["a", "b"], {"elsewhere": 5}) == {"a": 1, "b": 1}
    assert importances(["a", "b"], {"a": 0}) == {"a": 1, "b": 1}


@given(columns, columns, measures, st.floats(0, 1), st.floats(0, 1))
def test_the_index_lies_between_0_and_100_and_is_the_sum_of_its_parts(
    features: list[ColumnDrift], answers: list[ColumnDrift], fair: list[FairnessMeasure], one: float, other: float
) -> None:
    risk = risk_index([drift_component(features, answers), fairness_component(fair)], {"drift": one, "fairness": other})
    if risk.score is None:
        assert not risk.components
        return
    assert 0 <= risk.score <= 100
    assert sum(part.weight for part in risk.components) == pytest.approx(1)
    assert risk.score == pytest.approx(sum(part.points for part in risk.components), abs=1e-3)
    assert min(part.score for part in risk.components) - 1e-3 <= risk.score
    assert risk.score <= max(part.score for part in risk.components) + 1e-3


@given(columns, columns)
def test_the_columns_contributions_are_the_points_of_drift(
    features: list[ColumnDrift], answers: list[ColumnDrift]
) -> None:
    found = drift_component(features, answers)
    if isinstance(found, Component):
        assert math.fsum(entry.points for entry in found.columns) == pytest.approx(found.score, abs=0.01)
        assert [entry.points for entry in found.columns] == sorted((e.points for e in found.columns), reverse=True)


@given(columns.filter(bool), st.integers(0, 11), st.floats(0.25, 5))
def test_another_column_that_drifts_never_lowers_drift(features: list[ColumnDrift], at: int, psi: float) -> None:
    worse = list(features)
    chosen = worse[at % len(worse)]
    if chosen.verdict is Verdict.TOO_FEW:
        return
    worse[at % len(worse)] = replace(chosen, verdict=Verdict.DRIFTED, psi=max(psi, chosen.psi or 0))
    assert component(drift_component(worse)).score >= component(drift_component(features)).score - 1e-3


@given(columns)
def test_columns_with_too_few_rows_change_nothing(features: list[ColumnDrift]) -> None:
    judged = [column for column in features if column.verdict is not Verdict.TOO_FEW]
    assert drift_component(features) == drift_component(judged)
