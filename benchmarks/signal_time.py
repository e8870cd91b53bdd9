"""Data that nothing happens to, but whose rows hang together in time, so that formulas for independent rows alarm."""

import json
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from benchmarks.signal_drifts import Rng
from benchmarks.signal_report import Rate
from benchmarks.signal_tables import Columns

from modelward.demo.flights import FEATURES, TEXTS, between, by_day, read_flights
from modelward.rules.calibration import calibrate
from modelward.rules.comparison import compare_profiles
from modelward.rules.monitor import Monitor
from modelward.rules.placebo import replay
from modelward.stats import Profile

ROWS, WINDOWS, COLUMNS = 500, 60, 4
TOOLS = ("modelward", "modelward, calibrated")
KILOMETRES = 1.609344


def in_time(rng: Rng, peers: Path | None, scale: float) -> Iterator[Rate]:
    """Stationary AR(1) series, and each day of the first quarter's flights and weather against the other days."""
    for slope in (0.9, 0.99):
        yield from _autoregressive(rng, slope, max(3, round(25 * scale)), peers)
    yield from _days(peers)


def _autoregressive(rng: Rng, slope: float, runs: int, peers: Path | None) -> Iterator[Rate]:
    """60 windows of 500 rows of four columns, and the next window held against them."""
    flagged = dict.fromkeys(TOOLS, 0)
    pairs = []
    for _ in range(runs):
        series = _series(rng, slope)
        blocks = [Profile.of(_part(series, i * ROWS, (i + 1) * ROWS)) for i in range(WINDOWS)]
        before, now = _part(series, 0, WINDOWS * ROWS), _part(series, WINDOWS * ROWS, (WINDOWS + 1) * ROWS)
        pairs.append((before, now))
        sides = Profile.of(before), Profile.of(now)
        flagged[TOOLS[0]] += compare_profiles(*sides).verdict.alarming
        flagged[TOOLS[1]] += compare_profiles(*sides, Monitor(), calibrate(blocks, Monitor())).verdict.alarming
    counted = {tool: (hits, runs) for tool, hits in flagged.items()} | _peers(peers, pairs[:12])
    for tool, (hits, of) in counted.items():
        yield Rate(tool, (WINDOWS * ROWS, ROWS), COLUMNS, f"AR(1) {slope:g}", 0.0, "models", hits, of)


def _series(rng: Rng, slope: float) -> Columns:
    noise = rng.normal(size=((WINDOWS + 1) * ROWS, COLUMNS)) * np.sqrt(1 - slope**2)
    level = rng.normal(size=COLUMNS)
    found = np.empty_like(noise)
    for row, step in enumerate(noise):
        level = slope * level + step
        found[row] = level
    return {f"x{i}": found[:, i] for i in range(COLUMNS)}


def _part(columns: Columns, start: int, stop: int) -> Columns:
    return {name: values[start:stop] for name, values in columns.items()}


def _days(peers: Path | None) -> Iterator[Rate]:
    """Without drift, and (for Modelward calibrated) with the distance in kilometres on the day."""
    flights = between(read_flights(), date(2013, 1, 1), date(2013, 4, 1))
    days = [day_columns(table) for _, table in by_day(flights)]
    profiles = [Profile.of(day) for day in days]
    trial = replay(profiles, Monitor())
    rests = [Profile.merge([other for other in profiles if other is not day]) for day in profiles]
    plain = [compare_profiles(rest, day).verdict.alarming for rest, day in zip(rests, profiles, strict=True)]
    counted = {TOOLS[0]: (sum(plain), len(plain)), TOOLS[1]: (trial.flagged, trial.windows)}
    pairs = [(_without(days, place), days[place]) for place in range(0, len(days), 9)] if peers else []
    for tool, (hits, of) in (counted | _peers(peers, pairs)).items():
        yield Rate(
            tool, (flights.num_rows, flights.num_rows // len(days)), len(FEATURES), "days", 0.0, "models", hits, of
        )
    calibration = calibrate(profiles, Monitor())
    found = 0
    for place, (rest, day) in enumerate(zip(rests, days, strict=True)):
        moved = Profile.of({**day, "distance": day["distance"] * KILOMETRES})
        said = compare_profiles(rest, moved, Monitor(), calibration and calibration.without(place))
        found += any(finding.column == "distance" for finding in said.findings)
    rows = flights.num_rows, flights.num_rows // len(days)
    yield Rate(TOOLS[1], rows, len(FEATURES), "days, distance in kilometres", KILOMETRES, "found", found, len(days))


def day_columns(table: pa.Table) -> Columns:
    return {
        name: np.array(table[name].to_pylist(), dtype=object) if name in TEXTS else table[name].to_numpy()
        for name in FEATURES
    }


def _without(days: Sequence[Columns], place: int) -> Columns:
    others = [day for other, day in enumerate(days) if other != place]
    return {name: np.concatenate([day[name] for day in others]) for name in FEATURES}


def _peers(peers: Path | None, pairs: Sequence[tuple[Columns, Columns]]) -> dict[str, tuple[int, int]]:
    if peers is None:
        return {}
    with tempfile.TemporaryDirectory() as folder:
        for number, sides in enumerate(pairs):
            for side, columns in zip(("reference", "current"), sides, strict=True):
                arrays = {n: pa.array(v.tolist(), pa.string()) if v.dtype == object else v for n, v in columns.items()}
                pq.write_table(pa.table(arrays), Path(folder) / f"{number:06d}.{side}.parquet")
        script = Path(__file__).with_name("signal_peers.py")
        subprocess.run([peers, script, folder, "evidently,nannyml"], check=True, stderr=subprocess.DEVNULL)
        said = json.loads((Path(folder) / "peers.json").read_text())
    return {tool: (sum(bool(answer[tool]) for answer in said.values()), len(said)) for tool in ("evidently", "nannyml")}
