"""The pages of channels: what people see, what admins do, and that no secret comes back."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine
from tests.permissions.place import Town, town

from modelward import web

TEMPLATES = Path(web.__file__).parent / "templates"
HOME = "/settings/channels"
URL = "https://hooks.slack.com/services/T0001/B0001/verySecretPart"


@pytest.fixture
def ours(tmp_path: Path, database: Engine) -> Iterator[Town]:
    with town(tmp_path, database) as settled:
        yield settled


def test_an_admin_adds_tries_changes_and_ends_a_channel(ours: Town) -> None:
    browser = ours.browser("admin")
    assert "Alerts reach nobody yet" in browser.get(HOME).text
    refused = browser.post(f"{HOME}/new", data={"kind": "slack", "name": "#ml", "field.url": "https://10.0.0.1/secret"})
    assert refused.status_code == 422
    assert "private" in refused.text
    assert "10.0.0.1/secret" not in refused.text
    assert 'value="#ml"' in refused.text
    made = browser.post(f"{HOME}/new", data={"kind": "slack", "name": "#ml", "field.url": URL}, follow_redirects=True)
    assert "The channel is there" in made.text
    assert "hooks.slack.com …Part" in made.text
    address = made.url.path
    tried = browser.post(f"{address}/test", follow_redirects=True)
    assert "A test is on its way" in tried.text
    assert "On its way" in browser.get(HOME).text
    part = browser.get(address, headers={"X-Part": "channel"}).text
    assert 'data-hx-trigger="every 2s' in part  # until it is known what came of it
    assert "On its way" in part
    assert "<html" not in part
    assert "verySecretPart" not in part
    renamed = browser.post(f"{address}/change", data={"name": "#models", "field.url": ""}, follow_redirects=True)
    assert "#models" in renamed.text
    paused = browser.post(f"{address}/state", data={"state": "paused"}, follow_redirects=True)
    assert "Paused" in paused.text
    assert browser.post(f"{address}/delete", data={}).status_code == 422
    ended = browser.post(f"{address}/delete", data={"understood": "true"}, follow_redirects=True)
    assert "The channel is deleted" in ended.text
    assert "The channel was deleted." in ended.text
    for seen in (made, tried, renamed, paused, ended):
        assert "verySecretPart" not in seen.text


def test_a_signing_secret_is_on_one_page_alone(ours: Town) -> None:
    browser = ours.browser("admin")
    data = {"kind": "webhook", "name": "pager", "field.url": "https://hooks.example.org/verySecretPath"}
    made = browser.post(f"{HOME}/new", data=data)
    assert made.text.count("whsec_") == 1
    assert "whsec_" not in browser.get(HOME).text + browser.get(f"{HOME}/1").text.replace("whsec_…", "")


def test_who_reads_sees_names_and_states_and_no_buttons(ours: Town) -> None:
    ours.browser("admin").post(f"{HOME}/new", data={"kind": "slack", "name": "#ml", "field.url": URL})
    seen = ours.browser("viewer").get(HOME).text
    assert "#ml" in seen
    assert "hooks.slack.com" not in seen
    assert "Add a channel" not in seen


def test_no_part_of_a_page_refreshes_by_a_condition_that_its_policy_forbids() -> None:
    """htmx evaluates what stands in brackets behind a trigger, which our pages refuse: nothing would be refreshed."""
    triggers = re.findall(r'hx-trigger="(.*?)"[ >]', "".join(page.read_text() for page in TEMPLATES.glob("*.html")))
    assert triggers
    assert not [trigger for trigger in triggers if "[" in trigger]
