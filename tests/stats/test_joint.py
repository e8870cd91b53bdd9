"""All columns together, vectors and words: what is found, what is not said, and how often by chance."""

import numpy as np
import pytest

from modelward.stats import Vocabulary, distance_of_means, domain_classifier, pca_reconstruction

RUNS = 150


def numbers(rng, rows):
    """Eight columns of numbers, two of them related, and one of names."""
    columns = {f"x{i}": rng.normal(size=rows) for i in range(7)}
    columns["twin"] = columns["x0"] + 0.5 * rng.normal(size=rows)
    columns["town"] = np.array(["Bonn", "Köln", "Ulm"], dtype=object)[rng.choice(3, rows, p=[0.5, 0.3, 0.2])]
    return columns


def broken(rng, rows):
    """The same columns, each as before, of which two are related no more."""
    columns = numbers(rng, rows)
    return {**columns, "twin": rng.permutation(columns["twin"])}


def rate(p_values, level):
    return float(np.mean(np.array(p_values) < level))


# Of 150 p-values, more than these shares are below the level by chance in less than 1 of 1,000 trials.
@pytest.mark.parametrize(("n", "m"), [(300, 300), (1500, 400)])
@pytest.mark.parametrize("statistic", [domain_classifier, pca_reconstruction])
def test_without_drift_alarms_are_as_seldom_as_promised(statistic, n, m):
    rng = np.random.default_rng(3)
    results = [statistic(numbers(rng, n), numbers(rng, m), seed=run) for run in range(RUNS)]
    assert rate([result.p_value for result in results], 0.05) <= 0.11
    assert rate([result.p_value for result in results], 0.01) <= 0.047
    expected = 0.5 if statistic is domain_classifier else 1.0
    assert np.mean([result.low <= expected <= result.high for result in results]) >= 0.89


def test_the_area_is_one_half_on_average_where_nothing_differs():
    rng = np.random.default_rng(4)
    areas = [domain_classifier(numbers(rng, 300), numbers(rng, 300), seed=run).statistic for run in range(60)]
    assert np.mean(areas) == pytest.approx(0.5, abs=4 * np.std(areas) / np.sqrt(60))


@pytest.mark.parametrize("statistic", [domain_classifier, pca_reconstruction])
def test_a_relation_that_broke_is_found_where_each_column_is_as_before(statistic):
    rng = np.random.default_rng(5)
    result = statistic(numbers(rng, 1500), broken(rng, 1500))
    assert result.p_value < 1e-6
    assert result.low > (0.5 if statistic is domain_classifier else 1.0)
    assert {name for name, _ in result.columns[:2]} == {"x0", "twin"}


def test_names_that_were_swapped_and_values_that_went_missing_are_found():
    rng = np.random.default_rng(6)
    before, now = numbers(rng, 1000), numbers(rng, 1000)
    swap = {"Bonn": "Ulm", "Ulm": "Bonn", "Köln": "Köln"}
    now["town"] = np.array([swap[name] for name in now["town"]], dtype=object)
    assert domain_classifier(before, now).columns[0][0] == "town"
    gone = {**numbers(rng, 1000), "x3": np.where(rng.random(1000) < 0.3, np.nan, 0.1)}
    result = domain_classifier(before, gone)
    assert (result.columns[0][0], result.p_value < 1e-12) == ("x3", True)


def test_two_tables_of_nothing_in_common_are_told_apart_in_every_row():
    before, now = {"x": np.zeros(100)}, {"x": np.ones(100)}
    result = domain_classifier(before, now)
    assert (result.statistic, result.high) == (1.0, 1.0)
    assert result.low < 1


def test_the_same_seed_gives_the_same_answer_and_rows_are_bounded():
    rng = np.random.default_rng(7)
    before, now = numbers(rng, 900), numbers(rng, 900)
    for statistic in (domain_classifier, pca_reconstruction):
        first = statistic(before, now, seed=1, rows=400)
        assert first == statistic(before, now, seed=1, rows=400)
        assert (first.n_reference, first.n_current) == (400, 400)
        assert first != statistic(before, now, seed=2, rows=400)


def test_wide_tables_are_looked_at_in_a_hundred_columns():
    rng = np.random.default_rng(8)
    wide = [{f"x{i}": rng.normal(size=120) for i in range(130)} for _ in range(2)]
    assert len(domain_classifier(*wide).columns) == 100


@pytest.mark.parametrize("statistic", [domain_classifier, pca_reconstruction])
def test_wrong_use_is_refused_in_a_sentence(statistic):
    rng = np.random.default_rng(9)
    table = numbers(rng, 100)
    with pytest.raises(ValueError, match="no column of one kind in common"):
        statistic(table, {"other": np.zeros(100)})
    with pytest.raises(ValueError, match="different lengths"):
        statistic({**table, "short": np.zeros(3)}, table)
    with pytest.raises(ValueError, match="rows on each side"):
        statistic(table, {name: values[:10] for name, values in table.items()})


@pytest.mark.parametrize("statistic", [domain_classifier, pca_reconstruction])
def test_odd_columns_do_no_harm(statistic):
    rng = np.random.default_rng(10)
    odd = {
        "void": np.full(200, np.nan),
        "constant": np.ones(200),
        "nothing": np.array([None] * 200, dtype=object),
        "huge": np.where(np.arange(200) == 7, 1e300, rng.normal(size=200)),
        "infinite": np.where(np.arange(200) == 3, np.inf, rng.normal(size=200)),
        "ids": np.array([f"id{i}" for i in range(200)], dtype=object),
    }
    result = statistic(odd, odd)
    assert 0 <= result.p_value <= 1
    assert np.isfinite(result.statistic)


def test_the_distance_of_means_holds_its_level_and_finds_a_shift():
    rng = np.random.default_rng(11)
    p_values = [
        distance_of_means(rng.normal(size=(80, 12)), rng.normal(size=(60, 12)), seed=run, permutations=199).p_value
        for run in range(RUNS)
    ]
    assert rate(p_values, 0.05) <= 0.11
    assert 0.35 <= np.median(p_values) <= 0.65
    assert distance_of_means(rng.normal(size=(200, 12)), rng.normal(0.4, 1, size=(200, 12))).p_value == 0.001


def test_the_p_value_of_small_samples_is_that_of_all_permutations():
    # Of the 20 ways to deal six rows into two times three, this one and its mirror lie farthest apart.
    result = distance_of_means([[0.0], [1.0], [2.0]], [[10.0], [11.0], [12.0]], permutations=20_000)
    assert result.p_value == pytest.approx(0.1, abs=0.01)


def test_vectors_of_other_lengths_are_refused_and_of_missing_places_left_out():
    with pytest.raises(ValueError, match="3 places in the reference and 2 in the current"):
        distance_of_means(np.zeros((5, 3)), np.zeros((5, 2)))
    vectors = np.zeros((6, 2))
    vectors[0, 1] = np.nan
    result = distance_of_means(vectors, np.zeros((6, 2)))
    assert (result.n_reference, result.statistic, result.p_value) == (5, 0.0, 1.0)


def test_vocabularies_add_up_survive_as_bytes_and_ignore_case_and_punctuation():
    one, two = Vocabulary.of(["The flight was late."]), Vocabulary.of(["Good food!"])
    both = Vocabulary.from_bytes((one + two).to_bytes())
    assert both.unseen(["the food was GOOD", "bad food", ""]).tolist()[:2] == [0.0, 0.5]
    assert np.isnan(both.unseen([""])[0])
    with pytest.raises(ValueError, match="no MWVO document"):
        Vocabulary.from_bytes(b"nonsense")
