"""JSON by its published schema, JUnit XML, Plotly figures, and the files they are saved to."""

import json
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from tests.report import tables

import modelward
from modelward.errors import Invalid, Unavailable

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "report.schema.json").read_text(encoding="utf-8"))
CHECK = jsonschema.Draft202012Validator(SCHEMA)


def closed(schema):
    """The schema with no room for what it does not name: what we write today is described wholly."""
    if isinstance(schema, dict):
        strict = {key: closed(value) for key, value in schema.items()}
        return {"additionalProperties": False, **strict} if "properties" in schema else strict
    return [closed(value) for value in schema] if isinstance(schema, list) else schema


@pytest.mark.parametrize("name", tables.REPORTS)
def test_every_report_is_as_the_schema_says(name):
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    wire = json.loads(tables.REPORTS[name]().to_json())
    CHECK.validate(wire)
    jsonschema.Draft202012Validator(closed(SCHEMA)).validate(wire)


@pytest.mark.parametrize("config", [{"tests": "psi"}, {"tests": {"distance": "ks"}, "thresholds": {"distance": 0.01}}])
def test_reports_by_named_tests_and_of_odd_columns_are_as_the_schema_says(config):
    odd = {"distance": [1.0, np.inf, np.nan, 3.0] * 100, "gone": ["a"] * 400, "void": [None] * 400, "swap": [1] * 400}
    now = {"distance": [2.0, -np.inf] * 200, "new": ["b"] * 400, "void": [None] * 400, "swap": ["x"] * 400}
    CHECK.validate(modelward.compare(odd, now, config=config, protected=["gone"]).to_dict())


def test_the_schema_refuses_what_is_no_report():
    wire = tables.plain().to_dict()
    spoils: list[dict[str, object]]
    spoils = [{"verdict": "fine"}, {"columns": [{}]}, {"rows_current": -1}, {"left_out": {"x": 3}}]
    for spoil in spoils:
        assert not CHECK.is_valid({**wire, **spoil})


def test_junit_has_a_case_for_every_column_and_a_drift_is_a_failure_with_its_reason():
    suite = ET.fromstring(tables.plain().to_junit())[0]
    cases = {case.get("name"): case for case in suite}
    assert {name: [part.tag for part in case] for name, case in cases.items()} == {
        "distance": ["failure"],
        "moderate": ["system-out"],
        "new": ["system-out"],
        "fine": [],
        "town": [],
        "when": ["skipped"],
    }
    assert "a factor of 1.61 (PSI 0.66)" in (cases["distance"][0].get("message") or "")
    assert "psi 0.66" in (cases["distance"][0].text or "")
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("6", "1", "1")


def test_junit_skips_what_has_too_few_rows_and_is_xml_whatever_the_names():
    assert [part.tag for part in ET.fromstring(tables.few().to_junit())[0][0]] == ["skipped"]
    names = [case.get("name") for case in ET.fromstring(tables.hostile().to_junit())[0]]
    assert tables.SCRIPT in names
    assert len(names) == 11


@pytest.mark.parametrize(
    ("ending", "begins"), [("html", "<!doctype html>"), ("json", "{"), ("md", "### "), ("xml", "<?xml")]
)
def test_the_ending_of_a_file_decides_its_format(ending, begins, tmp_path):
    path = tables.hostile().save(str(tmp_path / f"report.{ending.upper()}"))
    assert path.read_text(encoding="utf-8").startswith(begins)


def test_another_ending_is_refused_in_a_sentence(tmp_path):
    with pytest.raises(Invalid, match=r"end in \.html, \.json, \.md or \.xml"):
        tables.few().save(tmp_path / "report.pdf")


def test_a_figure_draws_both_sides_in_common_cells():
    pytest.importorskip("plotly")
    report = tables.plain()
    figure = report.figure("distance")
    assert [bar.name for bar in figure.data] == ["reference", "current"]
    assert sum(figure.data[0].y) == pytest.approx(1, abs=0.02)
    assert "a factor of 1.61" in figure.layout.title.text
    towns = report.figure("town")
    assert set(towns.data[0].x) == {"Bonn", "Köln"}


def test_a_figure_of_the_whole_has_the_gravest_on_top_and_its_limits_dashed():
    pytest.importorskip("plotly")
    figure = tables.plain().figure()
    assert figure.data[0].y[-1] == "distance"
    assert [(line.x0, line.line.dash) for line in figure.layout.shapes] == [(0.1, "dash"), (0.25, "dash")]
    assert "<script" not in tables.hostile().figure().to_json()


def test_a_figure_of_what_was_not_compared_or_holds_nothing_is_refused():
    pytest.importorskip("plotly")
    with pytest.raises(KeyError, match="dates or times"):
        tables.plain().figure("when")
    void = modelward.compare({"x": [None] * 300, "y": [1] * 300}, {"x": [None] * 300, "y": [1] * 300})
    with pytest.raises(Invalid, match="'x' has no value on either side"):
        void.figure("x")


def test_without_plotly_a_figure_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "plotly", None)
    with pytest.raises(Unavailable, match=r"pip install 'modelward\[plotly\]'"):
        tables.plain().figure()
