"""`modelward.compare`: what a user writes, and what comes back."""

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import polars as pl
import pytest

import modelward
from modelward.errors import Invalid, ModelwardError, NotFound
from modelward.report.run import run_compare

ROWS = 1000


def flights(unit=1.0, seed=0, **more):
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "distance": rng.gamma(3, 350, ROWS) * unit,
            "carrier": rng.choice(["AA", "UA"], ROWS),
            "delay": rng.normal(size=ROWS),
            "departed": pd.date_range("2013-01-01", periods=ROWS, freq="h"),
            **more,
        }
    )


BEFORE, SAME, DRIFTED = flights(), flights(seed=1), flights(1.61, seed=2)


def test_a_report_says_what_drifted_why_and_on_what_it_rests():
    report = modelward.compare(BEFORE, DRIFTED)
    assert report.drifted
    assert report.verdict is modelward.Verdict.DRIFTED
    assert [finding.column for finding in report.findings] == ["distance"]
    assert "`distance` moved from median" in str(report)
    assert "dates or times" in report.left_out["departed"]


def test_the_json_has_the_names_that_users_rely_on():
    wire = modelward.compare(BEFORE, DRIFTED, prediction="delay").to_dict()
    assert {"drifted", "verdict", "columns"} <= set(wire)
    distance = next(entry for entry in wire["columns"] if entry["column"] == "distance")
    names = "column kind verdict drifted method statistic threshold p_value n_reference n_current statistics reason"
    assert set(names.split()) <= set(distance)
    assert {"psi", "ks", "js", "wasserstein"} <= set(distance["statistics"])
    assert distance["verdict"] == "drifted"
    assert distance["n_current"] == ROWS
    assert [entry["role"] for entry in wire["columns"]] == [None, None, "prediction"]


def test_all_kinds_of_frame_give_the_same_report():
    wires = [modelward.compare(make(BEFORE), make(DRIFTED)).to_dict() for make in (pd.DataFrame, pl.from_pandas)]
    assert wires[0] == wires[1]
    mixed = modelward.compare(modelward.Profile.of(pl.from_pandas(BEFORE)), DRIFTED).to_dict()
    assert mixed["columns"] == wires[0]["columns"]


def test_profiles_add_up_and_go_through_bytes():
    halves = modelward.Profile.of(DRIFTED[: ROWS // 2]) + modelward.Profile.of(DRIFTED[ROWS // 2 :])
    kept = modelward.Profile.from_bytes(halves.to_bytes())
    assert isinstance(kept, modelward.Profile)
    whole, added = (modelward.compare(BEFORE, side)["distance"].statistics["psi"] for side in (DRIFTED, kept))
    assert added == pytest.approx(whole)


def test_raise_on_stops_at_drift_and_hands_back_the_report_otherwise():
    report = modelward.compare(BEFORE, SAME)
    assert report.raise_on("drift") is report
    with pytest.raises(modelward.DriftFound, match="`distance` moved") as caught:
        modelward.compare(BEFORE, DRIFTED).raise_on("warning")
    assert caught.value.report.drifted
    with pytest.raises(Invalid, match="choose one of 'drift', 'warning', 'performance', 'fairness'"):
        report.raise_on("rain")  # type: ignore[arg-type]


def test_a_warning_passes_drift_and_stops_at_warning():
    moderate = modelward.compare(BEFORE, flights(delay=np.random.default_rng(5).normal(0.4, 1, ROWS)))
    assert moderate.verdict is modelward.Verdict.WARNING
    moderate.raise_on("drift")
    with pytest.raises(modelward.DriftFound):
        moderate.raise_on("warning")


def test_a_report_is_saved_as_json_without_nan(tmp_path):
    empty = flights(seed=3, delay=np.nan)
    path = modelward.compare(BEFORE, empty).save(tmp_path / "report.json")
    saved = json.loads(path.read_text(encoding="utf-8"), parse_constant=lambda name: pytest.fail(name))
    assert saved["columns"][2]["statistics"]["ks"] is None
    with pytest.raises(Invalid, match=r"end in \.html, \.json, \.md or \.xml"):
        modelward.compare(BEFORE, SAME).save(tmp_path / "report.docx")
    with pytest.raises(Invalid, match="could not be written"):
        modelward.compare(BEFORE, SAME).save(tmp_path / "no folder" / "report.json")


def test_the_time_column_is_not_compared_and_a_late_label_is_no_finding():
    labelled = BEFORE.assign(late=np.random.default_rng(1).choice([0.0, 1.0], ROWS))
    waiting = SAME.assign(late=np.nan)
    assert modelward.compare(labelled, waiting).drifted
    report = modelward.compare(labelled, waiting, label="late", timestamp="departed")
    assert not report.findings
    assert "departed" not in report.left_out
    assert not modelward.compare(labelled, SAME, label="late").findings


def test_a_named_column_that_is_nowhere_is_a_mistake_that_is_said():
    with pytest.raises(Invalid, match="there is no column 'scoer', which was named as score"):
        modelward.compare(BEFORE, SAME, score="scoer")


@pytest.mark.parametrize(
    ("config", "method", "threshold"),
    [
        ({"tests": "ks", "thresholds": 0.001}, "kolmogorov_smirnov", 0.001),
        ({"tests": {"distance": "psi"}, "bins": {"distance": 20}}, "psi", 0.25),
        ({"thresholds": {"distance": 5.0}, "ignore": "carrier"}, "psi", 0.1),
        (modelward.Monitor(psi_strong=2.0), "psi", 0.1),
    ],
)
def test_the_configuration_is_what_decides(config, method, threshold):
    finding = modelward.compare(BEFORE, DRIFTED, config=config)["distance"]
    assert (finding.method, finding.threshold) == (method, threshold)


@pytest.mark.parametrize(
    ("config", "word"),
    [({"tset": "ks"}, "tset"), ({"tests": "astrology"}, "astrology"), ({"tests": {"carrier": "ks"}}, "holds text")],
)
def test_a_configuration_that_cannot_be_meant_is_said(config, word):
    with pytest.raises(Invalid, match=word):
        modelward.compare(BEFORE, SAME, config=config)


def test_what_is_left_out_on_one_side_is_left_out_on_both():
    as_text = SAME.assign(departed=SAME["departed"].astype(str), row=np.random.default_rng(2).permutation(ROWS))
    report = modelward.compare(BEFORE.assign(row=np.arange(ROWS)), as_text)
    assert not report.findings
    assert {"departed", "row"} == set(report.left_out)


def test_a_column_that_was_not_compared_cannot_be_looked_up_and_the_reason_is_said():
    with pytest.raises(KeyError, match="dates or times"):
        modelward.compare(BEFORE, SAME)["departed"]


def test_importing_the_package_loads_no_heavy_library():
    heavy = "{'numpy', 'scipy', 'pyarrow', 'pandas', 'polars', 'rich', 'narwhals', 'fastapi', 'sqlalchemy'}"
    program = f"import sys, modelward; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


def test_every_public_name_is_there_and_no_other():
    assert all(getattr(modelward, name) is not None for name in modelward.__all__)
    assert set(modelward.__all__) <= set(dir(modelward))
    with pytest.raises(AttributeError, match="has no attribute 'comapre'"):
        modelward.comapre  # noqa: B018


@pytest.fixture
def files(tmp_path):
    for name, frame in (("before", BEFORE), ("same", SAME), ("drifted", DRIFTED)):
        frame.to_csv(tmp_path / f"{name}.csv", index=False)
    return tmp_path


@pytest.mark.parametrize(
    ("current", "fail_on", "code"),
    [
        ("same", None, 0),
        ("same", "warning", 0),
        ("drifted", None, 0),
        ("drifted", "drift", 1),
        ("drifted", "warning", 1),
        ("missing", "drift", 2),
    ],
)
def test_the_command_answers_with_its_exit_code(files, capsys, current, fail_on, code):
    assert run_compare(files / "before.csv", files / f"{current}.csv", fail_on=fail_on) == code
    printed = capsys.readouterr()
    if code == 2:
        assert "could not run: there is no file" in printed.err
        assert printed.out == ""
    else:
        assert printed.out.startswith("✓ No drift in 3 columns" if current == "same" else "● 1 of 3 columns drifted")


def test_the_command_writes_the_report_that_the_library_gives(files):
    assert run_compare(files / "before.csv", files / "drifted.csv", files={"json": files / "out.json"}) == 0
    expected = modelward.compare(files / "before.csv", files / "drifted.csv").to_dict()
    assert json.loads((files / "out.json").read_text(encoding="utf-8")) == expected


def test_a_report_that_cannot_be_written_is_no_verdict(files, capsys):
    assert run_compare(files / "before.csv", files / "same.csv", files={"json": files / "none" / "out.json"}) == 2
    assert "could not be written" in capsys.readouterr().err


def test_errors_are_of_the_five_kinds():
    assert issubclass(modelward.DriftFound, ModelwardError)
    with pytest.raises(NotFound):
        modelward.compare("nowhere.csv", BEFORE)
