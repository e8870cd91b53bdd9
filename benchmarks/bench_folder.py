"""`modelward.compare` of files larger than memory: two folders of Parquet, or two CSV files, written in pieces."""

import argparse
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

PIECE = 1_000_000
NUMERIC, TEXT = 6, 2


def write(folder: Path, rows: int, seed: int, kind: str) -> int:
    """Pieces of a million rows with as many columns as above; the first column of the second folder moved."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq
    from pyarrow import csv

    folder.mkdir()
    rng = np.random.default_rng(seed)
    names = pa.array([f"value_{i:03d}" for i in range(200)])
    for piece in range(0, rows, PIECE):
        size = min(PIECE, rows - piece)
        columns: dict[str, Any] = {
            f"num_{i}": rng.normal(10 * i + seed * (i == 0), 1 + i, size) for i in range(NUMERIC)
        }
        for i in range(TEXT):
            codes = (rng.random(size) ** 2 * len(names)).astype(np.int32)
            columns[f"cat_{i}"] = pa.DictionaryArray.from_arrays(codes, names).cast(pa.string())
        if kind == "parquet":
            pq.write_table(pa.table(columns), folder / f"part-{piece // PIECE:05d}.parquet")
        else:
            with (folder / "table.csv").open("ab") as file:
                csv.write_csv(pa.table(columns), file, csv.WriteOptions(include_header=piece == 0))
    return sum(file.stat().st_size for file in folder.iterdir())


def measure(reference: str, current: str) -> dict[str, Any]:
    import modelward

    started = time.perf_counter()
    report = modelward.compare(reference, current)
    seconds = time.perf_counter() - started
    return {
        "seconds": round(seconds, 1),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "rows": [report.comparison.rows_reference, report.comparison.rows_current],
        "drifted": [finding.column for finding in report.findings],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=50_000_000, help="rows of the larger folder")
    parser.add_argument("--reference-rows", type=int, default=5_000_000)
    parser.add_argument("--kind", choices=["parquet", "csv"], default="parquet")
    parser.add_argument("--measure", nargs=2, metavar=("REFERENCE", "CURRENT"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        print(json.dumps(measure(*arguments.measure)))
        return
    home = Path(tempfile.mkdtemp(prefix="modelward-folder-"))
    try:
        sizes = [(arguments.reference_rows, 0), (arguments.rows, 1)]
        written = [write(home / str(n), rows, n, arguments.kind) for rows, n in sizes]
        paths = [home / str(n) if arguments.kind == "parquet" else home / str(n) / "table.csv" for _, n in sizes]
        command = [sys.executable, __file__, "--measure", *map(str, paths)]
        result = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    finally:
        shutil.rmtree(home)
    shape = f"{arguments.rows:,} rows × {NUMERIC} numeric and {TEXT} text columns, {arguments.kind}"
    print(json.dumps({"benchmark": "folder", "what": shape, "bytes": written, **result}, indent=2))


if __name__ == "__main__":
    main()
