"""One column in one window: the sentence, both distributions, the numbers, and the test that was used."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from markupsafe import Markup

from modelward.monitoring.readings import Distribution, HeatMap, HeatRow, Side
from modelward.report.charts.overlay import Cell, Histogram, histogram, paired_bars
from modelward.report.meanings import MEANINGS
from modelward.web.charts.over_time import Line, Threshold, over_time
from modelward.web.states import TOO_FEW, State, state_of
from modelward.web.views.heat import Link, local_windows
from modelward.web.views.naming import column_title
from modelward.web.views.numbers import Table, table
from modelward.web.writing import exact, measure, number, percent, probability, score, span

CATEGORIES = 12  # bars drawn; the table beneath has them all

_SUMMARY = (
    ("mean", "Mean"),
    ("deviation", "Standard deviation"),
    ("min", "Minimum"),
    ("p05", "5 % below"),
    ("p25", "25 % below"),
    ("p50", "Median"),
    ("p75", "75 % below"),
    ("p95", "95 % below"),
    ("p99", "99 % below"),
    ("max", "Maximum"),
)


@dataclass(frozen=True)
class Limits:
    """From which PSI on a column of this model has moved moderately, and strongly."""

    moderate: float = 0.1
    strong: float = 0.25
    of_columns: Mapping[str, float] = field(default_factory=dict)

    def thresholds(self, column: str) -> list[Threshold]:
        """The dashed lines of one column; one that has a limit of its own has that alone."""
        own = self.of_columns.get(column)
        if own is not None:
            return [Threshold(own, f"limit {score(own)}")]
        return [
            Threshold(self.moderate, f"moderate {score(self.moderate)}"),
            Threshold(self.strong, f"strong {score(self.strong)}"),
        ]


@dataclass(frozen=True)
class ColumnView:
    """`sentence` first, then the picture, then the numbers, then the test."""

    column: str
    title: str
    kind: str
    state: State
    decided: bool
    sentence: str
    window: str
    starts_at: datetime
    overlay: Markup
    has_reference: bool
    summary: tuple[tuple[str, str, str], ...]
    cells: tuple[tuple[str, str, str], ...]
    test: str
    statistics: tuple[tuple[str, str, str], ...]
    new_categories: tuple[str, ...]
    history: Markup | None
    earlier: str | None
    later: str | None


def column_of(data: Distribution, heat: HeatMap, *, zone: ZoneInfo, link: Link, limits: Limits) -> ColumnView:
    """The view of a column whose distribution was read for one window."""
    finding = data.finding or {}
    row = next((r for r in heat.rows if r.column == data.column), None)
    earlier, later = _neighbours(data, heat, link)
    return ColumnView(
        column=data.column,
        title=column_title(data.column),
        kind="numbers" if data.edges else "categories",
        state=state_of(finding.get("level") or finding.get("verdict")) if finding else TOO_FEW,
        decided=bool(finding),
        sentence=str(finding.get("reason") or _undecided(data)),
        window=span(data.starts_at.astimezone(zone), data.ends_at.astimezone(zone)),
        starts_at=data.starts_at,
        overlay=overlay_of(data),
        has_reference=data.reference is not None,
        summary=_summary(data.reference, data.current),
        cells=tuple(_cells(data)),
        test=_test(finding),
        statistics=_statistics(finding.get("statistics") or {}),
        new_categories=tuple(str(c) for c in finding.get("new_categories") or ()),
        history=_history(row, heat, zone, limits) if row else None,
        earlier=earlier,
        later=later,
    )


def overlay_of(data: Distribution) -> Markup:
    """Reference and current, as a histogram or as pairs of bars."""
    label = f"{column_title(data.column)}: distribution of the reference (grey) and of the window"
    before = data.reference.shares if data.reference else None
    if data.edges:
        return histogram(Histogram(data.edges, before, data.current.shares), label=label)
    shares = before or (None,) * len(data.labels)
    cells = [Cell(_named(name), a, b) for name, a, b in zip(data.labels, shares, data.current.shares, strict=True)]
    return paired_bars(cells[:CATEGORIES], label=label)


def _named(category: str) -> str:
    return category if category.strip() else "(empty text)"


def _undecided(data: Distribution) -> str:
    if data.reference is None:
        return f"{number(data.current.rows)} rows in this window, and no reference yet to hold them against."
    return f"{number(data.current.rows)} rows in this window, which was not judged."


def _summary(before: Side | None, after: Side) -> tuple[tuple[str, str, str], ...]:
    sides = [_numbers(before), _numbers(after)]
    rows = [
        ("Rows", *(exact(s["rows"]) if s else "–" for s in sides)),
        ("Missing", *(percent(s["missing"]) if s else "–" for s in sides)),
    ]
    if any(s and s["invalid"] for s in sides):
        rows.append(("Wrong type", *(percent(s["invalid"]) if s else "–" for s in sides)))
    rows += [
        (name, *(measure(s.get(key)) if s else "–" for s in sides))
        for key, name in _SUMMARY
        if any(s and s.get(key) is not None for s in sides)
    ]
    return tuple((str(a), str(b), str(c)) for a, b, c in rows)


def _numbers(side: Side | None) -> dict[str, float | None] | None:
    if side is None:
        return None
    known = {
        "rows": side.rows,
        "missing": side.missing,
        "invalid": side.invalid,
        "mean": side.mean,
        "deviation": side.deviation,
    }
    return {**known, **side.quantiles}


def _cells(data: Distribution) -> list[tuple[str, str, str]]:
    before = data.reference.shares if data.reference else (None,) * len(data.labels)
    return [
        (_named(name), percent(a), percent(b))
        for name, a, b in zip(data.labels, before, data.current.shares, strict=True)
    ]


def _test(finding: Mapping[str, Any]) -> str:
    """The test in one line: which, its value against its limit, the chance, and how many rows it saw."""
    if not finding or finding.get("statistic") is None:
        return ""
    method, limit = str(finding.get("method") or "the test"), finding.get("threshold")
    parts = [
        f"{method}: {score(finding['statistic'])}"
        + (f" against a limit of {score(limit)}" if limit is not None else "")
    ]
    if finding.get("p_adjusted") is not None or finding.get("p_value") is not None:
        adjusted = finding.get("p_adjusted")
        told = f"p {probability(finding.get('p_value'))}"
        parts.append(
            told + (f", {probability(adjusted)} after adjusting for all columns" if adjusted is not None else "")
        )
    parts.append(
        f"{exact(finding.get('n_reference'))} rows of reference, {exact(finding.get('n_current'))} in this window"
    )
    return "; ".join(parts) + "."


def _statistics(values: Mapping[str, Any]) -> tuple[tuple[str, str, str], ...]:
    rows = []
    for key, value in values.items():
        if value is None:
            continue
        name, meaning = MEANINGS.get(key, (key.replace("_", " "), ""))
        rows.append((name, number(value) if isinstance(value, int | float) else str(value), meaning))
    return tuple(rows)


def _neighbours(data: Distribution, heat: HeatMap, link: Link) -> tuple[str | None, str | None]:
    starts = [p.starts_at for p in heat.windows]
    if data.starts_at not in starts:
        return None, None
    n = starts.index(data.starts_at)
    near: Sequence[datetime | None] = [None, *starts, None]
    return tuple(link(column=data.column, window=w) if w else None for w in (near[n], near[n + 2]))  # type: ignore[return-value]


def _history(row: HeatRow, heat: HeatMap, zone: ZoneInfo, limits: Limits) -> Markup:
    return over_time(
        local_windows(heat.windows, zone),
        [Line("PSI", [cell.psi if cell else None for cell in row.cells])],
        label=f"Drift of {column_title(row.column)} over time, as PSI",
        axis_write=number,
        thresholds=limits.thresholds(row.column),
        height=120,
    )


def drift_numbers(row: HeatRow, heat: HeatMap, zone: ZoneInfo) -> Table:
    """The drift of one column, window by window."""
    told = [(score(c.psi), score(c.ks), state_of(c.level).of_column) if c else None for c in row.cells]
    return table(local_windows(heat.windows, zone), ("PSI", "KS", "Verdict"), told)
