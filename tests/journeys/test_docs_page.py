"""`/docs` as a developer uses it: give a key, try a request, with nothing from any other host."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import ConsoleMessage, Page, expect, sync_playwright
from tests.journeys.running import Running, running
from tests.web.test_browser import CHROMIUM, QUIET, TELL

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not shutil.which(CHROMIUM), reason="no Chromium on this machine: apt-get install chromium"),
]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("docs") / "data"


@pytest.fixture(scope="module")
def service(data: Path) -> Iterator[Running]:
    with running(data) as service:
        yield service


@pytest.fixture
def complaints() -> list[str]:
    return []


@pytest.fixture
def page(service: Running, complaints: list[str]) -> Iterator[Page]:
    def note(message: ConsoleMessage) -> None:
        if message.type == "error":
            complaints.append(message.text)

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        page = browser.new_page()
        page.add_init_script(TELL)
        page.on("console", note)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "request",
            lambda asked: None if asked.url.startswith((service.url, "data:")) else complaints.append(asked.url),
        )
        yield page
        browser.close()


def authorize(page: Page, scheme: str, value: str) -> None:
    page.locator(".scheme-container .btn.authorize").click()
    box = page.locator(".auth-container", has=page.locator(f"#{scheme}"))
    box.locator(f"#{scheme}").fill(value)
    box.locator("button.authorize").click()
    page.locator(".close-modal").click()


def try_models(page: Page) -> str:
    operation = page.locator("#operations-models-list_models_api_v1_models_get")
    operation.locator(".opblock-summary-control").click()
    operation.locator("button.execute").click()
    status = operation.locator(".live-responses-table tr.response td.response-col_status").first
    expect(status).to_contain_text("0", timeout=10_000)
    return status.inner_text().split()[0]


@pytest.mark.parametrize(
    ("scheme", "written"), [("auth-bearer-value", "{}"), ("auth-bearer-value", "Bearer {}"), ("api_key_value", "{}")]
)
def test_whoever_gives_a_key_may_try_the_api_from_the_page(
    service: Running, data: Path, page: Page, complaints: list[str], scheme: str, written: str
) -> None:
    page.goto(f"{service.url}/docs")
    authorize(page, scheme, written.format(service.admin_key(data)))
    assert try_models(page) == "200"
    assert complaints == []


def test_without_a_credential_the_page_is_there_and_the_api_says_what_is_missing(service: Running, page: Page) -> None:
    page.goto(f"{service.url}/docs")
    assert try_models(page) == "401"


def test_whoever_is_signed_in_tries_as_who_they_are(service: Running, page: Page, complaints: list[str]) -> None:
    page.goto(service.link)
    page.goto(f"{service.url}/docs")
    expect(page.locator("main h1").first).to_have_text("The API")
    assert try_models(page) == "200"
    assert complaints == []
