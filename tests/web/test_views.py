"""What the pages say, without a database: readings in, words out."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.web import flights_readings as flights

from modelward.monitoring.readings import Distribution, HeatCell, HeatMap, HeatRow, Quantiles, Side, Spread
from modelward.web.states import STATES, state_of
from modelward.web.views.column import Limits
from modelward.web.views.events_table import events_of, written
from modelward.web.views.heat import CELLS, ROWS, chosen_column
from modelward.web.views.incidents import incidents
from modelward.web.views.model_page import ModelPage, ModelReadings, model_page, numbers_of
from modelward.web.views.numbers import TITLES
from modelward.web.views.overview import overview_of
from modelward.web.views.traffic import newest_telling
from modelward.web.writing import milliseconds


def page_of(read: ModelReadings, **asked: object) -> ModelPage:
    return model_page(read, flights.asked(**asked), now=flights.NOW)


def test_every_health_has_a_word_a_shape_and_a_colour_of_its_own() -> None:
    from modelward.rules.health import Health

    assert {state_of(health) for health in Health} == set(STATES)
    for part in ("slug", "word", "of_column", "severity"):
        assert len({getattr(state, part) for state in STATES}) == 5


def test_levels_of_windows_are_states_too() -> None:
    assert [state_of(v).slug for v in ("ok", "warning", "drifted", "too_few", "reference", None, "?")] == [
        "healthy",
        "warning",
        "drifted",
        "too-few",
        "healthy",
        "too-few",
        "too-few",
    ]


def test_the_overview_counts_in_words_and_puts_trouble_first() -> None:
    view = overview_of(flights.cards())
    assert view.sentence == "5 models: 1 drifted, 1 warning, 1 silent, 1 with too few data, 1 healthy."
    assert [row.state.word for row in view.rows] == ["Drifted", "Warning", "Silent", "Too few data", "Healthy"]
    healthy = overview_of([card for card in flights.cards() if card.health == "healthy"] * 2)
    assert healthy.sentence == "All 2 models: healthy."


def test_a_model_that_nobody_judged_says_what_is_missing() -> None:
    new = flights.card("new", "too_few", None, event_count=0, recent=(), latest=None, reference="none")
    row = overview_of([new]).rows[0]
    assert (row.reason, row.volume_told) == ("No event has arrived yet: send the first one.", "no events yet")
    waiting = flights.card("new", "too_few", None, reference="none")
    assert "no reference yet" in overview_of([waiting]).rows[0].reason


def test_the_header_has_the_figures_that_one_looks_for() -> None:
    figures = {figure.name: figure for figure in page_of(flights.drifted_model()).figures}
    assert figures["Drift, PSI"].value == "0.83"
    assert figures["Drift, PSI"].note == "`distance`, Mon 30 Dec 2013"
    assert figures["Drift, KS"].value == "0.41"
    assert figures["Latency, p95"].value.endswith("ms")
    assert figures["Predictions today"].note == "282,566 in all"


def test_a_replayed_year_says_when_its_last_predictions_were() -> None:
    later = model_page(flights.drifted_model(), flights.asked(), now=flights.NOW + timedelta(days=400))
    today = next(figure for figure in later.figures if figure.name == "Predictions today")
    assert today.value == "0"
    assert today.note.endswith("on Tue 31 Dec 2013")


def test_a_long_history_is_made_few_enough_to_draw_without_losing_its_worst() -> None:
    view = page_of(flights.drifted_model()).heat
    assert view
    cells = re.findall(r"<td>", view.map)
    assert len(cells) == 75 * len(flights.COLUMNS)
    assert len(cells) / len(flights.COLUMNS) <= CELLS
    assert view.note == "Each cell is the worst of 4 days."
    assert "PSI 0.3" in view.map  # one stormy day of July, the worst of its four
    assert view.sentence == "1 of 10 columns is in alarm: `distance` since 1 October 2013."


def test_many_columns_come_in_pages_worst_first() -> None:
    first, last = page_of(flights.wide_model()).heat, page_of(flights.wide_model(), columns=7).heat
    assert first
    assert last
    assert (first.shown, last.shown, len(first.pages)) == (ROWS, 200 - 6 * ROWS, 7)
    assert "distance" in first.map
    assert "distance" not in last.map


def test_every_link_keeps_the_range() -> None:
    page = page_of(flights.drifted_model())
    assert page.heat
    assert page.column
    links = re.findall(r'href="([^"#]*\?[^"]*)"', page.heat.map)
    assert len(links) > 700
    assert all(link.startswith("?range=1y&amp;column=") for link in links)
    assert page.column.earlier == "?range=1y&column=distance&window=20131229T0500Z#column"
    assert page.timeline_address == "/dashboard/models/flights-late/timeline.json?range=1y"


def test_the_first_and_the_last_window_have_one_neighbour() -> None:
    read = flights.drifted_model()
    last = ModelReadings(**{**read.__dict__, "chosen": flights.numeric("distance", window=-1)})
    column = page_of(last).column
    assert column
    assert (column.earlier is None, column.later) == (False, None)


def test_the_column_says_the_sentence_then_the_numbers_then_the_test() -> None:
    column = page_of(flights.drifted_model()).column
    assert column
    assert column.sentence == flights.SENTENCE
    summary = {name: (before, after) for name, before, after in column.summary}
    assert summary["Rows"] == ("54,210", "948")
    assert set(summary) >= {"Mean", "Median", "Missing", "95 % below"}
    assert "Wrong type" not in summary
    assert column.test == (
        "psi: 0.83 against a limit of 0.10; p < 10⁻¹², < 10⁻¹² after adjusting for all columns; "
        "54,210 rows of reference, 948 in this window."
    )
    assert ("Kolmogorov–Smirnov", "0.41") in [row[:2] for row in column.statistics]


def test_categories_are_pairs_of_bars_and_empty_text_has_a_name() -> None:
    read = flights.hostile_model()
    column = page_of(read).column
    assert column
    assert column.kind == "categories"
    assert ("(empty text)", "20\u202f%", "40\u202f%") in column.cells


def test_a_model_without_anything_has_an_empty_page_and_no_error() -> None:
    page = page_of(flights.new_model())
    assert (page.heat, page.column, page.volume, page.prediction, page.latency, page.timeline_address) == (None,) * 6
    assert page.reason == "No event has arrived yet: send the first one."
    assert page.reference.status == "none"


def test_a_provisional_reference_asks_to_be_confirmed_and_a_confirmed_one_does_not() -> None:
    assert page_of(flights.wide_model()).reference.can_confirm
    confirmed = page_of(flights.drifted_model()).reference
    assert not confirmed.can_confirm
    assert (
        confirmed.sentence == "54.2k rows from a stretch of live events, 1 Jan to 6 Mar 2013. Confirmed 7 March 2013."
    )


def test_incidents_stand_on_the_time_axis_of_every_chart() -> None:
    page = page_of(flights.drifted_model())
    for part in (page.volume, page.latency, page.prediction):
        assert part
        assert "1 October 2013: drift begins in distance" in part.chart


def test_alarms_that_are_over_are_marked_too() -> None:
    heat = flights.heat()
    calm = HeatCell(0.01, 0.1, "ok", drifted=False, p_value=0.5, reason="")
    strong = HeatCell(0.9, 0.5, "drifted", drifted=True, p_value=1e-9, reason="moved")
    cells = tuple(strong if n in (10, 11) else calm for n in range(len(heat.windows)))
    quiet = tuple(calm for _ in heat.windows)
    rows = [HeatRow(f"column_{n}", "numeric", c, None, 0.9) for n, c in enumerate((cells, cells, quiet))]
    (mark,) = incidents(replace(heat, rows=tuple(rows)), flights.ZONE)
    assert mark.slug == "past"
    assert mark.text == "17 March 2013: drift in column_0, column_1, over on 20 March 2013"


def test_numeric_predictions_are_a_mean_with_its_middle_half_against_the_reference() -> None:
    read = flights.drifted_model()
    points = tuple(type(p)(**{**p.__dict__, "prediction": p.score}) for p in read.history)
    part = page_of(
        ModelReadings(**{**read.__dict__, "history": points, "prediction": flights.numeric("@prediction")})
    ).prediction
    assert part
    assert part.sentence.startswith("The mean prediction is 0.404")
    assert "in the reference it is 956" in part.sentence
    assert ("reference", "mean of the reference") in part.legend


def test_predictions_of_0_and_1_are_a_share() -> None:
    read = flights.drifted_model()
    points = tuple(type(p)(**{**p.__dict__, "prediction": p.score}) for p in read.history)
    start, end = flights.days()[-2]
    sides = (Side(54_210, (0.83, 0.17), 0, 0, 0.17, 0.4), Side(948, (0.71, 0.29), 0, 0, 0.29, 0.45))
    told = Distribution("@prediction", "numeric", ("0", "1"), (-0.5, 0.5, 1.5), *sides, start, end, None)
    part = page_of(ModelReadings(**{**read.__dict__, "history": points, "prediction": told})).prediction
    assert part
    assert re.fullmatch(
        r"`1` was predicted for \d\d(\.\d)?.% of the events in the newest window \(Tue 31 Dec 2013\), "
        r"for \d\d(\.\d)?.% in this whole range, and for 17.% in the reference\.",
        part.sentence,
    )
    assert 'class="band"' not in part.chart


def test_the_column_that_opens_is_a_cause_before_a_consequence() -> None:
    heat = flights.heat({"@score": "numeric", "distance": "numeric", "hour": "numeric"})
    rows = [
        replace(row, drifted_since=flights.CHANGE, worst=9 - n)
        for n, row in enumerate(sorted(heat.rows, key=lambda r: r.column))
    ]
    assert rows[0].column == "@score"
    alarmed = replace(heat, rows=tuple(rows))
    assert chosen_column(alarmed, None) == "distance"
    assert chosen_column(alarmed, "hour") == "hour"
    assert chosen_column(replace(heat, rows=tuple(rows[:1])), None) == "@score"
    assert chosen_column(replace(heat, rows=()), None) is None


def test_a_window_with_three_rows_speaks_for_nothing() -> None:
    read = flights.drifted_model()
    full, tail = read.history[-2], read.history[-1]
    thin = replace(
        tail,
        rows=3,
        level="too_few",
        prediction=Spread("numeric", 3, 0.99, 0.1),
        latency=Quantiles(3, 900.0, 900.0, 900.0, 900.0),
    )
    points = (*(replace(p, prediction=p.score) for p in read.history[:-1]), thin)
    page = page_of(replace(read, history=points, prediction=flights.numeric("@prediction")))
    assert full.latency
    assert page.latency
    assert page.latency.sentence.startswith(f"Half of the answers take {milliseconds(full.latency.p50)} or less")
    assert page.prediction
    assert "0.99" not in page.prediction.sentence
    assert newest_telling(points) is points[-2]
    assert newest_telling([thin]) is thin
    assert newest_telling([]) is None


def test_causes_stand_before_consequences_in_the_map() -> None:
    heat = flights.heat({"@score": "numeric", "distance": "numeric", "hour": "numeric"})
    rows = {row.column: replace(row, drifted_since=flights.CHANGE) for row in heat.rows}
    wild = replace(heat, rows=(rows["@score"], rows["distance"], replace(rows["hour"], drifted_since=None)))
    view = page_of(replace(flights.drifted_model(), heat=wild)).heat
    assert view
    assert re.findall(r'scope="row">.*?<span>(\w+)</span>', view.map) == ["distance", "score", "hour"]
    assert view.sentence.startswith("2 of 3 columns are in alarm: `distance` since")


def test_a_limit_of_the_column_itself_is_the_only_one_drawn() -> None:
    read = flights.drifted_model()
    limits = Limits(0.1, 0.25, {"distance": 0.5})
    column = page_of(ModelReadings(**{**read.__dict__, "facts": flights.facts(limits=limits)})).column
    assert column
    assert column.history
    assert "limit 0.50" in column.history
    assert "moderate" not in column.history


def test_the_numbers_behind_a_chart_are_all_there_newest_first() -> None:
    read = flights.drifted_model()
    volume = numbers_of(read, "volume")
    assert volume
    assert len(volume.rows) == len(read.history) == 300
    assert (volume.rows[0].name, volume.rows[0].end) == ("Tue 31 Dec 2013 (not over yet)", "100%")
    assert volume.rows[-1].start == "0%"
    drift, latency = numbers_of(read, "drift"), numbers_of(read, "latency")
    assert drift
    assert latency
    assert drift.heads == ("Window", "PSI", "KS", "Verdict")
    assert drift.rows[0].values[2] == "Strong drift"
    assert latency.heads == ("Window", "p50", "p95", "p99")


def test_a_chart_without_numbers_has_no_table() -> None:
    assert [numbers_of(flights.new_model(), part) for part in TITLES] == [None] * 4


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (float("nan"), "–"),
        (float("inf"), "∞"),
        (True, "yes"),
        (1.0, "1"),
        (0.123456789, "0.123457"),
        ("x" * 60, "x" * 39 + "…"),
    ],
)
def test_values_of_events_are_short_and_plain(value, text) -> None:
    assert written(value) == text


def test_features_in_alarm_come_first_in_the_table_of_events() -> None:
    rows, stored = flights.events()
    view = events_of(rows, stored, first=["hour", "@prediction"])
    assert view.features[:2] == ("hour", "distance")
    assert (len(view.features), view.hidden) == (6, 4)
    assert (view.scored, view.labelled, view.timed) == (True, True, True)


def test_a_heat_map_of_nothing_is_none() -> None:
    read = flights.drifted_model()
    empty = ModelReadings(**{**read.__dict__, "heat": HeatMap("day", read.history, ()), "chosen": None})
    assert page_of(empty).heat is None
