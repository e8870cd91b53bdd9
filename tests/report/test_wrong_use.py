"""Whatever is asked wrongly is answered by a sentence that says what to do, in the library and on the command line."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

import modelward
from modelward.errors import Invalid

ROWS = 300
FINE = pd.DataFrame({"age": np.arange(ROWS) % 60, "town": ["Bonn", "Köln", "Ulm"] * 100})


@pytest.fixture
def files(tmp_path):
    FINE.to_csv(tmp_path / "fine.csv", index=False)
    FINE[:0].to_csv(tmp_path / "headed.csv", index=False)
    (tmp_path / "folder").mkdir()
    (tmp_path / "empty.csv").touch()
    FINE.rename(columns={"age": "Age", "town": "Town"}).to_csv(tmp_path / "renamed.csv", index=False)
    FINE.assign(age=FINE["age"] + 500).to_parquet(tmp_path / "drifted.parquet")
    return tmp_path


def command(folder, *words):
    done = subprocess.run(
        [sys.executable, "-m", "modelward", "compare", *words],
        capture_output=True,
        text=True,
        cwd=folder,
        timeout=120,
        check=False,
    )
    assert "Traceback" not in done.stderr
    return done.returncode, " ".join(done.stderr.split()), done.stdout


def test_tables_without_a_common_column_are_refused_and_their_columns_are_named(files):
    with pytest.raises(Invalid, match=r"no column in common: fine\.csv has `age`, `town`, renamed\.csv has `Age`"):
        modelward.compare(files / "fine.csv", files / "renamed.csv")


@pytest.mark.parametrize("side", ["reference", "current"])
def test_a_table_without_rows_is_refused_because_nothing_said_is_no_all_clear(side):
    sides = {"reference": FINE, "current": FINE, side: FINE[:0]}
    with pytest.raises(Invalid, match=f"{side} holds no row, so that there is nothing to compare; check the step"):
        modelward.compare(sides["reference"], sides["current"])


def test_a_column_of_one_side_only_is_a_finding_and_not_an_error():
    report = modelward.compare(FINE, FINE.drop(columns="town").assign(new=1))
    assert [(finding.column, finding.verdict.value) for finding in report.findings] == [
        ("town", "drifted"),
        ("new", "warning"),
    ]
    assert "name it as label" in report["town"].reason


@pytest.mark.parametrize("role", ["prediction", "score", "label", "timestamp", "protected"])
def test_a_column_that_is_named_and_nowhere_is_refused_with_those_that_are_there(role):
    with pytest.raises(Invalid, match=rf"no column 'agee', which was named as {role}; check .* `age`, `town`"):
        modelward.compare(FINE, FINE, **{role: "agee"})  # type: ignore[arg-type]


def test_a_time_column_beside_a_profile_cannot_be_checked_and_is_no_mistake():
    profile = modelward.Profile.of(FINE)
    assert not modelward.compare(profile, FINE, timestamp="when").findings


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        ({"tset": "ks"}, "'tset' is not a setting of a comparison; there are bins"),
        ({"tests": "astrology"}, "no test 'astrology'; choose one of"),
        ({"tests": {"town": "ks"}}, "compares numbers, and `town` holds text"),
        ({"tests": "wasserstein"}, "has no usual threshold"),
        ({"tests": {"agee": "ks"}}, "there is no column 'agee', which tests name; check its spelling"),
        ({"thresholds": {"Age": 0.2}}, "there is no column 'Age', which thresholds name"),
        ({"bins": {"agee": 20}}, "there is no column 'agee', which bins name"),
        ({"bins": 1}, "bins"),
        ({"q": 2}, "lies between 0 and 1"),
    ],
)
def test_a_configuration_that_cannot_be_meant_is_refused(config, sentence):
    with pytest.raises(Invalid, match=sentence):
        modelward.compare(FINE, FINE, config=config)


def test_a_test_of_a_column_that_is_left_out_is_refused_with_the_reason():
    dated = FINE.assign(day=pd.Timestamp("2026-01-01"))
    for asked, reason in (({}, "it holds dates or times"), ({"timestamp": "day"}, "it is the column of times")):
        with pytest.raises(Invalid, match=f"tests name 'day', which no test can judge: {reason}"):
            modelward.compare(dated, dated, config={"tests": {"day": "psi"}}, **asked)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("fine.csv", "empty.csv"), "'empty.csv' could not be read as CSV or Parquet"),
        (("fine.csv", "headed.csv"), "headed.csv holds no row"),
        (("fine.csv", "renamed.csv"), "no column in common"),
        (("fine.csv", "none.csv"), "there is no file 'none.csv'; check the path"),
        (("fine.csv", "folder"), "holds no file that ends in .parquet"),
        (("fine.csv", "fine.csv", "--label", "outcome"), "no column 'outcome', which was named as label"),
        (("fine.csv", "fine.csv", "--html", "none/r.html"), "could not be written to 'none/r.html'"),
    ],
)
def test_the_command_answers_what_cannot_run_with_2_and_a_sentence(files, words, sentence):
    code, said, _ = command(files, *words)
    assert code == 2, said
    assert f"modelward compare could not run: {sentence}" in said or sentence in said


def test_an_unknown_limit_is_refused_by_the_command(files):
    code, said, _ = command(files, "fine.csv", "fine.csv", "--fail-on", "rain")
    assert code == 2
    assert "rain" in said


def test_the_command_writes_every_format_also_when_it_fails(files):
    options = ("--html", "r.htm", "--json", "r", "--markdown", "r.txt", "--junit", "r.xml", "--protected", "town")
    code, _, printed = command(files, "fine.csv", "drifted.parquet", *options)
    assert code == 1
    assert "1 of 2 columns drifted" in printed
    begins = {"r.htm": "<!doctype html>", "r": "{", "r.txt": "### ", "r.xml": "<?xml"}
    assert all((files / name).read_text(encoding="utf-8").startswith(start) for name, start in begins.items())
    assert "drifted.parquet" in (files / "r.htm").read_text(encoding="utf-8")


def test_a_warning_passes_unless_it_was_asked_for(files):
    FINE.assign(new=1).to_csv(files / "wider.csv", index=False)
    assert [command(files, "fine.csv", "wider.csv", "--fail-on", limit)[0] for limit in ("drift", "warning")] == [0, 1]


def test_two_files_of_one_name_are_told_apart(files):
    (files / "feb").mkdir()
    FINE.to_csv(files / "feb" / "fine.csv", index=False)
    report = modelward.compare(files / "fine.csv", files / "feb" / "fine.csv")
    assert "feb/fine.csv" in report.to_html()
