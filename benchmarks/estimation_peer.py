"""NannyML's side of bench_estimation.py, run in the environment that `make peers` makes; prints JSON."""

import json
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from nannyml import CBPE, DLE

CLASSES = ("a", "b", "c")
KNOWN = 100_000


def main() -> None:
    task, asked = sys.argv[1], json.loads(sys.argv[2])
    tasks: dict[str, Callable[..., Any]] = {
        "seconds": seconds,
        "many_classes": many_classes,
        "regression": regression,
    }
    found = tasks[task](**asked)
    print(json.dumps(found))


def seconds(rows: int) -> dict[str, float]:
    rng = np.random.default_rng(0)
    reference, current = scored(rng, KNOWN), scored(rng, rows)
    return {"two_classes": timed(estimator("classification_binary", "score", rows), reference, current)}


def timed(made: Any, reference: pd.DataFrame, current: pd.DataFrame) -> float:
    made.fit(reference)
    began = time.perf_counter()
    made.estimate(current)
    return round(time.perf_counter() - began, 4)


def scored(rng: np.random.Generator, rows: int) -> pd.DataFrame:
    odds = np.exp(1.5 * rng.normal(size=rows))
    score = odds**2 / (1 + odds**2)
    label = (rng.random(rows) < odds / (1 + odds)).astype(int)
    return pd.DataFrame({"score": score, "guess": (score >= 0.5).astype(int), "label": label})


def estimator(kind: str, probabilities: Any, size: int) -> Any:
    return CBPE(
        metrics=["accuracy", "f1", "precision", "roc_auc"],
        y_pred_proba=probabilities,
        y_pred="guess",
        y_true="label",
        problem_type=kind,
        chunk_size=size,
    )


def many_classes(path: str, known: int, size: int) -> list[dict[str, float]]:
    table = pd.read_parquet(path)
    columns = {name[2:]: name for name in table.columns if name.startswith("p_")}
    made = estimator("classification_multiclass", columns, size)
    made.fit(table[:known])
    return values(made.estimate(table[known:]), ("accuracy", "f1", "precision", "roc_auc"))


def regression(path: str, known: int, size: int) -> list[dict[str, float]]:
    table = pd.read_parquet(path)
    names = ("mae", "mse", "rmse")
    made = DLE(
        feature_column_names=[name for name in table.columns if name not in ("guess", "label")],
        y_pred="guess",
        y_true="label",
        metrics=list(names),
        chunk_size=size,
    )
    made.fit(table[:known])
    return values(made.estimate(table[known:]), names)


def values(result: Any, names: tuple[str, ...]) -> list[dict[str, float]]:
    frame = result.filter(period="analysis").to_df()
    return [{name: float(row[name, "value"]) for name in names} for _, row in frame.iterrows()]


if __name__ == "__main__":
    main()
