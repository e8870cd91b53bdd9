"""Performance without labels: right where a score is worth what it was, NannyML's values, and blind to the concept."""

import json
from pathlib import Path

import numpy as np
import pytest

from modelward.stats import (
    BinaryScores,
    Calibration,
    ClassCalibrations,
    ClassScores,
    Confusion,
    NumericSummary,
    accuracy,
    average_precision,
    balanced_accuracy,
    brier_score,
    calibrate,
    calibrate_classes,
    estimate_multiclass,
    estimate_performance,
    expected_calibration_error,
    f1,
    log_loss,
    matthews_correlation,
    precision,
    recall,
    roc_auc,
    specificity,
)
from modelward.stats.estimated_classes import of_classes, of_probabilities

SHARED = Path(__file__).parents[2].parent / "shared"
METRICS = (
    *(accuracy, precision, recall, specificity, f1, balanced_accuracy, matthews_correlation),
    *(roc_auc, average_precision, log_loss, brier_score, expected_calibration_error),
)


def drawn(n, seed, *, shift=0.0, too_sure=1.0):
    rng = np.random.default_rng(seed)
    odds = np.exp(1.5 * rng.normal(size=n) + shift)
    label = (rng.random(n) < odds / (1 + odds)).astype(int)
    return label, odds**too_sure / (1 + odds**too_sure)


def test_true_scores_are_left_as_they_are_and_untrue_ones_are_mended():
    assert not calibrate(*drawn(20_000, 0)).needed
    curve = calibrate(*drawn(20_000, 0, too_sure=2.5))
    assert curve.needed
    odds = np.array([0.2, 1.0, 4.0])
    assert curve(odds**2.5 / (1 + odds**2.5)) == pytest.approx(odds / (1 + odds), abs=0.04)


def test_a_curve_rises_and_a_summary_gives_the_curve_of_its_rows():
    label, score = drawn(30_000, 1, too_sure=2.0)
    whole = calibrate(BinaryScores.of(label, score, cap=score.size))
    merged = calibrate(BinaryScores.merge([BinaryScores.of(label[i::6], score[i::6]) for i in range(6)]))
    grid = np.linspace(0.02, 0.98, 97)
    assert (np.diff(merged(grid)) >= 0).all()
    odds = np.sqrt(grid / (1 - grid))
    error, merged_error = (np.abs(curve(grid) - odds / (1 + odds)).mean() for curve in (whole, merged))
    # What compression moves is small beside what a curve of 30,000 rows is wrong by.
    assert np.abs(merged(grid) - whole(grid)).mean() < error / 2
    assert merged_error < 1.1 * error < 0.02


def test_isotonic_regression_is_scikit_learn_s():
    from sklearn.isotonic import IsotonicRegression

    rng = np.random.default_rng(2)
    score = rng.integers(0, 300, 1500) / 100 - 1  # Outside [0, 1], so that a curve is always learned.
    label = (rng.random(1500) < 1 / (1 + np.exp(-2 * score))).astype(int)
    theirs = IsotonicRegression(out_of_bounds="clip").fit(score, label)
    grid = np.linspace(-1.2, 2.2, 500)
    assert calibrate(label, score)(grid) == pytest.approx(theirs.predict(grid), abs=1e-6)


def test_a_reference_of_one_class_is_refused():
    with pytest.raises(ValueError, match="one class only"):
        calibrate([1, 1, 1], [0.2, 0.5, 0.9])


@pytest.mark.parametrize("too_sure", [1.0, 2.5])
def test_estimates_meet_what_labels_say_later_even_after_the_mix_has_shifted(too_sure):
    curve = calibrate(*drawn(60_000, 3, too_sure=too_sure))
    label, score = drawn(60_000, 4, shift=-0.7, too_sure=too_sure)
    estimate = estimate_performance(score, curve)
    for metric in METRICS:
        if metric in (accuracy, precision, recall, specificity, f1, balanced_accuracy, matthews_correlation):
            realised = metric(label, (score >= 0.5).astype(int)).statistic
        else:
            realised = metric(label, score).statistic
        assert estimate.metrics[metric.__name__].statistic == pytest.approx(realised, abs=0.015), metric.__name__


def test_the_sampling_interval_holds_the_realised_value_as_often_as_it_says():
    curve = Calibration(np.array([0.0, 1.0]), np.array([0.0, 1.0]), needed=False, n=1, base_rate=0.5)
    held = {"accuracy": 0, "roc_auc": 0, "brier_score": 0}
    truth = estimate_performance(drawn(400_000, 99)[1], curve).metrics
    for seed in range(300):
        label, score = drawn(500, seed)
        realised = {
            "accuracy": accuracy(label, (score >= 0.5).astype(int)).statistic,
            "roc_auc": roc_auc(label, score).statistic,
            "brier_score": brier_score(label, score).statistic,
        }
        estimate = estimate_performance(score, curve).metrics
        for name, value in realised.items():
            width = estimate[name]
            # The sampling error about the true value: as wide as this window's interval.
            held[name] += abs(value - truth[name].statistic) <= (width.high - width.low) / 2
    assert all(0.92 < times / 300 < 0.985 for times in held.values()), held


def test_the_estimate_of_merged_hours_is_that_of_the_day():
    curve = calibrate(*drawn(20_000, 5, too_sure=2.0))
    _, score = drawn(48_000, 6, too_sure=2.0)
    hours = NumericSummary.merge([NumericSummary.of(score[i::24]) for i in range(24)])
    merged = estimate_performance(hours, curve)
    whole = estimate_performance(NumericSummary.of(score, cap=score.size), curve)
    assert whole.rank_error == 0 < merged.rank_error
    for name, metric in whole.metrics.items():
        assert merged.metrics[name].statistic == pytest.approx(metric.statistic, abs=0.002), name


def test_exact_estimates_are_the_sums_of_the_method():
    curve = Calibration(np.array([0.0, 1.0]), np.array([0.1, 0.7]), needed=True, n=1, base_rate=0.5)
    score = np.array([0.2, 0.5, 0.9, 0.9])
    chance = 0.1 + 0.6 * score
    estimate = estimate_performance(score, curve)
    assert estimate.confusion.counts.tolist() == [
        [pytest.approx(1 - chance[0]), pytest.approx((1 - chance[1:]).sum())],
        [pytest.approx(chance[0]), pytest.approx(chance[1:].sum())],
    ]
    loss = -(chance * np.log(score) + (1 - chance) * np.log(1 - score)).mean()
    assert estimate.metrics["log_loss"].statistic == pytest.approx(loss)
    brier = (chance * (1 - score) ** 2 + (1 - chance) * score**2).mean()
    assert estimate.metrics["brier_score"].statistic == pytest.approx(brier)
    pairs = [
        (chance[i] * (1 - chance[j]), 1.0 if score[i] > score[j] else 0.5 if score[i] == score[j] else 0.0)
        for i in range(4)
        for j in range(4)
    ]
    # Each row's own pair counts half, which vanishes as rows grow.
    area = sum(weight * order for weight, order in pairs) / sum(weight for weight, _ in pairs)
    assert estimate.metrics["roc_auc"].statistic == pytest.approx(area)


def test_a_prediction_that_does_not_follow_from_the_threshold_counts_as_it_is():
    curve = calibrate(*drawn(20_000, 9))
    label, score = drawn(60_000, 10)
    guess = score + np.random.default_rng(0).normal(0, 0.2, score.size) > 0.4
    by_prediction = (NumericSummary.of(score[~guess]), NumericSummary.of(score[guess]))
    estimate = estimate_performance(by_prediction, curve)
    for metric in (accuracy, precision, recall, f1, matthews_correlation):
        assert estimate.metrics[metric.__name__].statistic == pytest.approx(metric(label, guess).statistic, abs=0.01)
    assert estimate.metrics["roc_auc"].statistic == pytest.approx(roc_auc(label, score).statistic, abs=0.01)


def test_edges_of_an_estimate_are_said():
    curve = calibrate(*drawn(5000, 7))
    nothing = estimate_performance([], curve)
    assert set(nothing.metrics) == {metric.__name__ for metric in METRICS}
    assert all("no scores" in metric.reason for metric in nothing.metrics.values())
    outside = estimate_performance([-1.0, 0.5, 2.0], curve)
    assert "outside [0, 1]" in outside.metrics["log_loss"].reason
    assert not outside.metrics["accuracy"].reason
    assert estimate_performance([0.2, None, 0.9], curve).n == 2


def test_a_reversed_concept_is_not_seen_by_the_estimate():
    """What the docstring warns of, so that nobody takes an estimate for a measurement."""
    label, score = drawn(20_000, 8)
    estimated = estimate_performance(score, calibrate(label, score)).metrics["roc_auc"].statistic
    assert estimated > 0.75
    assert roc_auc(1 - label, score).statistic < 0.25


@pytest.mark.skipif(not SHARED.is_dir(), reason="the oracles are not beside the repository")
def test_estimates_of_the_employment_data_are_nannyml_s():
    parquet = pytest.importorskip("pyarrow.parquet")
    folder = SHARED / "data" / "employment_ma"
    reference, current, labels = (
        parquet.read_table(folder / f"employment_MA_{name}.pq") for name in ("reference", "analysis", "analysis_target")
    )
    results = json.loads((SHARED / "oracles" / "nannyml_employment_ma.json").read_text(encoding="utf-8"))["results"]
    estimated, realised = (
        [dict(zip(results[f"employment_MA_{name}"]["columns"], row, strict=True)) for row in rows]
        for name in ("cbpe", "realized")
        for rows in [results[f"employment_MA_{name}"]["rows"]]
    )
    score, guess = (current[name].to_numpy() for name in ("predicted_probability", "prediction"))
    label = labels["employed"].to_numpy()
    curve = calibrate(reference["employed"].to_numpy(), reference["predicted_probability"].to_numpy())
    assert curve.needed
    compared = 0
    for theirs, truth in zip(estimated, realised, strict=True):
        if theirs["chunk|period"] != "analysis":
            continue
        rows = slice(theirs["chunk|start_index"], theirs["chunk|end_index"] + 1)
        ours = estimate_performance(score[rows], curve).metrics
        # Their curve is learned from every row and ours from a sketch; both are a fraction of the sampling error.
        assert ours["roc_auc"].statistic == pytest.approx(theirs["roc_auc|value"], abs=0.001)
        assert ours["accuracy"].statistic == pytest.approx(theirs["accuracy|value"], abs=0.002)
        assert roc_auc(label[rows], score[rows]).statistic == pytest.approx(truth["roc_auc|value"], abs=1e-12)
        assert accuracy(label[rows], guess[rows]).statistic == pytest.approx(truth["accuracy|value"], abs=1e-12)
        compared += 1
    assert compared == 42


CLASSES = ["bus", "car", "tram"]


def trips(n, seed, shift=0.0):
    rng = np.random.default_rng(seed)
    odds = np.exp(rng.normal(size=(n, 3)) * 1.5 + [0.0, 0.5, shift])
    chances = odds / odds.sum(axis=1, keepdims=True)
    label = (rng.random((n, 1)) > np.cumsum(chances, axis=1)).sum(axis=1).clip(max=2)
    sure = odds**2
    told = sure / sure.sum(axis=1, keepdims=True)
    return np.array(CLASSES)[label], told, np.array(CLASSES)[told.argmax(axis=1)]


def test_a_multiclass_estimate_meets_what_labels_say_later():
    label, told, _ = trips(60_000, 0)
    curves = calibrate_classes(label, told, CLASSES)
    label, told, guess = trips(60_000, 1, shift=0.8)
    found = estimate_multiclass(guess, told, curves)
    estimate = found.metrics
    assert estimate["accuracy"].statistic == pytest.approx(accuracy(label, guess).statistic, abs=0.015)
    assert estimate["balanced_accuracy"].statistic == pytest.approx(balanced_accuracy(label, guess).statistic, abs=0.02)
    for average in ("macro", "weighted"):
        for metric in (precision, recall, f1):
            name = f"{metric.__name__}_{average}"
            assert estimate[name].statistic == pytest.approx(metric(label, guess, average=average).statistic, abs=0.02)
    areas = [roc_auc(label == name, told[:, i]).statistic for i, name in enumerate(CLASSES)]
    assert estimate["roc_auc"].statistic == pytest.approx(np.mean(areas), abs=0.02)
    assert [found.roc_auc_by_class[name].statistic for name in CLASSES] == pytest.approx(areas, abs=0.03)
    place = np.array([CLASSES.index(name) for name in label])
    given = told[np.arange(place.size), place]
    assert estimate["log_loss"].statistic == pytest.approx(-np.log(given).mean(), abs=0.03)
    squares = (told**2).sum(axis=1) + 1 - 2 * given
    assert estimate["brier_score"].statistic == pytest.approx(squares.mean(), abs=0.02)


def test_metrics_of_labelled_probabilities_are_those_of_the_rows():
    label, told, guess = trips(5000, 7)
    metrics, areas = of_probabilities(ClassScores.of(guess, told, CLASSES, label=label), 0.95)
    given = told[np.arange(5000), [CLASSES.index(name) for name in label]]
    assert metrics["log_loss"].statistic == pytest.approx(-np.log(given).mean())
    assert metrics["brier_score"].statistic == pytest.approx(((told**2).sum(axis=1) + 1 - 2 * given).mean())
    for i, name in enumerate(CLASSES):
        exact = roc_auc(label == name, told[:, i])
        assert abs(areas[name].statistic - exact.statistic) <= areas[name].error < 0.005
        assert areas[name].low <= exact.low < exact.high <= areas[name].high


def test_parts_of_a_multiclass_summary_add_up_in_any_order_whatever_classes_they_know():
    label, told, guess = trips(4000, 2)
    whole = ClassScores.of(guess, told, CLASSES, label=label)
    parts = [ClassScores.of(guess[i::5], told[i::5], CLASSES, label=label[i::5]) for i in range(5)]
    for order in (parts, parts[::-1]):
        merged = ClassScores.merge(order)
        assert (merged.rows == whole.rows).all()
        assert (merged.hits == whole.hits).all()
        assert merged.log_losses.mean == pytest.approx(whole.log_losses.mean)
    two = ClassScores.of(["car", "tram"], [[0.5, 0.5], [0.2, 0.8]], ["car", "tram"], label=["car", None])
    wide = ClassScores.of(["car", "tram"], [[0, 0.5, 0.5], [0, 0.2, 0.8]], CLASSES, label=["car", None])
    spread, doubled = whole + two, whole + wide
    assert (spread.rows == doubled.rows).all()
    assert (spread.labelled == doubled.labelled).all()
    assert ClassScores.from_bytes(spread.to_bytes()).n == 4002


def test_curves_and_scores_of_classes_survive_their_documents():
    label, told, guess = trips(3000, 3)
    curves = calibrate_classes(label, told, CLASSES)
    back = ClassCalibrations.from_bytes(curves.to_bytes())
    assert back(told).tolist() == curves(told).tolist()
    scores = ClassScores.of(guess, told, CLASSES, label=label)
    assert ClassScores.from_bytes(scores.to_bytes()).to_bytes() == scores.to_bytes()
    assert calibrate_classes(scores).to_bytes() == curves.to_bytes()
    for broken in (scores.to_bytes()[:-1], curves.to_bytes()[:-1], scores.to_bytes()[:40]):
        with pytest.raises(ValueError, match="document"):
            (ClassScores if broken[:4] == b"MWCS" else ClassCalibrations).from_bytes(broken)
    single = curves.curves[0]
    assert Calibration.from_bytes(single.to_bytes()).to_bytes() == single.to_bytes()
    with pytest.raises(ValueError, match="document"):
        Calibration.from_bytes(single.to_bytes()[:-1])


def test_wrong_probabilities_are_refused_in_a_sentence():
    label, told, guess = trips(300, 4)
    curves = calibrate_classes(label, told, CLASSES)
    with pytest.raises(ValueError, match="No label of the reference is boat"):
        calibrate_classes(label, np.column_stack([told, np.zeros(300)]), [*CLASSES, "boat"])
    with pytest.raises(ValueError, match="The class boat is predicted but has no probabilities"):
        estimate_multiclass(np.where(guess == "car", "boat", guess), told, curves)
    with pytest.raises(ValueError, match="a table of as many columns"):
        estimate_multiclass(guess, told[:, :2], curves)
    with pytest.raises(ValueError, match="outside \\[0, 1\\], the first is row 0"):
        estimate_multiclass(guess, np.log(told), curves)
    with pytest.raises(ValueError, match="do not add up to 1"):
        estimate_multiclass(guess, told / 2, curves)
    with pytest.raises(ValueError, match="Every label of the reference is car"):
        calibrate_classes(["car"] * 300, told, CLASSES)
    with pytest.raises(ValueError, match="both a label and probabilities"):
        calibrate_classes([None] * 300, told, CLASSES)
    four = calibrate_classes(["a", "b"] * 20, [[0.9, 0.1], [0.1, 0.9]] * 20, ["a", "b"])
    with pytest.raises(ValueError, match="was not on the reference"):
        estimate_multiclass(ClassScores.of(guess, told, CLASSES), curves=four)
    assert ClassScores.of([None, "car"], told[:2], CLASSES).missing == 1


def test_an_estimate_of_no_rows_says_so():
    label, told, _ = trips(300, 4)
    nothing = estimate_multiclass([], np.empty((0, 3)), calibrate_classes(label, told, CLASSES)).metrics
    assert all(metric.reason for metric in nothing.values())


def test_the_sampling_interval_of_a_multiclass_estimate_holds_as_often_as_it_says():
    label, told, _ = trips(60_000, 5)
    curves = calibrate_classes(label, told, CLASSES)
    _, told, guess = trips(200_000, 6)
    truth = estimate_multiclass(guess, told, curves).metrics
    names = ("accuracy", "f1_macro", "roc_auc", "log_loss", "brier_score")
    held = dict.fromkeys(names, 0)
    for seed in range(200):
        label, told, guess = trips(500, 1000 + seed)
        estimate = estimate_multiclass(guess, told, curves).metrics
        scores = ClassScores.of(guess, told, CLASSES, label=label)
        realised = of_probabilities(scores, 0.95)[0] | of_classes(Confusion.of(label, guess), 0.95)
        for name in names:
            width = estimate[name].high - estimate[name].low
            held[name] += abs(realised[name].statistic - truth[name].statistic) <= width / 2
    assert all(times / 200 > 0.9 for times in held.values()), held
