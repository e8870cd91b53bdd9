"""Events that show a finding, by a bounded look into the event store when somebody asks, and rows that came twice."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from modelward.events.contract import EventStore
from modelward.monitoring.columns import LABEL
from modelward.monitoring.profiling import ProfiledColumn
from modelward.rules.constraints import Constraint
from modelward.rules.finding import number
from modelward.rules.quality_finding import Check, QualityFinding
from modelward.stats import CategoricalSummary, NumericSummary, Profile

MOST_ROWS, MOST_VALUES = 100_000, 2_000_000
"""So many rows, or values where there are many columns, are looked at; a longer window is not read to its end."""
MOST_EXAMPLES = 5

Mask = Callable[[pa.Table], pa.Array | pa.ChunkedArray | None]


@dataclass
class Shown:
    """What was found: examples by the finding's key, and rows whose features were all the same as another's."""

    looked_at: int = 0
    examples: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    repeated: int = 0
    repeated_examples: list[dict[str, Any]] = field(default_factory=list)


def find_examples(
    store: EventStore,
    *,
    model_id: int,
    start: datetime,
    end: datetime,
    columns: Sequence[ProfiledColumn],
    findings: Iterable[QualityFinding],
    reference: Profile | None,
    constraints: Sequence[Constraint],
) -> Shown:
    """Up to five events for each finding, and the repeated rows, of as many rows as are looked at."""
    by_key = {column.key: column for column in columns if column.key != LABEL}
    masks = _masks(findings, by_key, reference, {entry.column: entry for entry in constraints})
    features = [column.source for column in by_key.values() if not column.key.startswith("@") or column.key[1:2] == "@"]
    sources = sorted({*features, *(column.source for column, _ in masks.values())})
    shown, seen = Shown(), _Rows(features)
    most = min(MOST_ROWS, MOST_VALUES // max(1, len(sources)))
    with closing(store.scan(model_id, start, end, ["event_id", "ts", "invalid", *sources])) as batches:
        for batch in batches:
            table = pa.Table.from_batches([batch]).slice(0, most - shown.looked_at)
            shown.looked_at += table.num_rows
            seen.add(table)
            for key, (column, mask) in masks.items():
                _add(shown.examples.setdefault(key, []), table, column, mask)
            if shown.looked_at >= most:
                break
    shown.repeated, shown.repeated_examples = seen.repeated()
    return shown


def _masks(
    findings: Iterable[QualityFinding],
    columns: Mapping[str, ProfiledColumn],
    reference: Profile | None,
    constraints: Mapping[str, Constraint],
) -> dict[str, tuple[ProfiledColumn, Mask]]:
    found: dict[str, tuple[ProfiledColumn, Mask]] = {}
    for finding in findings:
        column = columns.get(finding.column or "")
        if column is None:
            continue
        mask = _mask(finding, column, reference, constraints)
        if mask is not None:
            found[finding.key] = (column, mask)
    return found


def _mask(
    finding: QualityFinding,
    column: ProfiledColumn,
    reference: Profile | None,
    constraints: Mapping[str, Constraint],
) -> Mask | None:
    """Which rows show a finding."""
    summary = reference.columns.get(column.key) if reference else None
    asked = constraints.get(column.key)
    if finding.check is Check.CONSTRAINT:
        return _violating(finding.rule, asked, column) if asked else None
    if finding.check is Check.NEW_CATEGORY and isinstance(summary, CategoricalSummary):
        return _not_in(column, summary.categories)
    if finding.check is Check.OUT_OF_RANGE and isinstance(summary, NumericSummary):
        return _not_between(column, summary.minimum, summary.maximum)
    plain: dict[Check, Mask] = {
        Check.MISSING: lambda table: _missing(table, column),
        Check.INVALID: lambda table: _aside(table, column),
        Check.CONSTANT: lambda table: pc.is_valid(table[column.source]),
        Check.SCHEMA: lambda table: pc.is_valid(table[column.source]),
    }
    return plain.get(finding.check)


def _violating(rule: str | None, asked: Constraint, column: ProfiledColumn) -> Mask | None:
    if rule == "required":
        return lambda table: _missing(table, column)
    if rule == "kind":
        return lambda table: _aside(table, column)
    if rule == "allowed" and asked.allowed is not None:
        return _not_in(column, asked.allowed)
    limits = {
        "minimum": (asked.minimum, None),
        "maximum": (None, asked.maximum),
        "non_negative": (0.0, None),
    }
    return _not_between(column, *limits[rule]) if rule in limits else None


def _not_in(column: ProfiledColumn, known: Sequence[str]) -> Mask:
    names = pa.array(list(known), pa.string())

    def mask(table: pa.Table) -> pa.ChunkedArray:
        values = pc.cast(table[column.source], pa.string())
        return pc.and_(pc.is_valid(values), pc.invert(pc.is_in(values, value_set=names)))

    return mask


def _not_between(column: ProfiledColumn, low: float | None, high: float | None) -> Mask:
    def mask(table: pa.Table) -> pa.ChunkedArray:
        values = pc.cast(table[column.source], pa.float64())
        nothing = pa.scalar(value=False)
        below = pc.less(values, low) if low is not None else nothing
        above = pc.greater(values, high) if high is not None else nothing
        return pc.fill_null(pc.or_(below, above), fill_value=False)

    return mask


def _missing(table: pa.Table, column: ProfiledColumn) -> pa.ChunkedArray:
    return pc.and_not(pc.is_null(table[column.source]), _aside(table, column))


def _aside(table: pa.Table, column: ProfiledColumn) -> pa.ChunkedArray:
    """The rows whose value of this column was kept aside, because it was of a wrong type."""
    kept = table["invalid"]
    key = json.dumps(column.sent_as, ensure_ascii=False)
    likely = pc.fill_null(pc.match_substring(kept, key), fill_value=False)
    at = set(pc.indices_nonzero(likely).to_pylist())
    texts = {n: json.loads(kept[n].as_py()) for n in at}
    return pa.chunked_array([pa.array([n in at and column.sent_as in texts[n] for n in range(len(kept))], pa.bool_())])


def _add(found: list[dict[str, Any]], table: pa.Table, column: ProfiledColumn, mask: Mask) -> None:
    if len(found) >= MOST_EXAMPLES:
        return
    rows = table.filter(mask(table)).slice(0, MOST_EXAMPLES - len(found))
    found += [
        {"event_id": row["event_id"], "timestamp": row["ts"], "value": _value(row, column)}
        for row in rows.select(["event_id", "ts", "invalid", column.source]).to_pylist()
    ]


def _value(row: Mapping[str, Any], column: ProfiledColumn) -> Any:
    value = row[column.source]
    if value is None and row["invalid"]:
        return json.loads(row["invalid"]).get(column.sent_as)
    return number(value) if isinstance(value, float) else value


class _Rows:
    """Counts of rows by all their features, kept as a 64-bit hash each, with the first event ids of each."""

    def __init__(self, features: Sequence[str]) -> None:
        self._features = features
        self._times: dict[int, list[str]] = {}
        self._repeated = 0

    def add(self, table: pa.Table) -> None:
        if not self._features or not table.num_rows:
            return
        lines = zip(*(table[name].to_pylist() for name in self._features), strict=True)
        for event_id, line in zip(table["event_id"].to_pylist(), lines, strict=True):
            ids = self._times.setdefault(hash(line), [])
            self._repeated += bool(ids)
            ids.append(event_id)

    def repeated(self) -> tuple[int, list[dict[str, Any]]]:
        often = sorted((ids for ids in self._times.values() if len(ids) > 1), key=len, reverse=True)[:MOST_EXAMPLES]
        return self._repeated, [{"event_ids": ids[:MOST_EXAMPLES], "times": len(ids)} for ids in often]
