"""What the tabs say where there is little to say: one group alone, nothing suggested, columns that nobody judges."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from modelward.monitoring.performance_readings import (
    AttributeView,
    FairnessPoint,
    FairnessView,
    Interval,
    PerformancePoint,
)
from modelward.rules.segments import clause_of
from modelward.web.charts.certainty import Sure
from modelward.web.views.constraints import constraints_tab
from modelward.web.views.fairness import fairness_tab
from modelward.web.views.head_figures import performance_figure
from modelward.web.views.naming import column_title
from modelward.web.views.performance import early_of, sure_of
from modelward.web.views.quality import most_missing

DAY = datetime(2026, 3, 2, tzinfo=UTC)
UTC_ZONE = ZoneInfo("UTC")


def alone() -> FairnessView:
    """An attribute of which one group alone is large enough."""
    point = FairnessPoint(
        DAY, DAY + timedelta(1), True, "not_enough_rows", "only Bonn has 30 rows", 300, 0, 1.0, 1.0, 1.0
    )
    score = {"value": 1.0, "low": 1.0, "high": 1.0, "lowest": "Bonn", "highest": "Bonn", "left_out": ["Ulm"]}
    group = {"group": "Bonn", "rows": 300, "selection_rate": {"value": 0.4, "low": 0.3, "high": 0.5}}
    view = AttributeView(
        "town", "not_enough_rows", "only Bonn", None, point, {"fairness_score": score}, (group,), (point,)
    )
    return FairnessView("day", "not_enough_rows", "only Bonn", 0.8, None, 30, (view,), ())


def test_one_group_alone_has_no_fairness_score_of_1() -> None:
    view = alone()
    tab = fairness_tab(view, zone=UTC_ZONE, link=str, chosen=view.attributes[0])
    assert tab.figures[0].value == "–"
    assert tab.open is not None
    assert tab.open.history is None, "no line is drawn at 1"
    assert tab.open.disparities[0][1:4] == ("–", "", "Only Bonn is large enough, and is not compared with itself.")
    assert tab.open.bars is not None
    assert "of Bonn" not in tab.open.bars, "no limit that it would be held to"


def test_a_segment_that_alone_can_be_judged_is_not_none_of_1() -> None:
    assert clause_of(["a", "b"], "plan", 2, unjudged=1) == "in both segments of `plan` that have enough rows"
    assert clause_of(["a", "b"], "plan", 2) == "in both segments of `plan`"
    assert clause_of([], "plan", 1) == "not in the one segment of `plan` that can be judged"


def test_constraints_without_a_reference_say_what_makes_suggestions() -> None:
    tab = constraints_tab({"suggested": [], "in_force": []}, [], ["age"], link=str)
    assert "A reference of 200 rows will suggest some" in tab.sentence


@pytest.mark.parametrize(
    ("column", "title"),
    [("@score", "score"), ("@@score:NO", "score of NO"), ("@@mail", "@mail"), ("@@score", "@score"), ("age", "age")],
)
def test_the_probability_of_a_class_has_a_name_that_people_read(column: str, title: str) -> None:
    assert column_title(column) == title


def test_what_is_missing_most_is_named_and_neither_ignored_nor_an_outcome_to_come() -> None:
    columns = {"label": {"missing_rate": 1.0}, "wind": {"missing_rate": 1.0}, "age": {"missing_rate": 0.1}}
    assert most_missing(columns, {"wind"}) == (0.1, "age")
    assert most_missing({"age": {"missing_rate": 0.0}}, ()) == (0.0, "")


def test_a_model_opens_with_what_is_known_of_its_performance() -> None:
    point = PerformancePoint(
        DAY, DAY + timedelta(1), True, "partial", "fallen", "", 400, 100, 0.25, "accuracy",
        Interval(0.61, 0.55, 0.67), Interval(0.7, 0.6, 0.8), True, False,
    )  # fmt: skip
    assert sure_of(replace(point, verdict="fallen")) == Sure(0.61, 0.55, 0.67, "partial")
    for early in ("partial", "too_few", "estimated_fall"):
        of_few = replace(point, verdict=early)
        assert sure_of(of_few) == Sure(0.7, 0.6, 0.8, "estimate")
        assert early_of(of_few) == Sure(0.61, 0.55, 0.67, "early")
        assert sure_of(replace(of_few, estimated=None)) is None
    figure = performance_figure(point, UTC_ZONE)
    assert (figure.name, figure.value, figure.slug) == ("Accuracy", "0.610", "drifted")
    assert figure.note == "of 25\u202f% of the outcomes, Mon 2 Mar 2026"
    assert performance_figure(None, UTC_ZONE).note == "no outcome is known yet"
