"""The comparison of bench_compare.py by others: NumPy by hand, NannyML and Evidently, by the Python of `make peers`.

    PYTHON benchmarks/compare_peers.py FOLDER numpy,nannyml,evidently

reads FOLDER/reference.parquet and FOLDER/current.parquet into pandas and prints the seconds of each as JSON. Nothing
of Modelward is imported here. By hand: of numbers ten quantiles of the reference, PSI and Kolmogorov–Smirnov; of texts
the counts and chi-squared.
"""

import json
import os
import sys
import time
import warnings
from pathlib import Path
from typing import Any

os.environ.update(NML_DISABLE_USAGE_LOGGING="1", DO_NOT_TRACK="1")


def by_hand(reference: Any, current: Any) -> None:
    import numpy as np

    for name in reference.columns:
        before, now = reference[name].dropna(), current[name].dropna()
        if before.dtype.kind == "f":
            first, second = np.sort(before.to_numpy()), np.sort(now.to_numpy())
            edges = np.quantile(first, np.linspace(0, 1, 11)[1:-1])
            counts = [np.diff(np.r_[0, np.searchsorted(side, edges), side.size]) for side in (first, second)]
            shares = [np.maximum(count / count.sum(), 1e-6) for count in counts]
            float(((shares[1] - shares[0]) * np.log(shares[1] / shares[0])).sum())
            places = np.concatenate([first, second])
            ranks = [np.searchsorted(side, places, side="right") / side.size for side in (first, second)]
            float(np.abs(ranks[0] - ranks[1]).max())
        else:
            tallies = [side.value_counts() for side in (before, now)]
            table = np.array(
                [tally.reindex(tallies[0].index.union(tallies[1].index), fill_value=0) for tally in tallies]
            )
            expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
            float(((table - expected) ** 2 / expected).sum())


def nannyml(reference: Any, current: Any) -> None:
    from nannyml import UnivariateDriftCalculator

    names = list(reference.columns)
    UnivariateDriftCalculator(column_names=names, chunk_number=1).fit(reference).calculate(current)


def evidently(reference: Any, current: Any) -> None:
    from evidently import Report
    from evidently.presets import DataDriftPreset

    Report([DataDriftPreset()]).run(current, reference).dict()


PEERS = {"numpy": by_hand, "nannyml": nannyml, "evidently": evidently}


def main() -> None:
    import pandas as pd

    warnings.simplefilter("ignore")
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    folder, names = Path(sys.argv[1]), sys.argv[2].split(",")
    tables = [pd.read_parquet(folder / f"{side}.parquet") for side in ("reference", "current")]
    for name in names:
        started, used = time.perf_counter(), time.process_time()
        PEERS[name](*tables)
        took = {"seconds": round(time.perf_counter() - started, 2), "cpu_s": round(time.process_time() - used, 2)}
        print(json.dumps({"peer": name, **took}), flush=True)


if __name__ == "__main__":
    main()
