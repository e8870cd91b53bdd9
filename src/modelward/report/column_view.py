"""One column of a report: the sentence, both distributions, the numbers, and the test that was used."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from markupsafe import Markup

from modelward.report.bars import OTHERS, Bars
from modelward.report.charts.meter import meter
from modelward.report.charts.overlay import Cell, Histogram, histogram, paired_bars
from modelward.report.charts.spark import spark
from modelward.report.evidence import Evidence
from modelward.report.looks import LOOKS, Look
from modelward.report.meanings import MEANINGS
from modelward.report.writing import NOTHING, exact, measure, number, percent, probability, score
from modelward.rules.finding import ColumnFinding
from modelward.rules.monitor import Monitor

CELLS, QUIET_CELLS = 30, 20  # bars of numbers where something changed, and where not: they are most of a page's size
CATEGORIES = 12

Row = tuple[str, str, str]

_FIGURES = (("mean", "Mean"), ("std", "Standard deviation"), ("minimum", "Minimum"))
_QUANTILES = (
    ("0.05", "5 % below"),
    ("0.25", "25 % below"),
    ("0.5", "Median"),
    ("0.75", "75 % below"),
    ("0.95", "95 % below"),
)


@dataclass(frozen=True)
class ColumnView:
    """What a page shows of a column, in words and markup."""

    anchor: str
    column: str
    title: str
    role: str | None
    look: Look
    alarming: bool
    sentence: str
    kind: str
    drawn: Bars | None
    hovers: bool
    """Whether the chart tells the numbers of a bar under the pointer; the table below it has them always."""
    summary: tuple[Row, ...]
    test: str
    statistics: tuple[Row, ...]
    new_categories: tuple[str, ...]
    figure: str
    meter: Markup | None
    p_value: str
    missing: str
    typical: str

    @property
    def chart(self) -> Markup | None:
        """Both distributions, one over the other; None without anything to draw."""
        return _chart(self.title, self.drawn, hovers=self.hovers) if self.drawn and self.drawn.labels else None

    @property
    def spark(self) -> Markup | None:
        """The same in the height of a line."""
        if not self.drawn or not self.drawn.labels:
            return None
        named = len(self.drawn.labels) - (self.drawn.labels[-1] == OTHERS)  # what is left over would dwarf the rest
        sides = [None if side is None else side[:named] for side in (self.drawn.reference, self.drawn.current)]
        return spark(*sides, label=_label(self.title))

    @property
    def has_reference(self) -> bool:
        """Whether the reference is in the chart."""
        return self.drawn is not None and self.drawn.reference is not None

    @property
    def cells(self) -> tuple[Row, ...]:
        """The table of the chart."""
        return tuple(_cells(self.drawn)) if self.drawn else ()


def view_of(
    finding: ColumnFinding, *, number_of: int, role: str | None, evidence: Evidence | None, many: bool = False
) -> ColumnView:
    """The view of one column; without its evidence there is no chart. Of `many` columns the quiet ones are drawn so
    that they take little room in the file.
    """
    cells = CELLS if finding.verdict.alarming else QUIET_CELLS
    drawn = evidence.bars(finding.column, cells=cells, categories=CATEGORIES) if evidence else None
    look = LOOKS[finding.verdict]
    sides = finding.summary_reference, finding.summary_current
    figure, limits = _deciding(finding, evidence.monitor if evidence else Monitor())
    return ColumnView(
        anchor=f"column-{number_of}",
        column=finding.column,
        title=shown(finding.column),
        role=role,
        look=look,
        alarming=finding.verdict.alarming,
        sentence=finding.reason,
        kind=finding.kind,
        drawn=drawn,
        hovers=finding.verdict.alarming or not many,
        summary=tuple(_summary(*sides)),
        test=_test(finding, evidence),
        statistics=tuple(_statistics(finding.statistics)),
        new_categories=tuple(map(shown, finding.new_categories)),
        figure=NOTHING if figure is None else score(figure),
        meter=_meter(finding, figure, limits, look),
        p_value=probability(finding.p_value),
        missing=_change([percent(side.get("missing_rate")) for side in sides]),
        typical=_change([_typical(side) for side in sides]),
    )


def shown(name: str) -> str:
    """A name as it can be seen: one without any letter is said to be empty, control characters are marked."""
    visible = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in name)
    return visible if visible.strip() else "(empty text)"


def _label(title: str) -> str:
    return f"{title}: distribution of the reference (grey) and of the current rows (blue)"


def _chart(title: str, drawn: Bars, *, hovers: bool) -> Markup:
    label = _label(title)
    if drawn.edges:
        data = Histogram(drawn.edges, drawn.reference, drawn.current)
        return histogram(data, label=label, current="current", hovers=hovers)
    nothing = (None,) * len(drawn.labels)
    sides = zip(drawn.labels, drawn.reference or nothing, drawn.current or nothing, strict=True)
    cells = [Cell(shown(name), before, now) for name, before, now in sides]
    return paired_bars(cells, label=label, current="current")


def _cells(drawn: Bars) -> Iterator[Row]:
    nothing = (None,) * len(drawn.labels)
    names = map(_between, pairwise(drawn.edges)) if drawn.edges else map(shown, drawn.labels)
    for name, before, now in zip(names, drawn.reference or nothing, drawn.current or nothing, strict=True):
        yield name, percent(before), percent(now)


def _between(edges: tuple[float, float]) -> str:
    low, high = edges
    return measure(low + 0.5) if high - low == 1 and low % 1 == 0.5 else f"{measure(low)} to {measure(high)}"


def _summary(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Row]:
    yield "Rows", _said(before, "rows", exact), _said(now, "rows", exact)
    yield "Missing", _said(before, "missing_rate", percent), _said(now, "missing_rate", percent)
    for key, name in (("invalid_rate", "Wrong type"), ("infinite_rate", "Infinite")):
        if before.get(key) or now.get(key):
            yield name, _said(before, key, percent), _said(now, key, percent)
    if "distinct" in before or "distinct" in now:
        yield "Distinct values", _said(before, "distinct", exact), _said(now, "distinct", exact)
    if "mean" in before or "mean" in now:
        yield from _numbers(before, now)


def _numbers(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Row]:
    yield from ((name, _said(before, key, measure), _said(now, key, measure)) for key, name in _FIGURES)
    quantiles = before.get("quantiles", {}), now.get("quantiles", {})
    yield from ((name, *(_said(side, key, measure) for side in quantiles)) for key, name in _QUANTILES)  # type: ignore[misc]
    yield "Maximum", _said(before, "maximum", measure), _said(now, "maximum", measure)


def _said(side: Mapping[str, Any], key: str, write: Any) -> str:
    return str(write(side[key])) if key in side else NOTHING


def _typical(side: Mapping[str, Any]) -> str:
    """The median of numbers, or the most frequent category."""
    if "quantiles" in side:
        return measure(side["quantiles"].get("0.5"))
    return shown(side["top"][0]["category"]) if side.get("top") else NOTHING


def _change(sides: Sequence[str]) -> str:
    return sides[0] if sides[0] == sides[1] else f"{sides[0]} → {sides[1]}"


def _deciding(finding: ColumnFinding, monitor: Monitor) -> tuple[float | None, tuple[float, ...]]:
    """The figure of the overview and its limits: PSI under the default rule, else the test that the user named."""
    if monitor.test_of(finding.column, finding.kind) is not None:
        return finding.statistic, (finding.threshold,) if finding.threshold else ()
    strong = monitor.threshold_of(finding.column)
    return finding.statistics.get("psi"), (monitor.psi_moderate, monitor.psi_strong) if strong is None else (strong,)


def _meter(finding: ColumnFinding, figure: float | None, limits: Sequence[float], look: Look) -> Markup | None:
    by_chance_alone = finding.p_value is not None and finding.p_adjusted is None and finding.method in _BY_P_VALUE
    if figure is None or figure != figure or not limits or by_chance_alone:  # noqa: PLR0124 - only NaN differs from itself
        return None
    return meter(figure, limits, slug=look.slug, label=f"{shown(finding.column)}: {score(figure)}")


_BY_P_VALUE = frozenset({"kolmogorov_smirnov", "chi_squared", "missing_rate"})


def _test(finding: ColumnFinding, evidence: Evidence | None) -> str:
    """The test in one line: which, its value against its limit, the chance, and how many rows it saw."""
    rows = f"{exact(finding.n_reference)} rows of reference and {exact(finding.n_current)} current ones"
    if finding.statistic is None:
        return f"No statistic was needed: {rows}."
    name = MEANINGS.get(finding.method, (finding.method.replace("_", " "), ""))[0]
    against = "" if finding.threshold is None else f" against a limit of {score(finding.threshold)}"
    return f"Decided by {name}: {score(finding.statistic)}{against}; {_chance(finding, evidence)}{rows}."


def _chance(finding: ColumnFinding, evidence: Evidence | None) -> str:
    if finding.p_value is None:
        return ""
    told = f"p {probability(finding.p_value)}"
    if finding.p_adjusted is None:
        return f"{told}; "
    limit = f", held against {evidence.monitor.q:g}" if evidence else ""
    return f"{told}, {probability(finding.p_adjusted)} after adjusting for all columns{limit}; "


def _statistics(values: Mapping[str, float]) -> Iterator[Row]:
    for key, value in values.items():
        name, meaning = MEANINGS.get(key, (key.replace("_", " "), ""))
        yield name, number(value), meaning
