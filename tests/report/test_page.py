"""The HTML page: one file, whole without a script or a network, saying what the report says, and escaping all of it."""

import re
from html.parser import HTMLParser

import pytest
from tests.report import tables

from modelward.report.charts.meter import meter
from modelward.report.markdown import MOST

VOID = {"meta", "link", "br"}
RUNS = re.compile(r"^(script|img|iframe|object|embed|form|base|audio|video|source)$")


class Seen(HTMLParser):
    """What a browser would make of a page: its elements, whether each is closed, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.text.append(data)

    def attributes(self, name: str) -> list[str]:
        return [attrs[name] or "" for _, attrs in self.elements if name in attrs]


@pytest.fixture(scope="module", params=tables.REPORTS)
def page(request):
    return tables.REPORTS[request.param]().to_html()


def test_a_page_is_well_formed_and_every_link_leads_into_it(page):
    seen = Seen(page)
    assert seen.open == []
    ids = seen.attributes("id")
    assert len(ids) == len(set(ids))
    links = [href for href in seen.attributes("href") if href != "data:,"]
    assert links
    assert {link.removeprefix("#") for link in links} <= set(ids)


def test_a_page_runs_nothing_and_asks_nobody(page):
    seen = Seen(page)
    assert not [tag for tag, _ in seen.elements if RUNS.match(tag)]
    assert not [name for _, attrs in seen.elements for name in attrs if name.startswith("on")]
    assert not seen.attributes("src")
    assert not seen.attributes("style")
    assert not re.search(r"https?:|@import|url\(", page)


def test_every_table_has_a_name_and_every_chart_says_what_it_is(page):
    seen = Seen(page)
    assert page.count("<table") == page.count("<caption")
    assert all(attrs.get("aria-label") for tag, attrs in seen.elements if attrs.get("role") in ("img", "region"))


def test_names_that_would_be_markup_are_text():
    text = "".join(Seen(tables.hostile().to_html()).text)
    assert text.count(tables.SCRIPT) >= 5
    assert "{{ 7 * 7 }}" in text
    assert "(empty text)" in text
    assert not set(text) & {"\x1b", "\x00", "\u202e"}


def test_the_page_says_the_verdict_the_reasons_and_what_was_compared():
    text = " ".join("".join(Seen(tables.plain().to_html()).text).split())
    for said in (
        "1 of 5 columns drifted, 2 changed moderately: 400 rows against 400.",
        "distance moved from median 980 to 1,577, a factor of 1.61 (PSI 0.66).",
        "It holds dates or times, which always move",
        "Decided by PSI, bias taken off: 0.66 against a limit of 0.25; p < 10⁻¹²",
        "Benjamini–Hochberg over all columns at 0.01",
    ):
        assert said in text
    assert re.search(r"Compared on \d+ \w+ \d{4}, \d\d:\d\d UTC", text)


def test_a_report_on_nothing_says_so_and_why():
    text = " ".join("".join(Seen(tables.nothing().to_html()).text).split())
    assert "Nothing to compare" in text
    assert "There is no column to compare" in text
    assert "It holds dates or times" in text
    assert "Too few rows for a verdict" not in text
    assert "Nothing to compare" in tables.nothing().to_markdown()


def test_the_gravest_columns_come_first_and_stand_open():
    seen = Seen(tables.plain().to_html())
    cards = [attrs for _, attrs in seen.elements if (attrs.get("class") or "").startswith("card column")]
    states = [(card["class"] or "").split()[-1] for card in cards]
    assert states == ["drifted", "warning", "warning", "healthy", "healthy"]
    assert ["open" in card for card in cards] == [True, True, True, False, False]


@pytest.mark.parametrize(("columns", "most"), [(50, 500_000), (200, 2_000_000)])
def test_a_page_of_many_columns_stays_small(columns, most):
    assert len(tables.wide(columns).to_html().encode()) < most


def test_a_page_of_fifty_columns_and_twenty_segments_with_their_outcomes_stays_small():
    report = tables.wide_segmented()
    page = report.to_html()
    assert (len(report.columns), page.count('<details class="part"')) == (50, 20)
    assert len(page.encode()) < 500_000


def test_a_report_without_its_evidence_is_a_page_without_pictures():
    whole = tables.plain()
    bare = type(whole)(whole.comparison, whole.left_out).to_html()
    assert "chart plot" in whole.to_html()
    assert "chart plot" not in bare
    assert whole["distance"].reason.split("`")[2] in bare


def test_the_notebook_shows_the_gravest_and_counts_the_others():
    shown = tables.wide(200)._repr_html_()
    findings = len(tables.wide(200).findings)
    assert shown.count("<svg viewBox") == 11  # the sign of the whole, and ten rows
    assert f"{findings - 10} more with a finding" in shown
    assert len(shown) < 30_000
    assert not Seen(shown).open


def test_the_notebook_escapes_names_and_leaves_the_background_to_the_notebook():
    shown = tables.hostile()._repr_html_()
    assert "<script" not in shown
    assert "<img" not in shown
    assert "background: #" not in shown


def test_a_meter_is_as_long_as_its_figure_and_its_limits_are_dashed():
    drawn = meter(0.25, (0.1, 0.25), slug="drifted", label="x")
    assert 'width="50%"' in drawn
    assert [*re.findall(r'class="threshold" x1="([^"]+)"', drawn)] == ["20%", "50%"]
    assert "»" not in drawn
    assert "»" in meter(float("inf"), (0.1, 0.25), slug="drifted", label="x")


def test_markdown_fits_into_a_comment_and_nothing_in_it_is_markup():
    for make in tables.REPORTS.values():
        said = make().to_markdown()
        assert len(said) < MOST
        outside_code = re.sub(r"(`+) .*? \1|`[^`]*`", "", said)
        for tag in re.findall(r"<(\w+)", outside_code):
            assert tag in {"details", "summary"}
        assert "@everyone" not in outside_code


def test_markdown_of_a_thousand_long_findings_is_cut_and_says_so():
    said = tables.wide(1000).to_markdown()
    assert len(said) < MOST
    assert re.search(r"… and \d+ more, which the HTML report has", said)
    assert said.count("<details>") == said.count("</details>")


def test_markdown_shows_what_changed_and_collapses_the_rest():
    above, _, below = tables.plain().to_markdown().partition("<details>")
    assert above.startswith("### 🔴 Drifted")
    assert "| `distance` | 🔴 Drifted | 0.66 | < 0.001 |" in above
    assert "`fine`" not in above
    assert "`fine`" in below
    assert "<summary>1 column left out</summary>" in below
