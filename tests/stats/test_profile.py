"""A profile adds up like the tables it stands for."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelward.stats import CategoricalSummary, NumericSummary, Profile, psi


def test_columns_are_summarised_by_what_they_hold():
    profile = Profile.of(
        {
            "number": np.array([1.5, np.nan]),
            "whole": np.array([1, 2]),
            "maybe": np.array([None, 3], dtype=object),
            "text": np.array(["a", None], dtype=object),
            "flag": np.array([True, False]),
            "none": np.array([None, None], dtype=object),
        }
    )
    kinds = {name: type(summary) for name, summary in profile.columns.items()}
    assert profile.rows == 2
    assert [name for name, kind in kinds.items() if kind is NumericSummary] == ["number", "whole", "maybe"]
    assert [name for name, kind in kinds.items() if kind is CategoricalSummary] == ["text", "flag", "none"]
    flag = profile.columns["flag"]
    assert isinstance(flag, CategoricalSummary)
    assert flag.categories == ("false", "true")
    assert profile.columns["maybe"].missing == 1


def test_columns_of_different_length_are_no_table():
    with pytest.raises(ValueError, match=r"different lengths: \[1, 2\]"):
        Profile.of({"a": [1.0], "b": [1.0, 2.0]})


def test_rows_without_a_column_are_missing_in_it():
    merged = Profile.merge(
        [Profile.of({"a": [1.0, 2.0]}), Profile.of({"a": [3.0], "b": ["x"]}), Profile.of({"b": ["y", "y"]})]
    )
    assert merged.rows == 5
    assert {name: (column.rows, column.missing) for name, column in merged.columns.items()} == {
        "a": (5, 2),
        "b": (5, 2),
    }


def test_a_column_of_two_kinds_stays_what_most_of_it_is_and_the_rest_is_invalid():
    numbers, text = Profile.of({"a": [1.0, 2.0, np.nan]}), Profile.of({"a": ["x", None]})
    for merged in (numbers + text, text + numbers):
        column = merged.columns["a"]
        assert isinstance(column, NumericSummary)
        assert (column.count, column.missing, column.invalid, column.rows) == (2, 2, 1, 5)
    names = (Profile.of({"a": ["x", "y", "z"]}) + numbers).columns["a"]
    assert isinstance(names, CategoricalSummary)
    assert (names.count, names.missing, names.invalid) == (3, 1, 2)


tables = st.integers(0, 5).flatmap(
    lambda rows: st.dictionaries(
        st.sampled_from("abc"),
        st.one_of(
            st.lists(st.floats(-9, 9), min_size=rows, max_size=rows).map(lambda v: NumericSummary.of(v)),
            st.lists(st.sampled_from(["x", "y", None]), min_size=rows, max_size=rows).map(CategoricalSummary.of),
        ),
        min_size=1,
    )
)


def outline(profile):
    return profile.rows, {
        name: (type(column), column.rows, column.count, column.missing, column.invalid)
        for name, column in profile.columns.items()
    }


@given(st.lists(tables, max_size=4), st.randoms(use_true_random=False))
def test_merging_commutes_and_every_column_has_every_row(parts, random):
    profiles = [Profile.of(part) for part in parts]
    merged = Profile.merge(profiles)
    assert outline(merged) == outline(Profile.merge(random.sample(profiles, len(profiles))))
    assert all(column.rows == merged.rows for column in merged.columns.values())


@given(tables)
def test_bytes_come_back_as_the_same_profile(table):
    profile = Profile.of(table)
    again = Profile.from_bytes(profile.to_bytes())
    assert outline(again) == outline(profile)
    assert again.to_bytes() == profile.to_bytes()


def test_a_wide_profile_is_compact():
    rng = np.random.default_rng(2)
    profile = Profile.of({f"f{i}": rng.normal(size=20_000) for i in range(30)})
    assert len(profile.to_bytes()) < 30 * 9_000
    small = Profile.of({f"f{i}": rng.integers(0, 5, 200).astype(float) for i in range(30)})
    assert len(small.to_bytes()) < 30 * 60


@settings(max_examples=300)
@given(st.data())
def test_damaged_bytes_are_a_value_error_or_a_sound_profile(data):
    document = bytearray(Profile.of({"a": [1.0, 2.0], "b": ["x", None]}).to_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        document[data.draw(st.integers(0, len(document) - 1))] = data.draw(st.integers(0, 255))
    try:
        profile = Profile.from_bytes(bytes(document))
    except ValueError:
        return
    assert all(column.rows == profile.rows for column in profile.columns.values())


def test_the_bytes_of_another_thing_are_refused():
    with pytest.raises(ValueError, match="MWPR"):
        Profile.from_bytes(NumericSummary.of([1.0]).to_bytes())


def test_a_nan_in_a_list_of_names_is_missing_and_no_name():
    town = Profile.of({"town": ["Bonn", float("nan"), "Köln", None]}).columns["town"]
    assert isinstance(town, CategoricalSummary)
    assert (town.categories, town.missing) == (("Bonn", "Köln"), 2)
    assert psi(["a", "b", float("nan")] * 5, ["a", "b", None] * 5).statistic == 0
