"""A thousand million values profiled from Parquet, written in pieces to a temporary folder that is deleted again."""

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
NUMERIC, TEXT = 16, 4
VALUES = 1_000_000_000


def write(folder: Path, rows: int) -> int:
    """Pieces of a million rows of numbers and categories; the bytes on the disk."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    rng = np.random.default_rng(0)
    names = pa.array([f"value_{i:03d}" for i in range(200)])
    for piece in range(0, rows, PIECE):
        size = min(PIECE, rows - piece)
        columns: dict[str, Any] = {
            f"num_{i:02d}": rng.normal(10 * i, 1 + i, size).astype(np.float32) for i in range(NUMERIC)
        }
        for i in range(TEXT):
            codes = (rng.random(size) ** 2 * len(names)).astype(np.int32)
            columns[f"cat_{i}"] = pa.DictionaryArray.from_arrays(codes, names)
        pq.write_table(pa.table(columns), folder / f"part-{piece // PIECE:05d}.parquet", compression="lz4")
    return sum(file.stat().st_size for file in folder.iterdir())


def measure(folder: str) -> dict[str, Any]:
    """One process: the seconds, and the most memory it ever held."""
    import modelward

    started, used = time.perf_counter(), time.process_time()
    profile = modelward.Profile.of(folder)
    return {
        "seconds": round(time.perf_counter() - started, 1),
        "cpu_s": round(time.process_time() - used, 1),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "values": profile.rows * len(profile.columns),
        "profile_kb": round(len(profile.to_bytes()) / 1000),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--values", type=int, default=VALUES, help="values in all columns together")
    parser.add_argument("--measure", metavar="FOLDER", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        print(json.dumps(measure(arguments.measure)))
        return
    folder = Path(tempfile.mkdtemp(prefix="modelward-billion-"))
    try:
        written = write(folder, arguments.values // (NUMERIC + TEXT))
        command = [sys.executable, __file__, "--measure", str(folder)]
        result = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    finally:
        shutil.rmtree(folder)
    if result["peak_mb"] > 1000:
        sys.exit(f"the peak was {result['peak_mb']} MB, and the limit is 1000")
    shape = f"{NUMERIC} numeric and {TEXT} text columns, Parquet"
    print(json.dumps({"benchmark": "billion", "what": shape, "bytes": written, **result}, indent=2))


if __name__ == "__main__":
    main()
