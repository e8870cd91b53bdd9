"""Reports in a real browser, as files: nothing runs, nothing is asked for, and they fit on a phone."""

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Dialog, Page, sync_playwright
from tests.report import tables

CHROMIUM = "/usr/bin/chromium"

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not shutil.which(CHROMIUM), reason="no Chromium on this machine: apt-get install chromium"),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as started:
        opened = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    home = tmp_path_factory.mktemp("reports")
    for name, make in tables.REPORTS.items():
        make().save(home / f"{name}.html")
        (home / f"notebook-{name}.html").write_text(f"<!doctype html><body>{make()._repr_html_()}", encoding="utf-8")
    return home


class Visit:
    """A page, what it complained of, and what it asked for beside itself."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []
        self.asked: list[str] = []
        page.on("console", lambda said: self.complaints.append(said.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("dialog", self.refuse)
        page.on("request", lambda request: self.asked.append(request.url))

    def refuse(self, dialog: Dialog) -> None:
        self.complaints.append(dialog.message)
        dialog.dismiss()

    def open(self, path) -> Page:
        self.page.goto(path.as_uri())
        return self.page


@pytest.fixture(params=[(1280, "light"), (360, "dark")], ids=["desktop", "phone"])
def visit(browser, request) -> Iterator[Visit]:
    width, scheme = request.param
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme, offline=True)
    yield Visit(context.new_page())
    context.close()


@pytest.mark.parametrize("name", [*tables.REPORTS, "notebook-plain", "notebook-hostile"])
def test_a_report_is_quiet_asks_nobody_and_fits(visit, folder, name):
    page = visit.open(folder / f"{name}.html")
    page.evaluate("for (const e of document.querySelectorAll('details')) e.open = true")
    assert visit.complaints == []
    assert visit.asked == [(folder / f"{name}.html").as_uri()]
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.evaluate("document.scripts.length") == 0


def test_a_link_in_the_table_opens_the_column(browser, folder):
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.goto((folder / "plain.html").as_uri())
    inside = page.locator("details.column", has_text="fine").last.locator(".column-body")
    assert not inside.is_visible()
    page.locator(".overview a", has_text="fine").click()
    assert inside.is_visible()
    assert inside.bounding_box()["y"] < 800
    page.close()


def test_words_have_contrast_in_both_schemes(browser, folder):
    for scheme in ("light", "dark"):
        page = browser.new_page(viewport={"width": 1280, "height": 800}, color_scheme=scheme)
        page.goto((folder / "plain.html").as_uri())
        assert page.evaluate(LOW_CONTRAST) == []
        page.close()


def test_printed_all_sentences_are_there_and_the_bar_at_the_top_is_not(browser, folder):
    page = browser.new_page()
    page.goto((folder / "plain.html").as_uri())
    page.emulate_media(media="print", color_scheme="dark")
    assert not page.locator(".top").is_visible()
    assert page.locator(".lead:visible").count() == 5
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    page.close()


LOW_CONTRAST = """(() => {
  const channel = c => { c /= 255; return c <= .03928 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4; };
  const light = rgb => {
    const [r, g, b] = rgb.match(/[\\d.]+/g).map(Number);
    return .2126 * channel(r) + .7152 * channel(g) + .0722 * channel(b);
  };
  const behind = e => {
    for (; e; e = e.parentElement) {
      const colour = getComputedStyle(e).backgroundColor;
      if (colour !== 'rgba(0, 0, 0, 0)') return colour;
    }
    return 'rgb(255, 255, 255)';
  };
  const found = new Set();
  for (const e of document.querySelectorAll('body *')) {
    if (![...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()) || !e.checkVisibility()) continue;
    const style = getComputedStyle(e), colour = e.closest('svg') ? style.fill : style.color;
    const [a, b] = [light(colour), light(behind(e))].sort((x, y) => y - x);
    if ((a + .05) / (b + .05) < 4.5) found.add(e.className.baseVal ?? (e.className || e.tagName));
  }
  return [...found];
})()"""
