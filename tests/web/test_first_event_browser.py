"""A colleague's first minutes, in a real browser with a real service: a password, a key, an event, a green page."""

import shutil
import subprocess
import sys
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, sync_playwright
from tests.journeys.running import Running, running
from tests.web.test_browser import CHROMIUM, QUIET, TELL

from modelward.accounts.sessions import PLAIN_COOKIE, SECURE_COOKIE

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not shutil.which(CHROMIUM), reason="no Chromium on this machine: apt-get install chromium"),
]
EMAIL, PASSWORD = "ada@example.org", "seven green lanterns hum"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Running, str]]:
    """A service, and a key of the kind admin that was made on its machine."""
    folder = tmp_path_factory.mktemp("first") / "data"
    with running(folder) as service:
        yield service, service.admin_key(folder)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield opened
        opened.close()


class Visitor:
    """A browser of somebody, and what its console complained about."""

    def __init__(self, browser: Browser, *, scripts: bool = True) -> None:
        self.context = browser.new_context(java_script_enabled=scripts)
        self.page: Page = self.context.new_page()
        self.page.add_init_script(TELL)
        self.complaints: list[str] = []
        self.addresses: list[str] = []
        self.page.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" else None)
        self.page.on("request", lambda request: self.addresses.append(request.url))


@pytest.fixture
def visitor(browser: Browser) -> Iterator[Visitor]:
    made = Visitor(browser)
    yield made
    made.context.close()


def shell(command: str) -> str:
    """What a person's shell says to the pasted command."""
    return subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True).stdout


def test_from_a_link_to_a_green_page(served: tuple[Running, str], browser: Browser, visitor: Visitor) -> None:
    service, _ = served
    page = visitor.page
    page.goto(service.link)
    kept = {cookie["name"]: cookie for cookie in visitor.context.cookies()}
    assert set(kept) == {SECURE_COOKIE, PLAIN_COOKIE}  # Chromium takes the first on loopback too
    assert kept[SECURE_COOKIE]["secure"]
    assert all(cookie["httpOnly"] for cookie in kept.values())
    page.goto(f"{service.url}/settings/people")
    page.fill("#email", EMAIL)
    page.check("input[value=owner]")
    page.get_by_role("button", name="Add", exact=True).click()
    invitation = page.locator(".secret code").inner_text()

    colleague = Visitor(browser)
    page = colleague.page
    page.goto(invitation)
    page.fill("#new", PASSWORD)
    page.fill("#again", PASSWORD)
    page.get_by_role("button", name="Choose it").click()
    page.wait_for_url("**/account?done=password-changed")
    page.locator("[data-menu] summary").click()
    page.get_by_role("button", name="Sign out", exact=True).click()
    page.wait_for_url("**/login?done=signed-out")
    page.fill("#email", EMAIL)
    page.fill("#password", PASSWORD)
    page.locator("#password").press("Enter")
    page.wait_for_url("**/dashboard")

    page.get_by_role("button", name="Make a key for this snippet").click()
    page.wait_for_selector("text=The snippet holds a fresh ingest key")
    command = page.locator(".tabbed code").first.inner_text()
    assert "YOUR_KEY" not in command
    assert '"status":401' in shell(command.replace("mw_ingest_", "mw_ingest_x"))
    page.wait_for_selector("text=The key is not known")
    assert '"accepted":1' in shell(command)
    page.get_by_role("link", name="Open my-model").click()
    page.wait_for_url("**/dashboard/models/my-model")
    page.wait_for_selector("text=1 in all")
    assert colleague.complaints == []
    assert [url for url in colleague.addresses if "mw_ingest_" in url or "lanterns" in url] == []
    assert {url.split("/")[2] for url in colleague.addresses} == {service.url.split("/")[2]}
    colleague.context.close()


def test_without_scripts_a_key_is_made_and_its_program_sends(served: tuple[Running, str], browser: Browser) -> None:
    service, key = served
    visitor = Visitor(browser, scripts=False)
    page = visitor.page
    page.goto(f"{service.url}/login")
    page.locator("summary", has_text="API key").click()
    page.fill("#key", key)
    page.locator("details button").first.click()
    page.wait_for_url("**/dashboard")
    page.goto(f"{service.url}/settings/keys")
    page.fill("#name", "a program")
    page.get_by_role("button", name="Make the key").click()
    page.locator(".tab", has_text="Python").click()
    assert page.locator(".tabbed").nth(0).is_hidden()
    program = page.locator(".tabbed code").nth(1).inner_text()
    stand_in = "import httpx2 as requests\n" + program.replace("import requests\n", "")
    sent = subprocess.run([sys.executable, "-c", stand_in], capture_output=True, text=True, check=True)
    assert sent.stdout.startswith("201 ")
    visitor.context.close()
