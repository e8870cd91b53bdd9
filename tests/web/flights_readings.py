"""Readings as monitoring would give them for the flights model: 300 days, healthy until `distance` changes its unit."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from modelward.monitoring.readings import (
    Distribution,
    EvaluationView,
    HeatCell,
    HeatMap,
    HeatRow,
    ModelCard,
    Quantiles,
    ReferenceView,
    Side,
    Spread,
    WindowPoint,
)
from modelward.web.time_range import time_range
from modelward.web.views.model_page import Asked, ModelFacts, ModelReadings

ZONE = ZoneInfo("America/New_York")
FIRST = datetime(2013, 3, 7, tzinfo=ZONE)
CHANGE = datetime(2013, 10, 1, tzinfo=ZONE)
NOW = datetime(2013, 12, 31, 22, 15, tzinfo=ZONE).astimezone(UTC)
COLUMNS = {
    "distance": "numeric",
    "carrier": "categorical",
    "origin": "categorical",
    "dep_delay": "numeric",
    "hour": "numeric",
    "destination": "categorical",
    "wind_speed": "numeric",
    "precipitation": "numeric",
    "visibility": "numeric",
    "day_of_week": "categorical",
}
SENTENCE = "`distance` moved from median 872 to 1,403, a factor of 1.61: a change of unit?"
HOSTILE = '"><img src=x onerror="window.hacked=1"><script>window.hacked=1</script>\'`${window.hacked=1}`'


def days(first: datetime = FIRST, last: datetime = NOW) -> list[tuple[datetime, datetime]]:
    """Local days as UTC pairs, the changes of the clock included."""
    found, day = [], first
    while day < last:
        after = (day + timedelta(days=1)).replace(tzinfo=ZONE)
        found.append((day.astimezone(UTC), after.astimezone(UTC)))
        day = after
    return found


def level_of(psi: float) -> str:
    return "drifted" if psi >= 0.25 else "warning" if psi >= 0.1 else "ok"


def heat_cell(column: str, psi: float) -> HeatCell:
    level = level_of(psi)
    reason = SENTENCE if column == "distance" and level == "drifted" else f"`{column}`: PSI {psi:.2f}, more than 0.1"
    return HeatCell(
        psi, min(1.0, psi * 0.55 + 0.01), level, level != "ok", 10 ** -(psi * 40), reason if level != "ok" else ""
    )


def psi_of(column: str, day: datetime, rng: np.random.Generator) -> float:
    base = float(rng.gamma(2.0, 0.009))
    if column == "distance" and day >= CHANGE:
        return 0.83 + float(rng.normal(0, 0.03))
    if column == "precipitation" and day.astimezone(ZONE).month in (6, 7) and rng.random() < 0.2:
        return 0.14 + base * 6
    if column == "wind_speed":
        return base * 2.2
    return base


def heat(columns: Mapping[str, str] = COLUMNS, *, since: datetime | None = CHANGE, seed: int = 5) -> HeatMap:
    rng = np.random.default_rng(seed)
    spans = days()
    rows = []
    for column, kind in columns.items():
        cells: list[HeatCell | None] = [heat_cell(column, psi_of(column, start, rng)) for start, _ in spans]
        cells[40] = HeatCell(None, None, "too_few", False, None, "")
        cells[120] = None
        drifted = since.astimezone(UTC) if since and column == "distance" else None
        rows.append(HeatRow(column, kind, tuple(cells), drifted, max(c.psi or 0.0 for c in cells if c)))
    rows.sort(key=lambda r: (r.drifted_since is None, -r.worst))
    return HeatMap("day", tuple(history(rows)), tuple(rows))


def history(rows: list[HeatRow] | None = None, *, seed: int = 6) -> list[WindowPoint]:
    rng = np.random.default_rng(seed)
    points = []
    for n, (start, end) in enumerate(days()):
        local = start.astimezone(ZONE)
        count = int((780 if local.weekday() == 5 else 960) + rng.normal(0, 25))
        count = count * 22 // 24 if end > NOW else count
        drifted = start >= CHANGE
        late = 0.22 + 0.05 * math.sin(n / 40) + float(rng.normal(0, 0.03)) + (0.14 if drifted else 0)
        late = min(max(late, 0.02), 0.95)
        latency = Quantiles(
            count, 14.0, 11 + float(rng.normal(0, 0.5)), 31 + float(rng.normal(0, 2)), 58 + float(rng.gamma(2, 6))
        )
        points.append(
            WindowPoint(
                start,
                end,
                end <= NOW,
                count,
                "drifted" if drifted else "ok",
                "drifted" if drifted else "ok",
                drifted,
                ("distance",) if drifted else (),
                latency,
                Spread("categorical", count, shares=(("on time", 1 - late), ("late", late))),
                Spread("numeric", count, late, 0.1, (0.05, 0.12, late, 0.4, 0.7)),
            )
        )
    return points


def side(values: np.ndarray[Any, Any], edges: np.ndarray[Any, Any]) -> Side:
    shares = np.histogram(np.clip(values, edges[0], edges[-1]), edges)[0] / len(values)
    names = {"min": 0, "p01": 1, "p05": 5, "p25": 25, "p50": 50, "p75": 75, "p95": 95, "p99": 99, "max": 100}
    quantiles = {name: float(np.percentile(values, q)) for name, q in names.items()}
    return Side(
        len(values), tuple(map(float, shares)), 0.004, 0.0, float(values.mean()), float(values.std()), quantiles
    )


def finding(column: str, kind: str, level: str) -> dict[str, Any]:
    psi = 0.83 if level == "drifted" else 0.021
    return {
        "column": column,
        "kind": kind,
        "verdict": level,
        "level": level,
        "drifted": level == "drifted",
        "method": "psi",
        "statistic": psi,
        "threshold": 0.1,
        "p_value": 1e-240 if level == "drifted" else 0.31,
        "p_adjusted": 1e-239 if level == "drifted" else 0.52,
        "n_reference": 54_210,
        "n_current": 948,
        "statistics": {
            "psi": psi,
            "psi_plain": psi + 0.003,
            "ks": 0.41 if level == "drifted" else 0.03,
            "js": 0.31,
            "hellinger": 0.29,
            "wasserstein": 531.2,
            "wasserstein_normalised": 0.73,
            "mean_shift": 0.72,
            "missing_rate_change": 0.0,
        },
        "new_categories": [],
        "reason": SENTENCE if level == "drifted" else f"`{column}` is as it was: PSI {psi:.3f}",
    }


def numeric(column: str, *, factor: float = 1.0, level: str = "ok", window: int = -2) -> Distribution:
    rng = np.random.default_rng(11)
    before = rng.choice(
        [187, 502, 733, 872, 1005, 1400, 2475], 54_210, p=[0.1, 0.16, 0.17, 0.2, 0.17, 0.1, 0.1]
    ) + rng.normal(0, 60, 54_210)
    after = rng.choice(before, 948) * factor
    edges = np.linspace(0, max(before.max(), after.max()), 37)
    start, end = days()[window]
    labels = tuple(f"{a:.0f} to {b:.0f}" for a, b in pairwise(edges))
    told = finding(column, "numeric", level)
    return Distribution(
        column, "numeric", labels, tuple(map(float, edges)), side(before, edges), side(after, edges), start, end, told
    )


def categorical(column: str, shares: Mapping[str, tuple[float, float]], *, level: str = "ok") -> Distribution:
    start, end = days()[-2]
    before, after = zip(*shares.values(), strict=True)
    sides = (Side(54_210, before, 0.0, 0.0, None, None), Side(948, after, 0.0, 0.0, None, None))
    told = finding(column, "categorical", level)
    return Distribution(column, "categorical", tuple(shares), (), sides[0], sides[1], start, end, told)


CARRIERS = {
    "UA": (0.174, 0.171),
    "B6": (0.162, 0.158),
    "EV": (0.160, 0.149),
    "DL": (0.143, 0.151),
    "AA": (0.097, 0.099),
    "MQ": (0.078, 0.074),
    "US": (0.061, 0.066),
    "9E": (0.055, 0.052),
    "WN": (0.036, 0.041),
    "VX": (0.015, 0.018),
}
PREDICTIONS = {"on time": (0.77, 0.62), "late": (0.23, 0.38)}


def evaluation(level: str = "drifted") -> EvaluationView:
    start, end = days()[-2]
    findings = (finding("distance", "numeric", level), finding("carrier", "categorical", "ok"))
    reason = SENTENCE if level == "drifted" else "no column moved"
    bad = level == "drifted"
    return EvaluationView(
        1,
        "day",
        start,
        end,
        True,
        level,
        level,
        bad,
        reason,
        948,
        54_210,
        NOW - timedelta(minutes=12),
        1,
        "confirmed",
        findings,
        0.83 if bad else 0.041,
        0.41 if bad else 0.05,
    )


def reference(status: str = "confirmed") -> ReferenceView:
    start, end = datetime(2013, 1, 1, tzinfo=ZONE).astimezone(UTC), FIRST.astimezone(UTC)
    confirmed = end if status == "confirmed" else None
    return ReferenceView(1, status, "window", 54_210, start, end, None, end, confirmed, tuple(COLUMNS))


def facts(**changes: Any) -> ModelFacts:
    usual: dict[str, Any] = {
        "id": 1,
        "key": "flights-late",
        "name": "flights-late",
        "version": "2013.1",
        "project": "demo",
        "description": "Will this flight arrive more than 15 minutes late? Every flight out of New York in 2013.",
        "time_zone": "America/New_York",
        "window": "day",
        "health": "drifted",
        "health_since": CHANGE.astimezone(UTC),
        "health_reason": SENTENCE,
        "event_count": 282_566,
        "last_event_at": NOW - timedelta(minutes=2),
    }
    return ModelFacts(**{**usual, **changes})


def events(
    columns: Mapping[str, str] = COLUMNS, *, many: int = 25, text: str = "UA"
) -> tuple[list[dict[str, Any]], dict[str, str]]:
    rng = np.random.default_rng(2)
    stored = {name: f"f{n}" for n, name in enumerate(columns, 1)}
    rows = []
    for n in range(many):
        values = {
            stored[name]: float(np.round(rng.gamma(3, 400), 1)) if kind == "numeric" else text
            for name, kind in columns.items()
        }
        rows.append(
            {
                "event_id": f"0194c2f0-7a3b-7d1e-8c5a-{n:012d}",
                "ts": NOW - timedelta(minutes=2 + n * 3),
                "prediction": "late" if n % 3 == 0 else "on time",
                "score": float(rng.random()),
                "latency_ms": float(rng.gamma(4, 4)),
                "label_text": None if n < 9 else "on time",
                "label_number": None,
                **values,
            }
        )
    return rows, stored


def asked(**changes: Any) -> Asked:
    newest = days()[-1][1]
    window = time_range(name="1y", first=None, last=None, usual="1y", newest=newest, zone=ZONE)
    return Asked(**{"range": window, "column": None, "window": None, **changes})


def drifted_model() -> ModelReadings:
    rows, stored = events()
    return ModelReadings(
        facts(),
        heat(),
        tuple(history()),
        evaluation(),
        reference(),
        numeric("distance", factor=1.609, level="drifted"),
        categorical("@prediction", PREDICTIONS),
        rows,
        stored,
    )


def wide_model(columns: int = 200) -> ModelReadings:
    names = {"distance": "numeric"} | {f"embedding_component_{n:03d}_of_text": "numeric" for n in range(1, columns)}
    rows, stored = events(names, many=10)
    return ModelReadings(
        facts(key="wide", name="wide"),
        heat(names),
        tuple(history()),
        evaluation(),
        reference("provisional"),
        numeric("distance", factor=1.609, level="drifted"),
        None,
        rows,
        stored,
    )


def new_model() -> ModelReadings:
    empty = HeatMap("day", (), ())
    new = facts(
        key="churn",
        name="churn",
        version=None,
        description=None,
        health="too_few",
        health_since=None,
        health_reason=None,
        event_count=0,
        last_event_at=None,
    )
    return ModelReadings(new, empty, (), None, None)


def hostile_model() -> ModelReadings:
    """Names and values that try to be markup, in every place that shows one."""
    columns = {HOSTILE: "categorical", "@@at": "numeric", "distance": "numeric"}
    rows, stored = events(columns, text=HOSTILE)
    bad = categorical(HOSTILE, {HOSTILE: (0.5, 0.4), "<b>": (0.3, 0.2), "": (0.2, 0.4)}, level="drifted")
    told = {**(bad.finding or {}), "reason": f"`{HOSTILE}` moved", "new_categories": [HOSTILE], "method": HOSTILE}
    chosen = Distribution(
        bad.column, bad.kind, bad.labels, bad.edges, bad.reference, bad.current, bad.starts_at, bad.ends_at, told
    )
    names = facts(
        key="hostile", name=HOSTILE, version=HOSTILE, description=HOSTILE, health_reason=HOSTILE, project=HOSTILE
    )
    points = [
        WindowPoint(**{**p.__dict__, "prediction": Spread("categorical", p.rows, shares=((HOSTILE, 0.6), ("x", 0.4)))})
        for p in history()
    ]
    return ModelReadings(
        names,
        heat(columns),
        tuple(points),
        evaluation(),
        reference(),
        chosen,
        categorical("@prediction", {HOSTILE: (1.0, 1.0)}),
        rows,
        stored,
    )


def card(key: str, health: str, reason: str | None, **changes: Any) -> ModelCard:
    points = tuple(history()[-30:])
    usual: dict[str, Any] = {
        "id": 1,
        "key": key,
        "name": key,
        "version": "3",
        "project": "default",
        "health": health,
        "health_since": NOW - timedelta(days=9),
        "health_reason": reason,
        "reference": "confirmed",
        "event_count": 282_566,
        "last_event_at": NOW - timedelta(minutes=2),
        "drifted_columns": (),
        "latest": points[-1],
        "recent": points,
    }
    return ModelCard(**{**usual, **changes})


def calm(levels: str) -> tuple[WindowPoint, ...]:
    """Thirty windows whose levels are written as letters: o ok, w warning, d drifted, t too few."""
    words = {"o": "ok", "w": "warning", "d": "drifted", "t": "too_few"}
    points = history()[-len(levels) :]
    return tuple(
        WindowPoint(**{**p.__dict__, "level": words[c], "drifted_columns": ()})
        for p, c in zip(points, levels, strict=True)
    )


OFF_TWICE = "`income` and `age` moved moderately in 2 of the last 3 days"


def cards() -> tuple[ModelCard, ...]:
    """A model in each of the five states."""
    few = tuple(WindowPoint(**{**p.__dict__, "rows": 6}) for p in calm("t" * 9))
    off = ("income", "age", "branch")
    young = NOW - timedelta(seconds=4)
    old = NOW - timedelta(days=2, hours=23)
    return (
        card("flights-late", "drifted", SENTENCE, drifted_columns=("distance",), recent=calm("o" * 16 + "d" * 14)),
        card("churn-weekly", "healthy", "no column is alarmed", recent=calm("o" * 30), project="growth"),
        card("credit-risk", "warning", OFF_TWICE, drifted_columns=off, recent=calm("o" * 12 + "w" + "o" * 14 + "www")),
        card("ranking-v4", "silent", "no event since 2013-12-28", recent=calm("o" * 28 + "tt"), last_event_at=old),
        card("fraud-shadow", "too_few", None, recent=few, latest=few[-1], reference="provisional", last_event_at=young),
    )
