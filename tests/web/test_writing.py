import math
from datetime import UTC, datetime, timedelta

import pytest

from modelward.web import writing

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (None, "–"),
        (math.nan, "–"),
        (math.inf, "∞"),
        (-math.inf, "−∞"),
        (0.0, "0"),
        (-0.0, "0"),
        (5, "5"),
        (872.0, "872"),
        (1403, "1,403"),
        (9999, "9,999"),
        (12_400, "12.4k"),
        (99_999.9, "100k"),
        (999_999, "1M"),
        (3_140_000, "3.1M"),
        (2.5e9, "2.5B"),
        (-12_400, "−12.4k"),
        (8.4, "8.4"),
        (0.0312, "0.0312"),
        (1e-7, "1.0e−7"),
        (1e300, "1.00e+300"),
    ],
)
def test_numbers_as_a_person_writes_them(value, written) -> None:
    assert writing.number(value) == written


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (None, "–"),
        (0.0, "0 %"),
        (0.032, "3.2 %"),
        (0.0001, "< 0.1 %"),
        (0.9999, "> 99.9 %"),
        (1.0, "100 %"),
        (0.5, "50 %"),
    ],
)
def test_shares_never_pretend_to_be_nothing_or_everything(value, written) -> None:
    assert writing.percent(value).replace(writing.THIN, " ") == written


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (None, "–"),
        (math.nan, "–"),
        (0.4, "0.4 ms"),
        (0.00236, "2.4 µs"),
        (0.0, "0 ms"),
        (41.2, "41 ms"),
        (999.4, "999 ms"),
        (1234, "1.23 s"),
        (150_000, "2.5 min"),
    ],
)
def test_latencies_carry_their_unit(value, written) -> None:
    assert writing.milliseconds(value).replace(writing.THIN, " ") == written


@pytest.mark.parametrize(
    ("value", "written"),
    [(None, "–"), (0.83, "0.83"), (0.041, "0.041"), (0.0001, "< 0.001"), (-0.0001, "0"), (0, "0.000")],
)
def test_scores_keep_what_tells(value, written) -> None:
    assert writing.score(value) == written


@pytest.mark.parametrize(
    ("value", "written"), [(None, "–"), (0.0, "< 10⁻¹²"), (1e-240, "< 10⁻¹²"), (0.31, "0.31"), (0.0004, "4e−4")]
)
def test_p_values_say_how_small_they_are(value, written) -> None:
    assert writing.probability(value) == written


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (956.166, "956.2"),
        (1531.58, "1,532"),
        (-65.4089, "−65.41"),
        (0.000123456, "0.0001235"),
        (0.0, "0"),
        (1e300, "1e+300"),
    ],
)
def test_measures_have_four_digits(value, written) -> None:
    assert writing.measure(value) == written


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (-5, "just now"),
        (3, "just now"),
        (42, "42 seconds ago"),
        (60, "1 minute ago"),
        (7200, "2 hours ago"),
        (86_400, "1 day ago"),
        (40 * 86_400, "40 days ago"),
        (60 * 86_400, "60 days ago"),
        (92 * 86_400, "30 November 2025"),
        (-7200, "in 2 hours"),
    ],
)
def test_the_past_in_one_unit(seconds, written) -> None:
    assert writing.ago(NOW - timedelta(seconds=seconds), NOW) == written


def test_never_is_said_so() -> None:
    assert writing.ago(None, NOW) == "never"


def test_windows_are_named_as_people_name_them() -> None:
    day, hour = timedelta(days=1), timedelta(hours=1)
    assert writing.span(NOW, NOW + hour) == "2 Mar 2026, 12:00 to 13:00"
    midnight = NOW.replace(hour=0)
    assert writing.span(midnight, midnight + day) == "Mon 2 Mar 2026"
    assert writing.span(midnight, midnight + 7 * day) == "2 Mar to 8 Mar 2026"
    assert writing.span(midnight - 100 * day, midnight) == "22 Nov 2025 to 1 Mar 2026"


def test_long_names_of_one_family_stay_apart() -> None:
    names = {writing.middle(f"embedding_component_{n:03d}_of_text", 20) for n in range(200)}
    assert len(names) == 200
    assert max(map(len, names)) == 20
    assert writing.middle("short", 20) == "short"


@pytest.mark.parametrize(
    ("largest", "written"), [(0.13, "50 µs"), (2.4, "0.05 ms"), (1500.0, "0.00005 s"), (None, "50 µs")]
)
def test_an_axis_of_latencies_has_one_unit(largest: float | None, written: str) -> None:
    text = writing.milliseconds_like([None, largest])(0.05)
    assert text.split(writing.THIN)[1] == written.split(" ")[1]


def test_a_metric_has_as_many_decimals_as_its_interval() -> None:
    assert [writing.metric(value) for value in (0.64, 0.648, 0.0401, 1.0, 12.34, 11310.2, -0.5, None)] == [
        "0.640", "0.648", "0.0401", "1", "12.3", "11,310", "−0.500", "–",
    ]  # fmt: skip
