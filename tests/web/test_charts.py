"""Charts as pure functions: well-formed, escaped, and saying the numbers they were given."""

import itertools
import math
import re
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.web.flights_readings import HOSTILE

from modelward.report.charts.frame import Frame, label_looks, round_steps
from modelward.report.charts.overlay import Cell, Histogram, histogram, paired_bars
from modelward.report.charts.svg import path, tag
from modelward.web.charts import sparkline
from modelward.web.charts.axis import TimeAxis, Window
from modelward.web.charts.heat_map import HeatCell, HeatRow, heat_map, look_of, time_labels
from modelward.web.charts.over_time import Band, Line, Mark, Threshold, over_time
from modelward.web.charts.volume import volume

START = datetime(2026, 3, 2, tzinfo=UTC)
DAY = timedelta(days=1)


def days(count: int) -> list[Window]:
    return [Window(START + n * DAY, START + (n + 1) * DAY, n < count - 1) for n in range(count)]


def parsed(chart: str) -> ET.Element:
    """The chart as XML; a chart that is not well-formed fails here."""
    return ET.fromstring(chart)


def told(chart: str, look: str) -> list[str]:
    """What the hovers of elements with this class say."""
    return [e.findtext("title") or "" for e in parsed(chart).iter() if look in (e.get("class") or "").split()]


def number_of(element: ET.Element, name: str) -> float:
    return float((element.get(name) or "nan").rstrip("%"))


def with_class(chart: str, look: str) -> list[ET.Element]:
    return [e for e in parsed(chart).iter() if look == e.get("class")]


def test_a_line_stands_where_its_values_are() -> None:
    chart = over_time(days(4), [Line("mean", [0, 1, 2, 4])], label="x")
    (line,) = with_class(chart, "line current")
    points = [tuple(map(float, p.split())) for p in re.findall(r"[ML]([\d. ]+)", line.get("d") or "")]
    assert [x for x, _ in points] == [125, 375, 625, 875]
    assert [y for _, y in points] == [152, 114, 76, 0]


def test_a_missing_value_is_a_gap_and_a_lonely_one_a_dot() -> None:
    chart = over_time(days(5), [Line("mean", [1, None, 2, math.nan, 3])], label="x")
    assert (with_class(chart, "line current")[0].get("d") or "").count("M") == 3
    assert len(with_class(chart, "dot current")) == 3


def test_thresholds_are_lines_and_the_hover_is_one_place_however_many_windows() -> None:
    chart = over_time(days(300), [Line("PSI", [0.1] * 300)], label="x", thresholds=[Threshold(0.25, "strong")])
    assert len(with_class(chart, "threshold")) == 1
    assert len(with_class(chart, "area")) == len(with_class(chart, "cursor")) == 1
    assert len(chart) < 6_000


def test_a_band_is_one_closed_shape() -> None:
    chart = over_time(days(3), [Line("mean", [2, 2, 2])], band=Band("middle half", [1, None, 1], [3, 3, 3]), label="x")
    (band,) = with_class(chart, "band")
    assert (band.get("d") or "").endswith("Z")


def test_incidents_outside_the_range_are_not_drawn() -> None:
    marks = [
        Mark(START + DAY, "drifted", "inside"),
        Mark(START - DAY, "drifted", "before"),
        Mark(START + 9 * DAY, "drifted", "after"),
    ]
    chart = volume(days(3), [5, 0, 7], label="x", marks=marks)
    assert told(chart, "incident") == ["inside"]
    assert len(with_class(chart, "bar")) + len(with_class(chart, "bar open")) == 2


def tops(path_: ET.Element) -> list[float]:
    return [float(top) for top in re.findall(r"V([\d.]+)h", path_.get("d") or "")]


def test_bars_are_as_tall_as_their_counts_and_the_open_one_is_lighter() -> None:
    chart = volume(days(4), [50, 100, 0, 25], label="x")
    assert tops(with_class(chart, "bar")[0]) == [48, 0]
    assert tops(with_class(chart, "bar open")[0]) == [72]


def test_the_overlay_puts_the_window_over_the_reference() -> None:
    chart = histogram(Histogram((0, 10, 20), (0.25, 0.75), (0.5, 0.5)), label="x")
    assert told(chart, "hit") == [
        "0 to 10\nreference: 25 %\nthis window: 50 %".replace(" %", "\u202f%"),
        "10 to 20\nreference: 75 %\nthis window: 50 %".replace(" %", "\u202f%"),
    ]
    order = [e.get("class") for e in parsed(chart).iter() if e.get("class") in ("bar reference", "bar current", "hit")]
    assert order == ["bar reference", "bar current", "hit", "hit"]
    assert tops(with_class(chart, "bar current")[0]) == [69, 69]  # half of the rows each, on a scale up to 80 %


def test_whole_numbers_are_named_as_whole_numbers() -> None:
    chart = histogram(Histogram((-0.5, 0.5, 1.5), None, (0.5, 0.5)), label="x")
    assert [text.split("\n")[0] for text in told(chart, "hit")] == ["0", "1"]


def test_paired_bars_are_in_proportion() -> None:
    chart = paired_bars([Cell("a", 0.4, 0.2), Cell("b", None, 0.1)], label="x")
    assert [number_of(bar, "width") for bar in with_class(chart, "bar reference")] == [100, 0]
    assert [number_of(bar, "width") for bar in with_class(chart, "bar current")] == [50, 25]


@pytest.mark.parametrize(
    ("level", "psi", "look"),
    [
        ("ok", 0.01, "l1"),
        ("ok", 0.07, "l2"),
        ("ok", None, "l1"),
        ("warning", 0.2, "l3"),
        ("drifted", 0.9, "l4"),
        ("too_few", None, "lx"),
        ("reference", 0.0, "lr"),
    ],
)
def test_each_level_has_a_look_of_its_own(level, psi, look) -> None:
    assert look_of(level, psi) == look


def test_the_heat_map_is_a_table_of_links_with_numbers_in_it() -> None:
    cells = [HeatCell("l1", 0.02, "", "?column=a&window=1"), None, HeatCell("l4", 0.83, "moved", "?column=a&window=3")]
    chart = heat_map(
        days(3), [HeatRow("a", "drifted", "Strong drift", "?column=a", cells, chosen=True)], caption="Drift"
    )
    table = parsed(chart)
    links = [a for cell in table.iter("td") for a in cell.iter("a")]
    assert [a.text for a in links] == ["0.020", "0.83"]
    assert links[1].get("title") == "Wed 4 Mar 2026 (not over yet) strong drift, PSI 0.83 moved"  # XML folds lines
    assert links[1].get("href") == "?column=a&window=3"
    assert len(list(table.iter("td"))) == 3


@pytest.mark.parametrize("count", [1, 2, 7, 30, 92, 300])
def test_time_axes_have_a_few_labels_in_order(count) -> None:
    ticks = TimeAxis.over(days(count)).ticks()
    places = [at for at, _ in ticks]
    assert 1 <= len(ticks) <= 12
    assert places == sorted(places)
    assert all(0 <= at < 1 for at in places)
    assert parsed(time_labels(days(count))) is not None


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True), min_size=1, max_size=20), st.booleans())
def test_any_values_make_a_frame_that_holds_them(values, zero) -> None:
    frame = Frame.around(values, height=100, zero=zero)
    assert frame.low < frame.high
    assert 2 <= len(frame.ticks) <= 13
    assert all(-1e-6 <= frame.y(v) <= 100 + 1e-6 for v in values if math.isfinite(v))


@given(st.floats(-1e12, 1e12), st.floats(1e-9, 1e12))
def test_steps_are_round_and_reach_around(low, width) -> None:
    high = low + width
    steps = round_steps(low, high)
    assert steps[0] <= low + width * 1e-3 + abs(low) * 1e-9
    assert steps[-1] >= high - width * 1e-3 - abs(high) * 1e-9


@given(st.text(max_size=40), st.text(max_size=40))
def test_nothing_that_is_given_becomes_markup(name, value) -> None:
    element = tag("text", name, class_=value)
    plain = {character for character in name + value if character in "\x00\r\ud800"}
    if (
        not plain
        and all(ord(c) >= 32 or c in "\n\t" for c in name + value)
        and "\ufffe" not in name + value
        and "\uffff" not in name + value
    ):
        assert list(parsed(element)) == []
        assert (parsed(element).text or "") == name
    assert element.count("<") == 2


@pytest.mark.parametrize("draw", ["line", "bars", "pairs", "heat", "histogram", "mark"])
def test_hostile_names_stay_text_in_every_chart(draw) -> None:
    charts: dict[str, str] = {
        "line": over_time(days(2), [Line(HOSTILE, [1, 2])], label=HOSTILE, thresholds=[Threshold(1, HOSTILE)]),
        "bars": volume(days(2), [1, 2], label=HOSTILE),
        "pairs": paired_bars([Cell(HOSTILE, 0.5, 0.5)], label=HOSTILE),
        "heat": heat_map(
            days(1),
            [HeatRow(HOSTILE, "healthy", HOSTILE, HOSTILE, [HeatCell("l1", 0.1, HOSTILE, HOSTILE)])],
            caption=HOSTILE,
        ),
        "histogram": histogram(Histogram((0, 1), None, (1.0,)), label=HOSTILE),
        "mark": volume(days(2), [1, 2], label="x", marks=[Mark(START, "drifted", HOSTILE)]),
    }
    names = {element.tag for element in parsed(charts[draw]).iter()}
    assert not names & {"script", "img"}
    assert " style=" not in charts[draw]


def test_sparklines_fit_in_a_row() -> None:
    for chart in (
        sparkline.bars([1, None, 3], label="x"),
        sparkline.strip(["healthy", "drifted", "too-few"], label="x"),
        sparkline.bars([], label="x"),
    ):
        assert parsed(chart).get("viewBox") == "0 0 160 32"
    tall = _heights(sparkline.strip(["drifted", "warning", "healthy", "too-few"], label="x"))
    assert tall == sorted(tall, reverse=True)
    assert len(set(tall)) == 4


def _heights(chart: str) -> Sequence[float]:
    return [number_of(bar, "height") for bar in parsed(chart).iter("rect")]


def test_a_path_lifts_the_pen_over_gaps() -> None:
    assert path([(0, 1), (1, 2), None, (3, 4)]) == "M0.0 1.0L1.0 2.0M3.0 4.0"


def test_a_label_that_would_leave_the_drawing_ends_at_its_place() -> None:
    looks = label_looks([(0.1, "Nov"), (0.5, "Dec"), (0.98, "Jan 2014")])
    assert looks == ["x-label", "x-label", "x-label end"]


def test_a_label_that_ends_at_its_place_goes_where_it_would_stand_on_another() -> None:
    looks = label_looks([(0.0, "Oct"), (0.9, "Nov"), (0.99, "Jan 2014")])
    assert looks[-1] == "x-label minor end"


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12, unique=True), st.text("abc", min_size=1, max_size=9))
def test_no_label_that_is_kept_stands_on_another_where_a_drawing_is_narrow(places: list[float], text: str) -> None:
    spread = [place for n, place in enumerate(sorted(places)) if n == 0 or place - sorted(places)[n - 1] > 0.25]
    kept = [
        (at, look)
        for at, look in zip(spread, label_looks([(a, text) for a in spread]), strict=True)
        if "minor" not in look
    ]
    width = len(text) * 7 / 290
    spans = [(at - width, at) if "end" in look else (at, at + width) for at, look in kept]
    assert all(one[1] <= other[0] + 1e-9 for one, other in itertools.pairwise(spans))
