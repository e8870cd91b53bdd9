"""How often data that did not move is flagged, and how often data that did: Modelward beside Evidently and NannyML.

    python -m benchmarks.signal_quality [--tables PATH …] [--peers PYTHON] [--out FOLDER] [--runs N] [--seed S]

Real tables are sampled into a reference and a current table of one population, without drift or with drift of a known
kind and size in one column of the current one. Without `--tables` the tables are those that come with the project (the
demo's flights) and with scikit-learn. `--peers` is the Python of an environment that `make peers` makes; without it
Modelward is measured alone. Writes signal.md, signal.json and signal.svg into the folder, and prints the first.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from benchmarks.signal_drifts import DRIFTS, inject
from benchmarks.signal_report import Rate, to_json, to_markdown, to_svg
from benchmarks.signal_tables import Columns, Table, draw, tables_of
from benchmarks.signal_time import in_time

from modelward.rules.comparison import compare_profiles
from modelward.rules.verdict import Verdict
from modelward.stats import Profile

NULL = "no drift"
OURS = "modelward"
PEERS = ("evidently", "nannyml")


@dataclass(frozen=True)
class Scene:
    """Pairs of these sizes; `peers` of them are shown to the peers too, which take seconds for a pair."""

    rows: tuple[int, int]
    columns: int
    runs: int
    peers: int


NULLS = (
    *(Scene((200, 200), columns, runs, peers) for columns, runs, peers in ((1, 1000, 0), (8, 300, 60), (200, 30, 0))),
    *(Scene((1000, 1000), columns, runs, peers) for columns, runs, peers in ((1, 600, 0), (8, 300, 60), (200, 20, 0))),
    *(Scene((2000, 200), columns, runs, peers) for columns, runs, peers in ((1, 1000, 0), (8, 300, 60), (200, 30, 0))),
    *(Scene((10_000, 1000), columns, runs, peers) for columns, runs, peers in ((8, 200, 50), (30, 60, 0))),
    Scene((100_000, 10_000), 8, 60, 8),
    Scene((100_000, 100_000), 8, 30, 0),
    Scene((1_000_000, 1_000_000), 8, 6, 0),
)
DRIFTED = (
    Scene((200, 200), 8, 30, 8),
    Scene((1000, 1000), 8, 30, 8),
    Scene((10_000, 1000), 8, 20, 6),
    Scene((100_000, 10_000), 8, 5, 1),
)


@dataclass(frozen=True)
class Pair:
    """One draw: what was done to the current table, and which columns each tool flagged; None where it could not say.

    `strong` is whether Modelward calls any column strongly drifted.
    """

    scene: Scene
    kind: str
    size: float
    column: str | None
    columns: int
    flagged: dict[str, list[str] | None]
    strong: bool


def measure(rng: np.random.Generator, tables: Sequence[Table], peers: Path | None, scale: float) -> list[Pair]:
    """Every scene; `scale` multiplies how often each is drawn."""
    found: list[Pair] = []
    for scene in NULLS:
        found += _scene(rng, tables, scene, [(NULL, 0.0)], peers, scale)
    for scene in DRIFTED:
        cases = [(kind, size) for kind, drift in DRIFTS.items() for size in drift.sizes]
        found += _scene(rng, tables, scene, cases, peers, scale)
    return found


def _scene(
    rng: np.random.Generator,
    tables: Sequence[Table],
    scene: Scene,
    cases: Sequence[tuple[str, float]],
    peers: Path | None,
    scale: float,
) -> list[Pair]:
    began = time.perf_counter()
    found: list[Pair] = []
    with tempfile.TemporaryDirectory() as folder:
        for kind, size in cases:
            for run in range(max(1, round(scene.runs * scale))):
                pair = _one(rng, tables, scene, kind, size)
                if pair is None:
                    break
                judged, reference, current = pair
                if peers is not None and run < scene.peers:
                    _write(Path(folder), len(found), reference, current)
                found.append(judged)
        if peers is not None:
            _ask(peers, Path(folder), found)
    took = time.perf_counter() - began
    print(f"{scene.rows} × {scene.columns}: {len(found)} pairs in {took:.0f} s", file=sys.stderr, flush=True)
    return found


def _one(
    rng: np.random.Generator, tables: Sequence[Table], scene: Scene, kind: str, size: float
) -> tuple[Pair, Columns, Columns] | None:
    """A pair, judged by Modelward; None where no table has a column that can drift so."""
    for _ in range(20):
        reference, current = draw(rng, tables, scene.rows, scene.columns)
        drifted = (current, None) if kind == NULL else inject(rng, kind, size, reference, current)
        if drifted is not None:
            current, column = drifted
            comparison = compare_profiles(Profile.of(reference), Profile.of(current))
            ours = [finding.column for finding in comparison.findings]
            strong = comparison.verdict is Verdict.DRIFTED
            return Pair(scene, kind, size, column, len(reference), {OURS: ours}, strong), reference, current
    return None


def _write(folder: Path, number: int, reference: Columns, current: Columns) -> None:
    for side, columns in (("reference", reference), ("current", current)):
        arrays = {
            name: pa.array(values.tolist(), pa.string()) if values.dtype == object else values
            for name, values in columns.items()
        }
        pq.write_table(pa.table(arrays), folder / f"{number:06d}.{side}.parquet")


def _ask(peers: Path, folder: Path, found: list[Pair]) -> None:
    if not any(folder.iterdir()):
        return
    script = Path(__file__).with_name("signal_peers.py")
    ran = subprocess.run([peers, script, folder, ",".join(PEERS)], check=False, stderr=subprocess.PIPE, text=True)
    if ran.returncode:
        print(f"the peers could not be asked: {ran.stderr.strip()[-300:]}", file=sys.stderr, flush=True)
        return
    for number, said in json.loads((folder / "peers.json").read_text()).items():
        found[int(number)].flagged.update(said)


def rates(found: Sequence[Pair]) -> Iterator[Rate]:
    """Every rate with its counts: models and columns flagged without drift, and drifted columns found."""
    keys = dict.fromkeys((pair.scene, pair.kind, pair.size) for pair in found)
    for scene, kind, size in keys:
        pairs = [pair for pair in found if (pair.scene, pair.kind, pair.size) == (scene, kind, size)]
        for tool in (OURS, *PEERS):
            yield from _rates_of(tool, scene, kind, size, [pair for pair in pairs if tool in pair.flagged])


def _rates_of(tool: str, scene: Scene, kind: str, size: float, pairs: Sequence[Pair]) -> Iterator[Rate]:
    rate = partial(Rate, tool, scene.rows, scene.columns, kind, size)
    said = [(pair, pair.flagged[tool] or []) for pair in pairs]
    if not said:
        return
    if kind != NULL:
        yield rate("found", sum(pair.column in names for pair, names in said), len(said))
        return
    yield rate("models", sum(bool(names) for _, names in said), len(said))
    columns = sum(pair.columns for pair in pairs)
    yield rate("columns", sum(len(names) for _, names in said), columns)
    if tool == OURS:
        yield rate("models, strongly", sum(pair.strong for pair in pairs), len(said))
    if tool == "evidently":  # Its own verdict on the whole: half of the columns.
        halves = sum(2 * len(names) >= pair.columns for pair, names in said)
        yield rate("models, by its own verdict", halves, len(said))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--tables", type=Path, nargs="*", default=[], help="files or folders of CSV and Parquet")
    parser.add_argument("--peers", type=Path, help="the Python of an environment with evidently and nannyml")
    parser.add_argument("--out", type=Path, default=Path("signal"), help="the folder for the results")
    parser.add_argument("--runs", type=float, default=1.0, help="how often, as a multiple of the usual")
    parser.add_argument("--seed", type=int, default=2026)
    given = parser.parse_args()
    if given.peers is not None and shutil.which(given.peers) is None:
        parser.error(f"there is no Python at {given.peers}; make it with `make peers`")
    tables = tables_of(given.tables)
    rng = np.random.default_rng(given.seed)
    began = time.perf_counter()
    measured = [*rates(measure(rng, tables, given.peers, given.runs)), *in_time(rng, given.peers, given.runs)]
    about: dict[str, Any] = {
        "tables": [f"{table.name} ({table.rows:,} × {len(table.columns)})" for table in tables],
        "pairs": sum(rate.of for rate in measured if rate.tool == OURS and rate.what in {"models", "found"}),
        "seed": given.seed,
        "seconds": round(time.perf_counter() - began),
    }
    given.out.mkdir(parents=True, exist_ok=True)
    (given.out / "signal.json").write_text(to_json(measured, about))
    (given.out / "signal.svg").write_text(to_svg(measured))
    (given.out / "signal.md").write_text(to_markdown(measured, about))
    print(to_markdown(measured, about))


if __name__ == "__main__":
    main()
