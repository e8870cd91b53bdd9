"""The tabs of a model on a real database and event store: performance, fairness, and why drift is what it is."""

import re

import pytest
from fastapi.testclient import TestClient
from tests.monitoring.outcomes import DAY, Outcomes
from tests.monitoring.world import START, World
from tests.web.test_pages import text_of

MODEL = "/dashboard/models/churn"


@pytest.fixture
def outcomes(world: World) -> Outcomes:
    """A good day, all of whose outcomes are known, one with half of them, and one without any."""
    outcomes = Outcomes(world)
    outcomes.change_model(attributes={"training_accuracy": 0.76, "protected_attributes": ["town"]})
    for day, share in enumerate((1.0, 0.5, 0.0)):
        name = f"d{day}"
        outcomes.send(name, day, town=["Bonn"] * 300 + ["Köln"] * 290 + ["Ulm"] * 10)
        if share:
            outcomes.label(name, share=share)
    outcomes.work()
    return outcomes


def test_every_tab_has_an_address_and_says_which_one_it_is(reader: TestClient, outcomes: Outcomes) -> None:
    for slug, name in (("", "Drift"), ("/performance", "Performance"), ("/fairness", "Fairness")):
        answer = reader.get(f"{MODEL}{slug}?range=7d")
        assert answer.status_code == 200
        tabs = re.search(r'<nav class="model-tabs".*?</nav>', answer.text, re.DOTALL)
        assert tabs
        assert f'<a href="{MODEL}{slug}?range=7d" aria-current="page">{name}</a>' in tabs[0]
        assert tabs[0].count("aria-current") == 1


def test_too_few_outcomes_are_a_mark_of_their_own_and_no_part_of_the_line(
    reader: TestClient, outcomes: Outcomes
) -> None:
    page = reader.get(f"{MODEL}/performance").text
    told = text_of(page)
    assert "Send what came true" not in told
    assert "in 1 window (1 final)." in told
    assert "Of 1 window some outcomes are known, too few to decide: marked with their interval." in told
    assert page.count('class="dot early"') == page.count('class="whisker early"') == 1
    assert "The outcome of 900 of 1,800 predictions (50 %) is known." in told.replace("\u202f", " ")
    assert 'class="line partial"' not in page
    assert "standard 0.76" in told
    assert "limit 0.646" in told
    assert "300 of 600 predictions (50%) have their outcome" in told


def test_each_window_opens_with_its_reason_and_all_its_metrics(reader: TestClient, outcomes: Outcomes) -> None:
    page = reader.get(f"{MODEL}/performance").text
    first = re.findall(rf'href="({MODEL}/performance\?[^"]*window=[^"]*)#window"', page)[-1].replace("&amp;", "&")
    told = text_of(reader.get(first).text)
    assert "600 of 600 predictions have their outcome." in told
    assert "Held against Accuracy 0.760, given at registration." in told
    for metric in ("ROC AUC", "F1", "Brier score", "Log loss", "Expected calibration error"):
        assert metric in told
    assert "predicted 1" in told
    missing = reader.get(f"{MODEL}/performance?window=20010101T0000Z")
    assert missing.status_code == 404


def test_the_numbers_behind_the_line_are_a_table(reader: TestClient, outcomes: Outcomes) -> None:
    part = reader.get(f"{MODEL}/performance/numbers", headers={"x-part": "numbers"}).text
    assert part.count("<tr data-from") == 3
    assert "partial: not all outcomes are known" in part
    assert "<!doctype html>" in reader.get(f"{MODEL}/performance/numbers").text
    assert reader.get(f"{MODEL}/fairness/numbers", headers={"x-part": "numbers"}).text.count("<tr data-from") == 3


def test_groups_are_compared_with_intervals_and_small_ones_are_not(reader: TestClient, outcomes: Outcomes) -> None:
    page = reader.get(f"{MODEL}/fairness").text
    told = text_of(page)
    assert page.count('class="bar group"') == 2
    assert page.count('class="bar uncounted"') == 1
    assert "Not enough rows to say of Ulm : drawn, and not compared." in told
    assert re.search(r"0\.80 of (Bonn|Köln): \d", told)
    assert "Equal opportunity" in told
    assert reader.get(f"{MODEL}/fairness?attribute=town").status_code == 200
    assert reader.get(f"{MODEL}/fairness?attribute=sex").status_code == 404


def test_a_model_without_outcomes_is_taught_to_send_them(reader: TestClient, world: World) -> None:
    page = text_of(reader.get(f"{MODEL}/performance").text)
    assert "curl http://models.example:8000/api/v1/labels" in page
    assert "No labels yet" in page
    world.send(world.events(600, START, over=DAY), now=START + DAY)
    Outcomes(world).work()
    assert "curl http://models.example:8000/api/v1/labels" in reader.get(f"{MODEL}/performance").text


def test_outcomes_that_have_come_and_are_not_summarised_yet_are_said_to_be_read(
    reader: TestClient, world: World
) -> None:
    outcomes = Outcomes(world)
    outcomes.send("d0", 0)
    assert "No labels yet" in text_of(reader.get(f"{MODEL}/performance").text)
    outcomes.label("d0")
    for kinds in ((), ("rebuild", "evaluate")):  # before the profiles know of them, and after
        world.settle(START + 2 * DAY, kinds=kinds)
        told = text_of(reader.get(f"{MODEL}/performance").text)
        assert "Outcomes are being read" in told
        assert "No labels yet" not in told
        assert "Send what came true" not in told
    outcomes.work()
    assert "being read" not in text_of(reader.get(f"{MODEL}/performance").text)


def test_a_model_without_protected_attributes_is_taught_to_declare_them(reader: TestClient, world: World) -> None:
    page = text_of(reader.get(f"{MODEL}/fairness").text)
    assert "Not enough rows to say" in page
    assert "curl -X PUT http://models.example:8000/api/v1/models/churn/monitor" in page


def test_the_drift_page_says_why_in_sentences_that_lead_to_their_columns(reader: TestClient, drifted: World) -> None:
    page = reader.get(MODEL).text
    told = text_of(page)
    assert "Why it is so now" in told
    assert "since 5 March" in told
    assert "of what moved." in told
    assert re.search(r'href="\?range=1y&amp;column=age#column"[^>]*aria-label="Look at age"', page)


def test_strangers_are_led_to_the_login_and_unknown_models_are_not_there(
    stranger: TestClient, browser_of, world: World
) -> None:
    for slug in ("performance", "fairness", "performance/numbers", "fairness/numbers"):
        assert stranger.get(f"{MODEL}/{slug}").status_code == 303
        assert browser_of().get(f"/dashboard/models/nobody/{slug}").status_code == 404
