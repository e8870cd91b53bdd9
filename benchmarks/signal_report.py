"""The rates of the signal benchmark as JSON, Markdown and a picture, each with its Wilson interval of 95 %."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape

from modelward.stats.intervals import Interval, wilson

TOOLS = ("modelward", "modelward, calibrated", "evidently", "nannyml")
COLOURS = {
    "modelward": "#0f766e",
    "modelward, calibrated": "#5eaaa2",
    "evidently": "#c2410c",
    "nannyml": "#6d28d9",
}
WIDTH, LEFT, RIGHT, LINE = 860, 250, 30, 15


@dataclass(frozen=True)
class Rate:
    """`hits` of so many models, columns or drifted columns (`what`), of a tool in a scene."""

    tool: str
    rows: tuple[int, int]
    columns: int
    kind: str
    size: float
    what: str
    hits: int
    of: int

    @property
    def share(self) -> float:
        return self.hits / self.of

    @property
    def interval(self) -> Interval:
        return wilson(self.hits, self.of)

    @property
    def said(self) -> str:
        low, high = (100 * end for end in self.interval)
        return f"{100 * self.share:.1f} % ({low:.1f}–{high:.1f}; {self.hits:,} of {self.of:,})"


def to_json(rates: Sequence[Rate], about: Mapping[str, Any]) -> str:
    entries = [
        {**vars(rate), "share": rate.share, "low": rate.interval.low, "high": rate.interval.high} for rate in rates
    ]
    return json.dumps({**about, "rates": entries}, indent=1) + "\n"


def to_markdown(rates: Sequence[Rate], about: Mapping[str, Any]) -> str:
    said = [
        f"{about['pairs']:,} pairs, seed {about['seed']}, {about['seconds']:,} s; tables: {', '.join(about['tables'])}"
    ]
    for what in dict.fromkeys(rate.what for rate in rates if rate.what != "found"):
        chosen = [rate for rate in rates if rate.what == what]
        said += ["", f"## Flagged without drift: {what}", "", *_table(chosen, "rows × columns", _scene)]
    scenes = dict.fromkeys((rate.rows, rate.columns) for rate in rates if rate.what == "found")
    for rows, columns in scenes:
        chosen = [r for r in rates if r.what == "found" and (r.rows, r.columns) == (rows, columns)]
        said += ["", f"## Drift found: {rows[0]:,} against {rows[1]:,} rows", "", *_table(chosen, "drift", _drift)]
    return "\n".join(said) + "\n"


def _scene(rate: Rate) -> str:
    kind = "" if rate.kind == "no drift" else f"{rate.kind}: "
    return f"{kind}{rate.rows[0]:,} / {rate.rows[1]:,} × {rate.columns}"


def _drift(rate: Rate) -> str:
    return f"{rate.kind} {rate.size:g}"


def _table(rates: Sequence[Rate], head: str, name: Callable[[Rate], str]) -> list[str]:
    tools = [tool for tool in TOOLS if any(rate.tool == tool for rate in rates)]
    cells = {(name(rate), rate.tool): rate.said for rate in rates}
    rows = [
        f"| {row} | " + " | ".join(cells.get((row, tool), "–") for tool in tools) + " |"
        for row in dict.fromkeys(map(name, rates))
    ]
    return [f"| {head} | {' | '.join(tools)} |", "| --- " * (len(tools) + 1) + "|", *rows]


def to_svg(rates: Sequence[Rate]) -> str:
    """Two panels of dots with their intervals: models flagged without drift, and drifts found, by kind."""
    quiet = [rate for rate in rates if rate.what == "models"]
    body, height = _panel("Models flagged although nothing moved", _grouped(quiet, _scene), 50)
    more, height = _panel("Drifted columns found, all sizes together", _grouped(_shared(rates), _kind), height + 50)
    legend = "".join(
        f'<circle cx="{LEFT + 160 * i}" cy="18" r="4" fill="{COLOURS[tool]}"/>'
        f'<text x="{LEFT + 160 * i + 9}" y="22">{escape(tool)}</text>'
        for i, tool in enumerate(tool for tool in TOOLS if any(rate.tool == tool for rate in rates))
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height + 20}" role="img" '
        'font-family="system-ui, sans-serif" font-size="12" fill="#1f2937">'
        "<title>False alarms and drifts found, by tool</title>"
        f'<rect width="100%" height="100%" fill="#ffffff"/>{legend}{body}{more}</svg>\n'
    )


def _shared(rates: Sequence[Rate]) -> list[Rate]:
    """The drifts of scenes that every tool saw."""
    found = [rate for rate in rates if rate.what == "found"]
    tools = {rate.tool for rate in found}
    seen = {rows: {rate.tool for rate in found if rate.rows == rows} for rows in {rate.rows for rate in found}}
    return [rate for rate in found if seen[rate.rows] == tools]


def _kind(rate: Rate) -> str:
    return f"{rate.kind}: {rate.rows[0]:,} / {rate.rows[1]:,}"


def _grouped(rates: Sequence[Rate], name: Callable[[Rate], str]) -> dict[str, dict[str, tuple[int, int]]]:
    groups: dict[str, dict[str, tuple[int, int]]] = {}
    for rate in rates:
        row = groups.setdefault(name(rate), {})
        hits, of = row.get(rate.tool, (0, 0))
        row[rate.tool] = hits + rate.hits, of + rate.of
    return groups


def _panel(title: str, groups: Mapping[str, Mapping[str, tuple[int, int]]], top: int) -> tuple[str, int]:
    parts = [f'<text x="{LEFT}" y="{top}" font-weight="600">{escape(title)}</text>']
    y = top + 22
    stop = y + LINE * len(groups)
    for share in (0, 25, 50, 75, 100):
        x = _x(share / 100)
        parts.append(f'<line x1="{x}" x2="{x}" y1="{top + 10}" y2="{stop}" stroke="#e5e7eb"/>')
        parts.append(f'<text x="{x}" y="{stop + 12}" text-anchor="middle" fill="#6b7280">{share} %</text>')
    for name, tools in groups.items():
        parts.append(f'<text x="{LEFT - 12}" y="{y + 4}" text-anchor="end">{escape(name)}</text>')
        for place, tool in enumerate(tool for tool in TOOLS if tool in tools):
            parts.append(_dot(tool, tools[tool], y - 3 + 3 * place))
        y += LINE
    return "".join(parts), stop + 16


def _dot(tool: str, counted: tuple[int, int], y: int) -> str:
    hits, of = counted
    low, high = wilson(hits, of)
    colour = COLOURS[tool]
    return (
        f'<line x1="{_x(low)}" x2="{_x(high)}" y1="{y}" y2="{y}" stroke="{colour}" stroke-width="1.5" opacity="0.5"/>'
        f'<circle cx="{_x(hits / of)}" cy="{y}" r="3" fill="{colour}"/>'
    )


def _x(share: float) -> float:
    return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)
