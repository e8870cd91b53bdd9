"""The pack as one HTML file that needs nothing else: no script, no other file, no request to any host."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from modelward.report.charts.svg import tag
from modelward.report.writing import number

WIDTH, HEIGHT = 640, 96


@cache
def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("modelward.evidence", "pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters |= {"number": _figure, "moment": _moment}
    made.globals |= {"line": line}
    return made


def to_html(pack: Mapping[str, Any]) -> str:
    """The file, as text."""
    return _environment().get_template("pack.html").render(**pack)


def line(values: Sequence[float | None], label: str, *, limit: float | None = None) -> Markup:
    """Values over time as a line, with a dashed limit; nothing where there are fewer than two."""
    known = [value for value in values if value is not None]
    if len(known) < 2:
        return Markup()
    top = max([*known, limit or 0.0]) or 1.0
    step = WIDTH / max(1, len(values) - 1)
    points = " ".join(
        f"{place * step:.1f},{_height(value, top):.1f}" for place, value in enumerate(values) if value is not None
    )
    drawn = [tag("polyline", points=points, class_="line")]
    if limit is not None:
        at = f"{_height(limit, top):.1f}"
        drawn.append(tag("line", x1="0", x2=str(WIDTH), y1=at, y2=at, class_="limit"))
    box = f"0 0 {WIDTH} {HEIGHT}"
    return tag("svg", *drawn, viewBox=box, role="img", aria_label=label)


def _height(value: float, top: float) -> float:
    return HEIGHT - 4 - (HEIGHT - 8) * min(1.0, max(0.0, value / top))


def _moment(when: datetime | str | None) -> str:
    if when is None:
        return "–"
    return when.strftime("%Y-%m-%d %H:%M UTC") if isinstance(when, datetime) else str(when)


def _figure(value: Any) -> str:
    return number(float(value)) if isinstance(value, int | float) and not isinstance(value, bool) else "–"
