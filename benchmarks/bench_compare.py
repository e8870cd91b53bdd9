"""`modelward.compare`: 100,000 against 1,000,000 rows × 30 columns (20 numeric, 10 string), in memory, on one core."""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROWS_REFERENCE, ROWS_CURRENT, NUMERIC, TEXT = 100_000, 1_000_000, 20, 10


def frames(library: str) -> tuple[Any, Any]:
    """Two tables: five of the numbers and two of the texts moved, some values are missing."""
    return tuple(
        _frame(library, rows, moved, seed) for rows, moved, seed in ((ROWS_REFERENCE, 0, 1), (ROWS_CURRENT, 1, 2))
    )


def _frame(library: str, rows: int, moved: int, seed: int) -> Any:
    import numpy as np
    import pyarrow as pa

    rng = np.random.default_rng(seed)
    columns: dict[str, Any] = {}
    for i in range(NUMERIC):
        values = rng.lognormal(3, 0.8, rows) if i % 4 == 3 else rng.normal(10 * i, 1 + i, rows)
        values += moved * 0.5 * (1 + i) * (i < 5)
        if 5 <= i < 10:
            values[rng.random(rows) < 0.02] = np.nan
        columns[f"num_{i:02d}"] = values
    for i in range(TEXT):
        names = pa.array([f"value_{j:03d}" for j in range(4 + 25 * i)])
        codes = (rng.random(rows) ** (1 + moved * 0.5 * (i < 2)) * len(names)).astype(np.int32)
        columns[f"cat_{i:02d}"] = pa.DictionaryArray.from_arrays(codes, names).cast(pa.string())
    return _as(library, pa.table(columns))


def _as(library: str, table: Any) -> Any:
    if library == "arrow":
        return table
    if library == "polars":
        import polars as pl

        return pl.from_arrow(table)
    return table.to_pandas()


def measure(library: str, runs: int) -> dict[str, Any]:
    """One process, one core: the seconds of each run, the first one with its imports, and the peak memory."""
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    reference, current = frames(library)
    before = _peak_megabytes()
    import modelward

    wall, processor, with_html, processor_with_html = [], [], [], []
    for _ in range(runs):
        started, used = time.perf_counter(), time.process_time()
        report = modelward.compare(reference, current)
        wall.append(time.perf_counter() - started)
        processor.append(time.process_time() - used)
        page = report.to_html()
        with_html.append(time.perf_counter() - started)
        processor_with_html.append(time.process_time() - used)
    return {
        "frame": library,
        "median_s": round(statistics.median(wall), 3),
        "median_cpu_s": round(statistics.median(processor), 3),
        "html_included_s": round(statistics.median(with_html), 3),
        "html_included_cpu_s": round(statistics.median(processor_with_html), 3),
        "html_included_first_s": round(with_html[0], 3),
        "html_kb": round(len(page.encode()) / 1000),
        "first_s": round(wall[0], 3),
        "min_s": round(min(wall), 3),
        "max_s": round(max(wall), 3),
        "peak_mb": round(_peak_megabytes()),
        "peak_before_mb": round(before),
        "alarming_columns": [finding.column for finding in report.findings],
    }


def _peak_megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--frame", choices=["pandas", "polars", "arrow"], help="measure one kind of frame in this process"
    )
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--peers", metavar="PYTHON", help="the Python of `make peers`: others in the same run")
    parser.add_argument("--ask", default="numpy,nannyml,evidently", help="which of them")
    arguments = parser.parse_args()
    if arguments.frame:
        print(json.dumps(measure(arguments.frame, arguments.runs)))
        return
    results = [_in_own_process(library, arguments.runs) for library in ("pandas", "polars", "arrow")]
    shape = f"{ROWS_REFERENCE:,} against {ROWS_CURRENT:,} rows × {NUMERIC} numeric and {TEXT} text columns, one core"
    peers = _peers(arguments.peers, arguments.ask) if arguments.peers else []
    print(json.dumps({"benchmark": "compare", "what": shape, "results": results, "peers": peers}, indent=2))


def _peers(python: str, names: str) -> list[Any]:
    """Others on the same tables, as pandas has them."""
    with tempfile.TemporaryDirectory() as folder:
        for side, frame in zip(("reference", "current"), frames("pandas"), strict=True):
            frame.to_parquet(Path(folder) / f"{side}.parquet")
        script = Path(__file__).with_name("compare_peers.py")
        command = [python, str(script), folder, names]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return [json.loads(line) for line in said.splitlines() if line.startswith("{")]


def _in_own_process(library: str, runs: int) -> Any:
    command = [sys.executable, __file__, "--frame", library, "--runs", str(runs)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


if __name__ == "__main__":
    main()
