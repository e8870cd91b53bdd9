"""Real tables, where they are beside the repository: what the verdict says of data nobody made for a test."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import modelward

DATA = Path(__file__).parents[2].parent / "shared" / "data"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the real tables are not beside the repository")


def read(name):
    return pd.read_csv(DATA / name)


def halves(frame, seed):
    order = np.random.default_rng(seed).permutation(len(frame))
    return frame.iloc[order[: len(frame) // 2]], frame.iloc[order[len(frame) // 2 :]]


@pytest.mark.parametrize("name", ["uci_credit_card/UCI_Credit_Card.csv.gz", "diabetes_130us/diabetic_data.csv.gz"])
def test_random_halves_of_a_real_table_do_not_drift(name):
    report = modelward.compare(*halves(read(name), seed=4))
    assert report.verdict is modelward.Verdict.OK


def test_bike_rentals_grew_from_one_year_to_the_next_while_their_hours_stayed():
    hours = read("bike_sharing/hour.csv.gz")
    report = modelward.compare(hours[hours["yr"] == 0], hours[hours["yr"] == 1], config={"ignore": ["instant"]})
    verdicts = {finding.column: finding.verdict.value for finding in report.columns}
    assert verdicts["yr"] == "drifted"
    assert verdicts["cnt"] in {"warning", "drifted"}
    assert {verdicts[name] for name in ("hr", "weekday", "mnth", "windspeed")} == {"ok"}


def test_two_missing_ages_in_thirty_thousand_are_no_news():
    folder = DATA / "uci_credit_card"
    report = modelward.compare(folder / "UCI_Credit_Card.csv.gz", folder / "UCI_Credit_Card.two-missing-ages.csv.gz")
    assert not report.findings
