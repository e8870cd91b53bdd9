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


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """What the demo says on the terminal, and the page that its link opens while it serves."""
    words, pages = io.StringIO(), []
    run_demo(
        running=running_service,
        host="127.0.0.1",
        port=0,
        data_dir=tmp_path_factory.mktemp("demo") / "data",
        serve=True,
        console=Console(file=words, width=100),
        lesson=partial(learn, LEARNED, REPLAYED),
        until=lambda: pages.append(open_link(words.getvalue())),
    )
    return words.getvalue(), pages[0]


def open_link(words):
    """The page that the printed link leads to, as a browser follows it."""
    (link,) = re.findall(r"opens it once: (\S+)", words)
    with httpx2.Client(follow_redirects=True) as browser:
        return browser.get(link)


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
    page = demo[1]
    assert (page.status_code, page.url.path) == (200, "/dashboard")
    assert "late-arrivals" in page.text
    assert "distance" in page.text


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
