"""How long an estimate without labels takes, and how near it comes to what the labels say: two classes, many, numbers.

    .venv/bin/python benchmarks/bench_estimation.py [--rows 1000000] [--peers .peers/bin/python] [--data ../shared/data]

Times are of one core, the reference (100,000 rows) calibrated before; beside NannyML where `make peers` has installed
it. Quality is measured on real tables where they are there: hospital stays (three classes of readmission) and hours of
bicycle hire, each with a model of scikit-learn fitted on the first part of the table and calibrated on the next; every
window of the rest is estimated, by NannyML from the same probabilities and predictions.
"""

import os

os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}

import argparse
import json
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from modelward.report.direct_loss import MOST_ROWS, learn_losses
from modelward.stats import calibrate, calibrate_classes, estimate_multiclass, estimate_performance
from modelward.stats.arrays import F64

REFERENCE = 100_000
CLASSES = ("a", "b", "c")
HERE = Path(__file__).parent
FEATURES = {"weather": 3, "hour": 24, "month": 12}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--peers", type=Path, default=Path(".peers/bin/python"))
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    arguments = parser.parse_args()
    answer: dict[str, Any] = {"rows": arguments.rows, "seconds": seconds(arguments.rows)}
    peers = arguments.peers if arguments.peers.exists() else None
    if peers:
        answer["seconds_nannyml"] = peer(peers, "seconds", {"rows": arguments.rows})
    if (arguments.data / "diabetes_130us").is_dir():
        answer["many_classes"] = quality("many_classes", stays(arguments.data), peers)
        answer["regression"] = quality("regression", hires(arguments.data), peers)
    print(json.dumps(answer, indent=2))


def seconds(rows: int) -> dict[str, float]:
    """The least of five estimates of so many rows, and of learning what it needs."""
    rng = np.random.default_rng(0)
    label, score = two_classes(rng, REFERENCE)
    curve = calibrate(label, score)
    names, chances, _ = many_classes(rng, REFERENCE)
    curves = calibrate_classes(names, chances, CLASSES)
    now = two_classes(rng, rows)[1]
    _, told, guess = many_classes(rng, rows)
    features, predicted, truth = numbers(rng, rows)
    some = {name: values[:MOST_ROWS] for name, values in features.items()}
    learned = learn_losses(some, predicted[:MOST_ROWS], truth[:MOST_ROWS])
    return {
        "calibrate_two_classes": best(lambda: calibrate(label, score)),
        "two_classes": best(lambda: estimate_performance(now, curve)),
        "calibrate_three_classes": best(lambda: calibrate_classes(names, chances, CLASSES)),
        "three_classes": best(lambda: estimate_multiclass(guess, told, curves)),
        "learn_losses_of_10000": best(lambda: learn_losses(some, predicted[:MOST_ROWS], truth[:MOST_ROWS]), times=1),
        "regression_by_10000_of_the_rows": best(lambda: learned.estimate(some, predicted[:MOST_ROWS])),
        "regression_by_all_rows": best(lambda: learned.estimate(features, predicted), times=1),
    }


def best(work: Callable[[], Any], *, times: int = 5) -> float:
    found = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        found.append(time.perf_counter() - began)
    return round(min(found), 4)


def two_classes(rng: np.random.Generator, rows: int) -> tuple[F64, F64]:
    odds = np.exp(1.5 * rng.normal(size=rows))
    return (rng.random(rows) < odds / (1 + odds)).astype(float), odds**2 / (1 + odds**2)


def many_classes(rng: np.random.Generator, rows: int) -> tuple[Any, F64, Any]:
    odds = np.exp(1.5 * rng.normal(size=(rows, 3)))
    label = (rng.random((rows, 1)) > np.cumsum(odds / odds.sum(axis=1, keepdims=True), axis=1)).sum(axis=1).clip(max=2)
    chances = odds**1.5 / (odds**1.5).sum(axis=1, keepdims=True)
    names = np.array(CLASSES)
    return names[label], chances, names[chances.argmax(axis=1)]


def numbers(rng: np.random.Generator, rows: int) -> tuple[dict[str, F64], F64, F64]:
    features = {name: rng.integers(0, many, rows).astype(float) for name, many in FEATURES.items()}
    truth = rng.uniform(50, 150, rows)
    return features, truth + rng.normal(0, 5 + features["weather"] * 5), truth


def stays(data: Path) -> pd.DataFrame:
    """Hospital stays in three classes of readmission, with the probabilities of a model of the first 30,000."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    table = pd.read_csv(data / "diabetes_130us" / "diabetic_data.csv.gz", low_memory=False)
    label = table.pop("readmitted").astype(str)
    coded = table.drop(columns=["encounter_id", "patient_nbr"]).apply(
        lambda column: column if pd.api.types.is_numeric_dtype(column) else pd.factorize(column)[0]
    )
    model = HistGradientBoostingClassifier(max_iter=60, random_state=0).fit(coded[:30_000], label[:30_000])
    chances = model.predict_proba(coded[30_000:])
    found = pd.DataFrame(chances, columns=[f"p_{name}" for name in model.classes_])
    found["guess"] = model.classes_[chances.argmax(axis=1)]
    found["label"] = label[30_000:].to_numpy()
    return found


def hires(data: Path) -> pd.DataFrame:
    """Hours of bicycle hire, with the predictions of a model of the first 5,000."""
    from sklearn.ensemble import HistGradientBoostingRegressor

    table = pd.read_csv(data / "bike_sharing" / "hour.csv.gz")
    features = table[
        ["season", "mnth", "hr", "holiday", "weekday", "workingday", "weathersit", "temp", "hum", "windspeed"]
    ]
    model = HistGradientBoostingRegressor(random_state=0).fit(features[:5_000], table["cnt"][:5_000])
    found = features[5_000:].reset_index(drop=True)
    return found.assign(guess=model.predict(features[5_000:]), label=table["cnt"][5_000:].to_numpy(float))


SHAPES = {"many_classes": (30_000, 5_000), "regression": (5_000, 336)}
"""Rows that are calibrated on, and rows of a window."""


def quality(task: str, table: pd.DataFrame, peers: Path | None) -> dict[str, Any]:
    """The mean distance of estimate and truth over windows, ours, NannyML's, and of saying the reference's value."""
    known, size = SHAPES[task]
    starts = range(known, len(table) - size + 1, size)
    estimate = by_classes(table, known) if task == "many_classes" else by_losses(table, known)
    truth = [measured(task, table[start : start + size]) for start in starts]
    ours = [estimate(table[start : start + size]) for start in starts]
    constant = [measured(task, table[:known])] * len(truth)
    found = {"windows": len(truth), "ours": apart(ours, truth), "no_estimate": apart(constant, truth)}
    if peers:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "table.parquet"
            table.to_parquet(path)
            theirs = peer(peers, task, {"path": str(path), "known": known, "size": size})
        found |= {"nannyml": apart(theirs, truth), "ours_less_nannyml": apart(ours, theirs)}
    return found


def apart(some: list[dict[str, float]], others: list[dict[str, float]]) -> dict[str, float]:
    return {
        name: round(float(np.mean([abs(one[name] - other[name]) for one, other in zip(some, others, strict=False)])), 4)
        for name in others[0]
        if name in some[0]
    }


def by_classes(table: pd.DataFrame, known: int) -> Callable[[pd.DataFrame], dict[str, float]]:
    columns = [name for name in table if str(name).startswith("p_")]
    classes = [str(name)[2:] for name in columns]
    curves = calibrate_classes(table["label"][:known].tolist(), table[columns][:known].to_numpy(), classes)
    named = {"accuracy": "accuracy", "f1": "f1_macro", "precision": "precision_macro", "roc_auc": "roc_auc"}

    def estimate(window: pd.DataFrame) -> dict[str, float]:
        found = estimate_multiclass(window["guess"].tolist(), window[columns].to_numpy(), curves).metrics
        return {name: found[ours].statistic for name, ours in named.items()}

    return estimate


def by_losses(table: pd.DataFrame, known: int) -> Callable[[pd.DataFrame], dict[str, float]]:
    names = [str(name) for name in table.columns.drop(["guess", "label"])]

    def columns(part: pd.DataFrame) -> dict[str, F64]:
        return {name: part[name].to_numpy(float) for name in names}

    first = table[:known]
    days = np.arange(known) // 24
    learned = learn_losses(columns(first), first["guess"].to_numpy(), first["label"].to_numpy(), groups=days)
    named = {"mae": "mean_absolute_error", "mse": "mean_squared_error", "rmse": "root_mean_squared_error"}

    def estimate(window: pd.DataFrame) -> dict[str, float]:
        found = learned.estimate(columns(window), window["guess"].to_numpy())
        return {name: found[ours].statistic for name, ours in named.items()}

    return estimate


def measured(task: str, window: pd.DataFrame) -> dict[str, float]:
    from sklearn import metrics

    label, guess = window["label"], window["guess"]
    if task == "regression":
        square = float(((guess - label) ** 2).mean())
        return {"mae": float((guess - label).abs().mean()), "mse": square, "rmse": square**0.5}
    chances = window[[name for name in window if str(name).startswith("p_")]].to_numpy()
    return {
        "accuracy": float(metrics.accuracy_score(label, guess)),
        "f1": float(metrics.f1_score(label, guess, average="macro")),
        "precision": float(metrics.precision_score(label, guess, average="macro", zero_division=0)),
        "roc_auc": float(metrics.roc_auc_score(label, chances, multi_class="ovr")),
    }


def peer(python: Path, task: str, asked: dict[str, Any]) -> Any:
    """What NannyML says, in its own environment."""
    command = [str(python), str(HERE / "estimation_peer.py"), task, json.dumps(asked)]
    environment = os.environ | {"NML_DISABLE_USAGE_LOGGING": "1"}
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    return json.loads(done.stdout.splitlines()[-1])


if __name__ == "__main__":
    main()
