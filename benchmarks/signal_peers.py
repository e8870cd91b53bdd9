"""What Evidently and NannyML say of pairs of tables by their defaults; run by the Python of their own environment.

    PYTHON benchmarks/signal_peers.py FOLDER evidently,nannyml

reads FOLDER/<n>.reference.parquet and FOLDER/<n>.current.parquet and writes FOLDER/peers.json: for each pair and peer
the columns that it flags, in an entry of null where it could not say. Nothing of Modelward is imported here.

Evidently: the test that it chooses for each column when none is named, at its own limit, called as its drift preset
calls it (on the first pair of a folder the preset itself is run too, and must say the same). NannyML: its univariate
calculator with nothing named, in chunks of the current table's size where the reference holds at least two of them,
else in its usual ten chunks of either; a column is flagged where any chunk of the current table is.
"""

import json
import os
import sys
import warnings
from pathlib import Path
from typing import Any

os.environ.update(NML_DISABLE_USAGE_LOGGING="1", DO_NOT_TRACK="1")


def evidently(reference: Any, current: Any) -> list[str]:
    from evidently.core.datasets import infer_column_type
    from evidently.legacy.calculations.stattests import get_stattest

    flagged = []
    for name in reference.columns:
        before, now = reference[name].dropna(), current[name].dropna()
        if before.empty or now.empty:
            continue  # It raises there, and says nothing.
        kind = infer_column_type(current[name])
        if get_stattest(before, now, kind, None)(before, now, kind, None).drifted:
            flagged.append(name)
    return flagged


def evidently_preset(reference: Any, current: Any) -> int:
    """How many columns the preset itself counts as drifted."""
    from evidently import Report
    from evidently.presets import DataDriftPreset

    result = Report([DataDriftPreset()]).run(current, reference).dict()
    return int(result["metrics"][0]["value"]["count"])


def nannyml(reference: Any, current: Any) -> list[str]:
    from nannyml import UnivariateDriftCalculator

    whole = len(reference) >= 2 * len(current)
    chunks = {"chunk_size": len(current)} if whole else {"chunk_number": 10}
    names = list(reference.columns)
    calculator = UnivariateDriftCalculator(column_names=names, **chunks).fit(reference)
    found = calculator.calculate(current).filter(period="analysis").to_df()
    return [name for name in names if bool(found[(name, "jensen_shannon", "alert")].any())]


PEERS = {"evidently": evidently, "nannyml": nannyml}


def said(peer: str, reference: Any, current: Any) -> list[str] | None:
    try:
        return PEERS[peer](reference, current)
    except Exception as error:  # noqa: BLE001 - whatever a peer raises is its answer: it could not say.
        print(f"{peer}: {type(error).__name__}: {error}", file=sys.stderr)
        return None


def main(folder: Path, peers: list[str]) -> None:
    import pandas as pd

    warnings.filterwarnings("ignore")
    answers: dict[str, dict[str, list[str] | None]] = {}
    for file in sorted(folder.glob("*.reference.parquet")):
        number = file.name.partition(".")[0]
        reference, current = pd.read_parquet(file), pd.read_parquet(folder / f"{number}.current.parquet")
        answers[number] = {peer: said(peer, reference, current) for peer in peers}
        if len(answers) == 1 and "evidently" in peers and answers[number]["evidently"] is not None:
            whole = [name for name in reference if reference[name].notna().any() and current[name].notna().any()]
            counted = evidently_preset(reference[whole], current[whole])
            if counted != len(answers[number]["evidently"] or []):
                sys.exit(f"Evidently's preset counts {counted} drifted columns, its tests {answers[number]}")
    (folder / "peers.json").write_text(json.dumps(answers))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2].split(","))
