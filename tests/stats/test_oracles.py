"""Values that others computed, from the folder beside the repository, wherever their convention is ours.

Where it is another, the choice of others is asked for by its name: their bins, their rule for empty ones, a reference
taken for the truth.
"""

import json
from pathlib import Path

import numpy as np
import pytest

from modelward.stats import (
    Cells,
    anderson_darling,
    benjamini_hochberg,
    bonferroni,
    cells_of,
    chi_squared,
    cramer_von_mises,
    energy_distance,
    fisher_exact,
    g_test,
    hellinger,
    jensen_shannon,
    kolmogorov_smirnov,
    kullback_leibler,
    mann_whitney,
    missing_rate_test,
    psi,
    t_test,
    total_variation,
    wasserstein,
    z_test_proportions,
)

ORACLES = Path(__file__).parents[2].parent / "shared" / "oracles"
pytestmark = pytest.mark.skipif(not ORACLES.is_dir(), reason="the oracles are not beside the repository")


def read(name):
    return json.loads((ORACLES / name).read_text(encoding="utf-8"))


def vectors_of(function):
    found = [entry for entry in read("scipy.json")["docstring_vectors"] if entry["function"].endswith(f".{function}")]
    assert found
    return found


def test_psi_made_by_hand():
    for case in read("psi_hand_made.json")["hand_made"]:
        cells = Cells.of_counts(case["reference_counts"], case["current_counts"])
        assert psi([], [], cells=cells).statistic == pytest.approx(case["expected"], rel=1e-12), case["name"]


def weighted(values, weights):
    """Rows instead of weights of one decimal place."""
    times = np.ones(len(values)) if weights is None else np.array(weights) * 10
    return np.repeat(np.array(values, dtype=float), np.rint(times).astype(int))


def test_wasserstein_of_scipy_s_documentation():
    for entry in vectors_of("wasserstein_distance"):
        sides = (weighted(entry["input"][f"{side}_values"], entry["input"].get(f"{side}_weights")) for side in "uv")
        assert wasserstein(*sides).statistic == pytest.approx(entry["expected"])


def test_chi_squared_of_scipy_s_documentation():
    tables = [entry for entry in vectors_of("chi2_contingency") if "lambda_" not in entry["parameters"]]
    assert len(tables) >= 2
    for entry in tables:
        yates = "correction" in entry["parameters"]
        result = chi_squared([], [], cells=Cells.of_counts(*entry["input"]["observed"]), yates=yates)
        assert result.statistic == pytest.approx(entry["expected"]["statistic"])
        assert result.p_value == pytest.approx(entry["expected"]["pvalue"])


def test_jensen_shannon_of_scipy_s_documentation():
    for entry in vectors_of("jensenshannon"):
        base = 2 if entry["parameters"].get("base") == 2 else np.e
        many = "p_rows" in entry["input"]
        rows = zip(*(entry["input"][f"{side}_rows"] if many else [entry["input"][side]] for side in "pq"), strict=True)
        found = [jensen_shannon([], [], cells=Cells.of_counts(*pair), base=base).statistic for pair in rows]
        assert found == pytest.approx(entry["expected"] if many else [entry["expected"]], abs=1e-7)


def test_fisher_s_exact_test_of_scipy_s_documentation():
    two_sided = [entry for entry in vectors_of("fisher_exact") if not entry["parameters"]]
    for entry in two_sided:
        sides = ([None] * gone + [1.0] * there for gone, there in entry["input"]["table"])
        assert missing_rate_test(*sides).p_value == pytest.approx(entry["expected"]["pvalue"])


def test_adjusted_p_values_of_scipy_s_documentation():
    for entry in vectors_of("false_discovery_control"):
        given, expected = entry["input"]["p"], entry["expected"]
        adjusted = benjamini_hochberg(given, 0.05)
        assert adjusted.p_values == pytest.approx(np.array(expected["adjusted_BH"]))
        assert np.count_nonzero(adjusted.rejected) == expected["rejected_BH_0.05"]
        assert np.count_nonzero(bonferroni(given, 0.05).rejected) == expected["rejected_bonferroni_0.05"]


def test_kolmogorov_smirnov_and_wasserstein_of_small_cases():
    for case in read("scipy.json")["computed_small_cases"]["cases"]:
        expected = case["expected"]
        sides = case["input"]["reference"], case["input"]["current"]
        ks = kolmogorov_smirnov(*sides)
        assert ks.statistic == pytest.approx(expected["ks_statistic"]), case["name"]
        assert ks.p_value == pytest.approx(expected["ks_pvalue_auto"]), case["name"]
        assert wasserstein(*sides).statistic == pytest.approx(expected["wasserstein"]), case["name"]


def test_distances_of_evidently_where_no_binning_comes_between():
    for entry in read("evidently_vectors.json")["vectors"]:
        reference, current = (as_names(entry["input"][side]) for side in ("reference", "current"))
        cells = cells_of(reference, current, pool_below=0)
        if entry["method"] == "total_variation_distance":
            distance = total_variation([], [], cells=cells).statistic
            assert distance == pytest.approx(entry["expected"]["distance"], abs=entry["expected"]["abs_tolerance"])
        elif entry["method"] == "hellinger":
            assert hellinger([], [], cells=cells).statistic == pytest.approx(entry["expected"]["score"], abs=1e-5)
        elif entry["method"] == "fisher_exact":
            gone = ([None if value == "a" else value for value in side] for side in (reference, current))
            assert missing_rate_test(*gone).p_value == pytest.approx(entry["expected"]["score"], abs=1e-3)


def as_names(values):
    return [None if value is None else str(value) for value in values]


def nannyml(name):
    return next(entry["expected"] for entry in read("nannyml_small.json")["vectors"] if entry["source"].endswith(name))


@pytest.mark.parametrize(
    ("reference", "current", "kind"),
    [
        (["a", "b", "c", "d"], ["a", "b", "c", "e"], "categorical"),
        (np.linspace(0, 2, 6), np.linspace(0, 2, 3), "quasi_continuous"),
    ],
)
def test_distances_of_nannyml_where_every_value_is_a_bin(reference, current, kind):
    draw = np.random.RandomState(1).choice
    sides = draw(reference, 10_000), draw(current, 1000)
    assert jensen_shannon(*sides, base=2).statistic == pytest.approx(nannyml(f"test_js_for_{kind}"), abs=0.005)
    assert hellinger(*sides).statistic == pytest.approx(nannyml(f"test_hellinger_for_{kind}"), abs=0.005)


@pytest.mark.parametrize(
    ("rows", "mean", "name"),
    [
        (10_000, 1, "test_wasserstein_both_continuous_positive_means_small_drift"),
        (100_000, -4, "test_wasserstein…neg_mean_medium_drift"),
    ],
)
def test_wasserstein_of_nannyml(rows, mean, name):
    rng = np.random.RandomState(1)
    sides = rng.normal(0, 1, rows), rng.normal(mean, 1, 1000)
    assert wasserstein(*sides).statistic == pytest.approx(nannyml(name), abs=0.006)


# The other univariate tests, and the choices of others by name --------------------------------------------------------


def small_cases():
    return [
        (case["name"], case["input"], case["expected"]) for case in read("scipy.json")["computed_small_cases"]["cases"]
    ]


def test_the_other_tests_of_small_cases():
    for name, sides, expected in small_cases():
        before, now = sides["reference"], sides["current"]
        assert energy_distance(before, now).statistic == pytest.approx(expected["energy_distance"], abs=1e-9), name
        ranks = mann_whitney(before, now)
        assert ranks.statistic == expected["mannwhitney_U"], name
        assert ranks.p_value == pytest.approx(expected["mannwhitney_p_two_sided"]), name
        squares = cramer_von_mises(before, now, midranks=True)
        assert squares.statistic == pytest.approx(expected["cramervonmises"], abs=1e-9), name
        assert squares.p_value == pytest.approx(expected["cramervonmises_p"], abs=1e-7), name
        means = t_test(before, now)
        if expected["welch_t"] == "nan":  # Two constants that are equal, of which we say that they are.
            assert (means.statistic, means.p_value) == (0, 1)
        else:
            assert means.statistic == pytest.approx(float(expected["welch_t"])), name
            assert means.p_value == pytest.approx(expected["welch_p"]), name


def test_energy_distance_of_scipy_s_documentation():
    for entry in vectors_of("energy_distance"):
        sides = (weighted(entry["input"][f"{side}_values"], entry["input"].get(f"{side}_weights")) for side in "uv")
        assert energy_distance(*sides).statistic == pytest.approx(entry["expected"])


def test_mann_whitney_of_scipy_s_documentation():
    exact, normal = (entry["expected"] for entry in vectors_of("mannwhitneyu"))
    sides = (vectors_of("mannwhitneyu")[0]["input"][side] for side in "xy")
    result = mann_whitney(*sides)
    assert (result.statistic, result.exact) == (exact["statistic"], True)
    assert result.p_value == pytest.approx(exact["pvalue"])
    assert abs(result.p_value - normal["pvalue"]) > 1e-4


def test_g_test_and_fisher_of_scipy_s_documentation():
    entry = next(entry for entry in vectors_of("chi2_contingency") if "lambda_" in entry["parameters"])
    result = g_test([], [], cells=Cells.of_counts(*entry["input"]["observed"]))
    assert result.statistic == pytest.approx(entry["expected"]["statistic"])
    assert result.p_value == pytest.approx(entry["expected"]["pvalue"])
    for entry in vectors_of("fisher_exact"):
        if not entry["parameters"]:
            table = fisher_exact([], [], cells=Cells.of_counts(*entry["input"]["table"]))
            assert table.p_value == pytest.approx(entry["expected"]["pvalue"])


def test_kullback_leibler_of_scipy_s_documentation():
    for entry in vectors_of("entropy"):
        if "qk" in entry["input"]:
            cells = Cells.of_counts(entry["input"]["pk"], entry["input"]["qk"])
            assert kullback_leibler([], [], cells=cells, base=2).statistic == pytest.approx(entry["expected"])


def test_a_test_of_fit_of_scipy_s_documentation():
    for entry in vectors_of("chisquare"):
        observed = entry["input"]["f_obs"]
        expected = entry["input"].get("f_exp", np.full(len(observed), np.mean(observed)))
        result = chi_squared([], [], cells=Cells.of_counts(expected, observed), exact_reference=True)
        assert result.statistic == pytest.approx(entry["expected"]["statistic"])
        assert result.p_value == pytest.approx(entry["expected"]["pvalue"])


EVIDENTLY = {
    "anderson": lambda before, now: anderson_darling(before, now).p_value,
    "cramer_von_mises": lambda before, now: cramer_von_mises(before, now).p_value,
    "ed": lambda before, now: energy_distance(before, now).statistic,
    "t_test": lambda before, now: t_test(before, now, variant="student").p_value,
    "z": lambda before, now: z_test_proportions(before, now).p_value,
    "z binary": lambda before, now: z_test_proportions(before, now).p_value,
    "fisher_exact": lambda before, now: fisher_exact(before, now).p_value,
    "chisquare": lambda before, now: chi_squared(before, now, bins="evidently", exact_reference=True).p_value,
    "hellinger": lambda before, now: hellinger(before, now, bins="evidently").statistic,
}


def test_figures_of_evidently_by_its_choices():
    compared = set()
    for entry in read("evidently_vectors.json")["vectors"]:
        method, expected = entry["method"], entry["expected"]
        if method not in EVIDENTLY:
            continue
        sides = (entry["input"][side] for side in ("reference", "current"))
        figure = EVIDENTLY[method](*(as_names(side) if "cat" in entry["feature_type"] else side for side in sides))
        assert figure == pytest.approx(expected["score"], abs=expected["abs_tolerance"]), entry["source"]
        compared.add(method)
    assert len(compared) >= 8


@pytest.mark.parametrize(
    ("statistic", "name", "mean", "rows"),
    [
        (lambda *sides: jensen_shannon(*sides, bins="nannyml", base=2), "test_js_for_both_continuous", 0, 1000),
        (lambda *sides: hellinger(*sides, bins="nannyml"), "test_hellinger_no_overlap", 7, 10_000),
        (
            lambda *sides: hellinger(*sides, bins="nannyml"),
            "test_hellinger_both_continuous_analysis_with_small_drift",
            -2,
            10_000,
        ),
    ],
)
def test_distances_of_nannyml_in_its_own_bins(statistic, name, mean, rows):
    rng = np.random.RandomState(1)
    sides = rng.normal(0, 1, 10_000), rng.normal(mean, 1, rows)
    assert statistic(*sides).statistic == pytest.approx(nannyml(name), abs=0.0051)
