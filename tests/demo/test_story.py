from datetime import date, timedelta

from modelward.demo.story import Judged, change_said, lasting_changes, passing_days, passing_said

FIRST = date(2013, 9, 20)


def days_with(drifted):
    """Forty days; `drifted` says by column on which of them it drifted."""
    return [
        Judged(FIRST + timedelta(days=n), 900, frozenset(name for name, ns in drifted.items() if n in ns))
        for n in range(40)
    ]


def test_a_column_that_moved_and_stayed_is_a_lasting_change_since_its_first_day():
    (change,) = lasting_changes(days_with({"distance": range(11, 40)}))
    assert (change.column, change.since, change.days) == ("distance", date(2013, 10, 1), 29)
    assert change_said(change, "it moved") == "since 1 October, on each of 29 days: it moved"


def test_a_last_day_of_a_few_flights_says_nothing_and_breaks_nothing():
    days = [*days_with({"distance": range(11, 40)}), Judged(FIRST + timedelta(days=40), 3, enough=False)]
    assert [(change.column, change.days) for change in lasting_changes(days)] == [("distance", 29)]


def test_a_storm_passes_and_is_no_lasting_change():
    days = days_with({"delay": (3, 4), "distance": range(11, 40)})
    changes = lasting_changes(days)
    assert [change.column for change in changes] == ["distance"]
    assert [judged.day.day for judged in passing_days(days, changes)] == [23, 24]


def test_a_storm_at_the_very_end_is_not_yet_a_change():
    assert lasting_changes(days_with({"delay": range(36, 40)})) == []


def test_what_drifted_before_it_stayed_is_a_passing_day():
    days = days_with({"score": [2, *range(11, 40)]})
    changes = lasting_changes(days)
    assert changes[0].since == date(2013, 10, 1)
    assert [judged.day for judged in passing_days(days, changes)] == [date(2013, 9, 22)]


def test_features_are_named_before_what_follows_from_them():
    days = days_with({"@score": range(11, 40), "distance": range(11, 40)})
    assert [change.column for change in lasting_changes(days)] == ["distance", "@score"]


def test_a_year_without_drift_has_nothing_to_tell():
    assert lasting_changes(days_with({})) == []
    assert passing_days(days_with({}), []) == []


def test_passing_days_are_read_by_month():
    assert (
        passing_said(days_with({"delay": (3, 4, 15)})[3:5] + days_with({})[15:16]) == "23 and 24 September; 5 October"
    )
