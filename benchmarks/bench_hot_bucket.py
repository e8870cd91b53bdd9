"""An hour bucket of 1.8 million rows × 30 columns kept current by partial profiles, without a scan of raw rows.

    python benchmarks/bench_hot_bucket.py [--rows 1800000] [--batch 20000]

Prints JSON: what a batch costs in the mover's transaction, what an evaluation of the open window costs at the end, what
merging costs, the largest memory, and how far PSI and KS of the merged profile are from the exact values.
"""

import argparse
import json
import resource
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import numpy as np
import pyarrow as pa

from modelward.accounts.principal import Scope
from modelward.accounts.service import create_organisation
from modelward.audit.keys import use_secrets
from modelward.events.contract import TIME, EventStore
from modelward.ingest.mover import Moved
from modelward.kit.database import migrate, open_database, reading, writing
from modelward.monitoring.absorb import absorb
from modelward.monitoring.capture_baseline import upload_reference
from modelward.monitoring.compact import tidy
from modelward.monitoring.evaluate import evaluate
from modelward.monitoring.window_profiles import window_profile
from modelward.registry.service import register, resolve, widen
from modelward.stats import NumericSummary, Profile, kolmogorov_smirnov, psi

START = datetime(2026, 3, 2, 12, tzinfo=UTC)
NUMBERS, NAMES = 20, 10
TOWNS = np.array([f"town {i}" for i in range(40)])


def batch_of(rows: int, at: int, rng: np.random.Generator) -> pa.Table:
    columns: dict[str, Any] = {
        "event_id": [f"{at}-{i}" for i in range(rows)],
        "ts": pa.array([START + timedelta(seconds=at % 3600)] * rows, TIME),
        "latency_ms": rng.gamma(2.0, 20.0, rows),
        "score": rng.random(rows),
    }
    columns |= {f"f{i + 1}": rng.lognormal(i / 10, 1.0, rows) for i in range(NUMBERS)}
    columns |= {f"f{NUMBERS + i + 1}": pa.array(rng.choice(TOWNS, rows)) for i in range(NAMES)}
    return pa.table(columns)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1_800_000)
    parser.add_argument("--batch", type=int, default=20_000)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(measure(Path(folder), asked.rows, asked.batch), indent=2))


def measure(folder: Path, rows: int, size: int) -> dict[str, Any]:
    rng = np.random.default_rng(11)
    engine = use_secrets(open_database(f"sqlite:///{folder}/metadata.db"), "of the benchmark")
    migrate(engine)
    kinds = {f"n{i}": "numeric" for i in range(NUMBERS)} | {f"t{i}": "categorical" for i in range(NAMES)}
    with writing(engine) as session:
        organisation = create_organisation(session, name="Bench", now=START)
        model = register(session, scope=Scope(organisation.id), key="hot", now=START)
        widen(session, model_id=model.id, features=kinds, prediction=None, now=START)
    expected = rng.lognormal(0.0, 1.0, 100_000)
    with writing(engine) as session:
        model = resolve(session, Scope(organisation.id), "hot")
        profile = Profile.of(
            {f"n{i}": rng.lognormal(i / 10, 1.0, 100_000) for i in range(1, NUMBERS)} | {"n0": expected}
        )
        upload_reference(session, model=model, profile=profile, file_name="reference", now=START)
    absorbing, tidying, seen = [], [], []
    now = START + timedelta(minutes=30)
    for at in range(rows // size):
        table = batch_of(size, at, rng)
        seen.append(table.column("f1").to_numpy())
        nothing = pa.array([], TIME)
        moved = Moved(model.id, f"b{at}", table, nothing, nothing)
        began = time.perf_counter()
        with writing(engine) as session:
            absorb(session, [moved], now=now)
        absorbing.append(time.perf_counter() - began)
        if at % 10 == 9:
            tidying.append(_tidied(engine, model.id, now))
    store = cast("EventStore", None)  # Nothing here may read raw rows.
    began = time.perf_counter()
    written = evaluate(engine, store, model_id=model.id, now=now, auto_reference=0)
    judged = time.perf_counter() - began
    assert written is not None
    with writing(engine) as session:
        written(session)
    return {
        "rows": rows,
        "absorb_ms_p50": round(1e3 * float(np.median(absorbing)), 1),
        "absorb_ms_max": round(1e3 * max(absorbing), 1),
        "absorb_rows_per_second": round(rows / sum(absorbing)),
        "tidy_ms_total": round(1e3 * sum(tidying)),
        "evaluate_ms": round(1e3 * judged),
        "max_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        **_errors(engine, model.id, expected, np.concatenate(seen)),
    }


def _tidied(engine: Any, model_id: int, now: datetime) -> float:
    began = time.perf_counter()
    while write := tidy(engine, model_id=model_id, now=now):
        with writing(engine) as session:
            write(session)
    return time.perf_counter() - began


def _errors(engine: Any, model_id: int, expected: Any, raw: Any) -> dict[str, float]:
    with reading(engine) as session:
        merged = window_profile(
            session, model_id=model_id, start=START, end=START + timedelta(hours=1), columns=["n0"]
        ).columns["n0"]
    shifted = NumericSummary.of(expected * 1.2)
    return {
        "psi_error": abs(psi(shifted, merged).statistic - psi(expected * 1.2, raw).statistic),
        "ks_error": abs(
            kolmogorov_smirnov(shifted, merged).statistic - kolmogorov_smirnov(expected * 1.2, raw).statistic
        ),
    }


if __name__ == "__main__":
    main()
