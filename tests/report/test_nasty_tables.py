"""Tables as they come: every kind of column beside every other, huge and tiny numbers, one row, nothing at all."""

import datetime as dt
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

import modelward
from modelward.errors import ModelwardError

Make = Callable[[np.random.Generator, int], Any]
KINDS: dict[str, Make] = {
    "normal": lambda rng, n: rng.normal(size=n),
    "constant": lambda _, n: np.full(n, 3.0),
    "half missing": lambda rng, n: np.where(rng.random(n) < 0.5, np.nan, 1.0),
    "infinite": lambda rng, n: np.where(rng.random(n) < 0.1, np.inf, rng.normal(size=n)),
    "boolean": lambda rng, n: rng.random(n) < 0.3,
    "nullable": lambda rng, n: pd.array(rng.integers(0, 3, n), dtype="Int64"),
    "names": lambda rng, n: rng.choice(np.array(["a", "b", "ü|`", None], dtype=object), n),
    "times": lambda rng, n: pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 1000, n), "h"),
    "void": lambda _, n: np.full(n, np.nan),
    "nothing": lambda _, n: np.array([None] * n, dtype=object),
    "huge": lambda rng, n: rng.normal(size=n) * 1e300,
    "tiny": lambda rng, n: rng.normal(size=n) * 1e-310,
    "category": lambda rng, n: pd.Categorical(rng.choice(["x", "y"], n)),
    "long integers": lambda rng, n: rng.integers(-(2**62), 2**62, n),
    "bytes": lambda rng, n: rng.integers(0, 2**8, n).astype("uint8"),
    "mixed": lambda rng, n: rng.choice(np.array([1, "1", 2.5, None, True], dtype=object), n),
    "dates": lambda _, n: pd.Series([dt.date(2024, 1, 1)] * n),
    "binary": lambda _, n: pd.Series([b"x"] * n),
    "half": lambda rng, n: rng.normal(size=n).astype("float16"),
    "mappings": lambda _, n: pd.Series([{"a": 1}] * n),
    "complex": lambda rng, n: rng.normal(size=n) + 1j,
}


@pytest.mark.parametrize("seed", range(60))
def test_a_comparison_of_anything_is_a_report_of_plain_json_or_a_sentence(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows = rng.choice([1, 2, 50, 250], 2).tolist()
    kinds = rng.choice(list(KINDS), 5)
    others = kinds if seed % 3 else rng.choice(list(KINDS), 5)
    sides = [
        pd.DataFrame({f"c{place}": KINDS[kind](rng, n) for place, kind in enumerate(some)})
        for some, n in zip((kinds, others), rows, strict=True)
    ]
    asked: dict[str, Any] = {"label": "c0", "prediction": "c1"} if seed % 2 else {}
    asked |= {"score": "c2"} if seed % 4 == 1 else {}
    asked |= {"protected": ["c3", "c4"]} if seed % 5 == 1 else {}
    asked |= {"slices": True} if seed % 7 == 1 else {}
    try:
        report = modelward.compare(*sides, **asked)
    except ModelwardError:
        return
    json.dumps(report.to_dict(), allow_nan=False)
    if seed % 10 == 1:
        assert report.to_html()
        assert report.to_markdown()
        assert report.to_junit()


def test_integers_that_no_double_holds_are_sliced_and_divided() -> None:
    rng = np.random.default_rng(0)
    sides = [{"x": rng.integers(-(2**62), 2**62, 400), "y": rng.normal(size=400)} for _ in range(2)]
    report = modelward.compare(*map(pd.DataFrame, sides), slices=True, segment="x")
    assert report.segments is not None
    assert len(report.segments.comparisons) + len(report.segments.left_out) == 4


def test_a_regression_of_numbers_whose_squares_are_past_the_range_has_the_metrics_that_there_are() -> None:
    rng = np.random.default_rng(0)
    label = rng.normal(size=500) * 1e300
    side = pd.DataFrame({"y": label, "p": label * (1 + 0.01 * rng.normal(size=500))})
    report = modelward.compare(side, side, label="y", prediction="p")
    assert report.performance is not None
    metrics = report.performance.current.metrics
    assert metrics["mean_absolute_error"].statistic == pytest.approx(float(np.abs(side["p"] - side["y"]).mean()))
    assert metrics["r_squared"].statistic == pytest.approx(1 - 1e-4, abs=1e-4)
    assert metrics["r_squared"].low == -np.inf


def test_a_percentage_of_a_label_so_small_that_no_number_holds_it_is_none() -> None:
    side = {"y": np.r_[np.full(300, 1e-310), np.full(300, 2.0)], "p": np.full(600, 3.0)}
    found = modelward.compare(side, side, label="y", prediction="p", task="regression").performance
    assert found is not None
    assert found.current.metrics["mean_absolute_percentage_error"].statistic == pytest.approx(0.5)
