"""Tables that reports are made of in these tests: a drift of each kind, and names that would like to be markup."""

from typing import Any

import numpy as np

from modelward.report.compare import compare
from modelward.report.report import Report

ROWS = 400
SCRIPT = "<script>alert(1)</script>"
HOSTILE = [
    SCRIPT,
    '"><img src=x onerror=alert(2)>',
    "</style></title><svg onload=alert(3)>",
    "`tick`|pipe\n# heading @everyone [link](javascript:alert(4))",
    "x" * 300,
    "",
    "\x1b[31mred\x00\ud800",
    "{{ 7 * 7 }}",
    "]]>&amp;",
    "\u202eمرحبا",
]


def plain() -> Report:
    """One column that drifted, one that changed moderately, one that is fine, a new one, one left out."""
    rng = np.random.default_rng(0)
    before: dict[str, Any] = {
        "fine": rng.normal(size=ROWS),
        "moderate": rng.normal(size=ROWS),
        "distance": rng.gamma(3, 350, ROWS),
        "town": ["Bonn", "Köln"] * (ROWS // 2),
        "when": np.arange(ROWS).astype("datetime64[D]"),
    }
    now = {
        **before,
        "fine": before["fine"][::-1],
        "moderate": before["moderate"] + 0.4,
        "distance": before["distance"] * 1.61,
        "new": np.zeros(ROWS),
    }
    return compare(before, now, prediction="moderate")


def hostile() -> Report:
    """Every hostile name as a column of numbers that drifted and as a category."""
    rng = np.random.default_rng(1)
    before: dict[str, Any] = {name: rng.normal(size=ROWS) for name in _readable()}
    now = {name: values * 3 + 1 for name, values in before.items()}
    before["town"], now["town"] = [SCRIPT] * ROWS, (_readable() * ROWS)[:ROWS]
    return compare(before, now, protected=[SCRIPT])


def _readable() -> list[str]:
    """Arrow takes no lone surrogate."""
    return [name.replace("\ud800", "") for name in HOSTILE]


def wide(columns: int) -> Report:
    """Many columns of numbers and names, every ninth of them moved."""
    rng = np.random.default_rng(2)
    before: dict[str, Any] = {}
    now: dict[str, Any] = {}
    for i in range(columns):
        name = f"feature_{i:03d}_of_a_wide_table"
        if i % 4 == 3:
            before[name], now[name] = rng.choice(list("abcdefgh"), (2, 1000)).tolist()
        else:
            before[name], now[name] = rng.normal(size=1000), rng.normal(1.0 if i % 9 == 0 else 0.0, size=1000)
    return compare(before, now)


def wide_segmented() -> Report:
    """50 columns, 20 segments, outcomes and groups: as large as a page becomes."""
    rng = np.random.default_rng(4)

    def side(moved: float) -> dict[str, Any]:
        rows = 20 * 250
        score = rng.beta(0.8, 0.8, rows)
        made: dict[str, Any] = {
            "region": [f"region {n % 20:02d} of a long name" for n in range(rows)],
            "sex": rng.choice(["f", "m"], rows),
            "score": score,
            "outcome": (rng.random(rows) < score).astype(float),
        }
        many = 50 - len(made)
        return made | {
            f"feature_{i:02d}_of_a_wide_table": rng.normal(moved * (i % 9 == 0), 1, rows) for i in range(many)
        }

    return compare(side(0.0), side(1.0), segment="region", label="outcome", score="score", protected=["sex"])


def few() -> Report:
    """Too few rows for any verdict."""
    return compare({"x": [1.0, 2.0] * 20}, {"x": [2.0, 3.0] * 20})


def nothing() -> Report:
    """Nothing but a column that cannot be compared."""
    days = {"when": np.arange(ROWS).astype("datetime64[D]")}
    return compare(days, days)


def segmented() -> Report:
    """Segments with hostile names, in one of which the model fell, and groups in them; one is too small."""
    rng = np.random.default_rng(3)
    names = np.array([*_readable()[:4], "small"])

    def side(wrong: float) -> dict[str, Any]:
        part = rng.choice(names, 6 * ROWS, p=[0.3, 0.3, 0.2, 0.18, 0.02])
        score = rng.beta(0.7, 0.7, 6 * ROWS)
        turned = (part == SCRIPT) & (rng.random(6 * ROWS) < wrong)
        outcome = (rng.random(6 * ROWS) < score) ^ turned
        sex = rng.choice(["f", "m"], 6 * ROWS)
        return {"part": part, "sex": sex, "score": score, "outcome": outcome, "x": rng.normal(size=6 * ROWS) + turned}

    return compare(side(0.0), side(0.7), segment="part", label="outcome", score="score", protected=["sex"])


REPORTS = {
    "segmented": segmented,
    "plain": plain,
    "hostile": hostile,
    "wide": lambda: wide(200),
    "few": few,
    "nothing": nothing,
}
