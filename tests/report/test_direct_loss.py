"""A regression without outcomes: what the features say of the size of its errors, and no more than they can."""

import builtins

import numpy as np
import pandas as pd
import pytest

import modelward
from modelward.errors import Unavailable
from modelward.report.direct_loss import NOT_INSTALLED, learn_losses
from modelward.stats.estimated_losses import estimate_regression
from modelward.stats.running_mean import RunningMean


def performance(before, now):
    found = modelward.compare(before, now, prediction="predicted", label="sold").performance
    assert found is not None
    return found


def sales(rows=3000, *, seed=0, busy=0.3, labels=True):
    """Predictions that err four times as much on busy days, and in one town a little more."""
    rng = np.random.default_rng(seed)
    is_busy, town = rng.random(rows) < busy, rng.choice(np.array(["Bonn", "Ulm", None], dtype=object), rows)
    truth = rng.uniform(50, 150, rows)
    error = rng.normal(0, np.where(is_busy, 20, 5) + 3 * (town == "Ulm"))
    return pd.DataFrame(
        {
            "busy": np.where(is_busy, 1.0, 0.0),
            "town": town,
            "noise": rng.normal(size=rows),
            "predicted": truth + error,
            "sold": truth if labels else np.nan,
        }
    )


def features_of(table):
    columns = {"busy": table["busy"].to_numpy(), "town": table["town"].to_numpy(dtype=object)}
    return columns, table["predicted"].to_numpy(), table["sold"].to_numpy()


def test_what_is_expected_without_outcomes_is_what_they_say_later():
    now = sales(seed=1, busy=0.8)
    hidden = performance(sales(), now.assign(sold=np.nan))
    known = performance(sales(), now)
    assert (hidden.verdict, known.verdict) == ("estimated_fall", "fallen")
    for name in ("mean_absolute_error", "mean_squared_error", "root_mean_squared_error"):
        expected, found = hidden.current.estimates[name], known.current.metrics[name]
        assert expected.statistic == pytest.approx(found.statistic, rel=0.08), name
        assert expected.low < found.statistic < expected.high, name
    share = hidden.current.estimates["mean_absolute_percentage_error"].statistic
    assert share == pytest.approx(known.current.metrics["mean_absolute_percentage_error"].statistic, rel=0.15)
    assert not known.current.estimates


def test_the_interval_holds_what_comes_true_as_often_as_it_says():
    columns, predicted, label = features_of(sales(10_000))
    learned = learn_losses(columns, predicted, label)
    many, guess, _ = features_of(sales(100_000, seed=99))
    truth = learned.estimate(many, guess)
    held = dict.fromkeys(("mean_absolute_error", "root_mean_squared_error"), 0)
    for seed in range(60):
        columns, predicted, label = features_of(sales(400, seed=1000 + seed))
        estimate, sizes = learned.estimate(columns, predicted), np.abs(predicted - label)
        found = {"mean_absolute_error": sizes.mean(), "root_mean_squared_error": np.sqrt((sizes**2).mean())}
        for name, value in found.items():
            width = estimate[name].high - estimate[name].low
            held[name] += abs(value - truth[name].statistic) <= width / 2
    assert all(54 <= times <= 60 for times in held.values()), held


def test_the_same_seed_gives_the_same_and_groups_are_left_out_whole():
    columns, predicted, label = features_of(sales(1000))
    days = np.arange(1000) // 100
    one, other = (learn_losses(columns, predicted, label, groups=days, seed=3) for _ in range(2))
    assert one.estimate(columns, predicted) == other.estimate(columns, predicted)
    assert one.out_of_fold["absolute"].size == one.losses["absolute"].size == 1000
    assert not np.isnan(one.out_of_fold["absolute"]).any()


def test_names_that_the_reference_never_saw_and_columns_of_another_kind_are_missing_values():
    columns, predicted, label = features_of(sales(1000))
    learned = learn_losses(columns, predicted, label)
    strange = {"town": np.array(["Paris"] * 1000, dtype=object), "busy": np.array(["yes"] * 1000, dtype=object)}
    assert learned.estimate(strange, predicted)["mean_absolute_error"].statistic > 0
    nothing = learned.estimate(strange, np.full(1000, np.nan))["mean_absolute_error"]
    assert "no predictions" in nothing.reason


def test_too_few_outcomes_or_no_scikit_learn_are_said_in_a_sentence(monkeypatch):
    few = sales().assign(sold=np.nan)
    found = performance(few, sales(seed=1, labels=False))
    assert "0 rows of the reference have a prediction and an outcome" in found.current.estimate.reason
    real = builtins.__import__

    def without(name, *rest, **named):
        if name.startswith("sklearn"):
            raise ImportError(name)
        return real(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(Unavailable, match="pip install 'modelward\\[estimation\\]'"):
        learn_losses(*features_of(sales(300)))
    found = performance(sales(), sales(seed=1, labels=False))
    assert found.current.to_dict()["no_estimate"] == NOT_INSTALLED


def test_the_root_of_a_squared_loss_has_the_interval_of_its_logarithm():
    found = estimate_regression({"squared": RunningMean.of([4.0] * 50)}, {"squared": 16.0})
    assert found["root_mean_squared_error"].statistic == 2.0
    assert found["root_mean_squared_error"].low * found["root_mean_squared_error"].high == pytest.approx(4.0)
    assert estimate_regression({"squared": RunningMean()}, {})["root_mean_squared_error"].reason
