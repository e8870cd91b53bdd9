"""The demo through the real service: a process of its own, its HTTP door, its worker."""

import io
import re
from datetime import date
from functools import partial

import httpx2
import pytest
from rich.console import Console

from modelward.app import running_service
from modelward.demo.accounts import only_this_machine
from modelward.demo.lesson import learn
from modelward.demo.run import run_demo
from modelward.errors import Conflict

# A week to learn from, and eleven days around the incident: what the whole year shows, in seconds.
LEARNED, REPLAYED = (date(2013, 9, 16), date(2013, 9, 23)), (date(2013, 9, 29), date(2013, 10, 10))
# The days in kilometres that the second version learns from, and those on which it scores beside the first.
AGAIN, BESIDE = (date(2013, 10, 1), date(2013, 10, 7)), (date(2013, 10, 7), date(2013, 10, 10))


WAITING = "/dashboard/models/late-arrivals-2/deployment"


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """What the demo says on the terminal, and what its link and its account open while it serves."""
    words, seen = io.StringIO(), []
    run_demo(
        running=running_service,
        host="127.0.0.1",
        port=0,
        data_dir=tmp_path_factory.mktemp("demo") / "data",
        serve=True,
        console=Console(file=words, width=100),
        lesson=partial(learn, LEARNED, REPLAYED, AGAIN, BESIDE),
        until=lambda: seen.append((pages_behind_the_link(words.getvalue()), decisions_of(words.getvalue()))),
    )
    (pages, decisions), *_ = seen
    return words.getvalue(), pages, decisions


def pages_behind_the_link(words):
    """The page that the printed link leads to, as a browser follows it, and others from there."""
    (link,) = re.findall(r"opens it once: (\S+)", words)
    with httpx2.Client(follow_redirects=True) as browser:
        dashboard = browser.get(link)
        others = {path: browser.get(dashboard.url.join(path)) for path in ("/approvals", WAITING)}
        return {"/dashboard": dashboard, **others}


def decisions_of(words):
    """What waits for the person whose password was printed, and what becomes of it when they approve it and deploy."""
    ((email, password, address),) = re.findall(r"(?s)sign in as (\S+), password (\S+).*?(http://[^/\s]+)", words)
    with httpx2.Client(base_url=f"{address}/api/v1") as api:
        token = api.post("/auth/login", json={"email": email, "password": password}).json()["access_token"]
        api.headers["Authorization"] = f"Bearer {token}"
        served = api.get("/models/late-arrivals").json()["deployment_status"]
        (waits,) = api.get("/approvals").json()["items"]
        early = api.post("/models/late-arrivals-2/deploy", json={})
        approved = api.post("/models/late-arrivals-2/approve", json={"justification": "Better on the same flights."})
        return {"served": served, "waits": waits, "early": early, "approved": approved}


@pytest.fixture
def told(demo):
    return demo[0]


def test_it_finds_the_column_that_changed_its_unit_since_when_and_by_how_much(told):
    found = re.search(r"drifted +since 1 October, on each of 9 days: `distance` moved .*a factor of 1\.6", told)
    assert found, told


def test_it_tells_the_months_and_says_that_the_incident_is_scripted(told):
    assert re.search(r"September +\d,\d{3} flights, +\d+% called late, +\d+% were", told)
    assert told.index("September") < told.index("scripted: from 1 October")


def test_it_says_what_the_change_did_to_the_model(told):
    shares = re.search(
        r"calls (\d+)% of the flights late, before (\d+)%; (\d+)% of these calls were right, before", told
    )
    assert shares, told
    assert int(shares[1]) > int(shares[2])


def test_its_link_opens_the_dashboard_with_the_drifted_model_on_it(demo):
    page = demo[1]["/dashboard"]
    assert (page.status_code, page.url.path) == (200, "/dashboard")
    assert "late-arrivals" in page.text
    assert "distance" in page.text


def test_the_first_version_is_deployed_and_the_second_waits_for_somebody_else(demo):
    decisions = demo[2]
    assert decisions["served"] == "deployed"
    waits = decisions["waits"]
    assert (waits["model"], waits["submitted_by"], waits["needed"]) == ("late-arrivals-2", "mira@demo.example", 1)
    assert (waits["given"], waits["may_approve"]) == ([], True)
    assert [reason["code"] for reason in decisions["early"].json()["reasons"]] == ["approval_missing"]
    assert decisions["approved"].json()["deployment_status"] == "approved"


def test_it_waits_on_the_page_of_approvals_and_on_its_own(demo):
    approvals, own = demo[1]["/approvals"], demo[1][WAITING]
    assert WAITING in approvals.text
    assert (own.status_code, "mira@demo.example" in own.text) == (200, True)


def test_the_story_ends_with_the_version_that_waits(told):
    assert re.search(r"Version 2 was trained again, on kilometres. Of the flights of 7 October to 9 October", told)
    assert told.index("drifted") < told.index("waits for somebody else's approval on /approvals")


def test_a_folder_of_somebody_else_is_refused_before_anything_starts(tmp_path):
    (tmp_path / "precious.txt").write_text("mine")
    with pytest.raises(Conflict):
        run_demo(running=running_service, host="127.0.0.1", port=0, data_dir=tmp_path, serve=False, console=Console())


@pytest.mark.parametrize(
    ("host", "alone"),
    [("127.0.0.1", True), ("localhost", True), ("::1", True), ("0.0.0.0", False), ("example.org", False)],
)
def test_the_key_that_everybody_knows_is_for_this_machine_alone(host, alone):
    assert only_this_machine(host) is alone
