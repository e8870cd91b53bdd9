"""What was predicted, how much, and how fast, over time."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from zoneinfo import ZoneInfo

from markupsafe import Markup

from modelward.monitoring.readings import Distribution, Quantiles, Spread, WindowPoint
from modelward.web.charts.over_time import Band, Line, Mark, over_time
from modelward.web.charts.volume import volume
from modelward.web.views.column import overlay_of
from modelward.web.views.heat import local_windows
from modelward.web.views.numbers import Table, table
from modelward.web.writing import exact, milliseconds, milliseconds_like, number, percent, span

CLASSES = 6  # lines drawn of a categorical prediction
LONGEST_HOUR = 2  # an hour in which the clock is put back may have 90 minutes; days have more than that
YES_OR_NO = (-0.5, 0.5, 1.5)  # the edges of a prediction that is 0 or 1


@dataclass(frozen=True)
class Part:
    """One part of the page: what happened in words, the chart, and its table, made when it is asked for."""

    sentence: str
    chart: Markup
    table: Callable[[], Table]
    legend: tuple[tuple[str, str], ...] = ()
    aside: Markup | None = None
    aside_legend: tuple[tuple[str, str], ...] = ()


def newest_telling(points: Sequence[WindowPoint]) -> WindowPoint | None:
    """The newest window that was judged: one that just began, with three rows in it, tells nothing. Else the newest."""
    judged = (p for p in reversed(points) if p.level not in ("too_few", "reference"))
    return next(judged, points[-1] if points else None)


def volume_part(points: Sequence[WindowPoint], marks: Sequence[Mark], zone: ZoneInfo) -> Part | None:
    """Events by window."""
    if not points:
        return None
    windows, counts = local_windows(points, zone), [p.rows for p in points]
    drawn, noun = comparable_rows(points)
    usual = sorted(drawn)[len(drawn) // 2]
    half = f"half of the windows hold {number(usual)} or more{noun}"
    sentence = f"{number(sum(counts))} events in {len(points)} windows; {half}."
    chart = volume(windows, drawn, label=f"Events by window{noun}", marks=marks)
    return Part(sentence, chart, lambda: table(windows, ("Events",), [(exact(c),) for c in counts]))


def comparable_rows(points: Sequence[WindowPoint]) -> tuple[list[int], str]:
    """The rows of windows: an hour's, with the words for it, where some are days and others hours.

    Otherwise a change of the windows would look like one of the traffic.
    """
    hours = [(p.ends_at - p.starts_at) / timedelta(hours=1) for p in points]
    if len({length > LONGEST_HOUR for length in hours}) == 1:
        return [p.rows for p in points], ""
    return [round(p.rows / length) for p, length in zip(points, hours, strict=True)], " an hour"


def newest_latency(points: Sequence[WindowPoint]) -> Quantiles | None:
    """The latency of the newest window that was judged, or else of the newest that has one."""
    timed = [p for p in points if p.latency and p.latency.p50 is not None]
    newest = newest_telling(timed)
    return newest.latency if newest else None


def latency_part(points: Sequence[WindowPoint], marks: Sequence[Mark], zone: ZoneInfo) -> Part | None:
    """The median and the tail of the latency; None when no event ever carried one."""
    known = [p.latency for p in points]
    latest = newest_latency(points)
    if latest is None:
        return None
    names = ("p50", "p95", "p99")
    lines = [Line(name, [getattr(q, name) if q else None for q in known], name) for name in reversed(names)]
    windows = local_windows(points, zone)
    chart = over_time(
        windows,
        lines,
        label="Latency by window: p50, p95, p99",
        axis_write=milliseconds_like([value for line in lines for value in line.values]),
        marks=marks,
    )
    sentence = (
        f"Half of the answers take {milliseconds(latest.p50)} or less, 95 of 100 at most {milliseconds(latest.p95)}, "
        f"99 at most {milliseconds(latest.p99)}."
    )
    rows = [(q.p50, q.p95, q.p99) if q else (None,) * 3 for q in known]
    legend = (("p50", "p50, the median"), ("p95", "p95"), ("p99", "p99"))
    return Part(sentence, chart, lambda: table(windows, names, [tuple(map(milliseconds, row)) for row in rows]), legend)


def prediction_part(
    points: Sequence[WindowPoint], data: Distribution | None, marks: Sequence[Mark], zone: ZoneInfo
) -> Part | None:
    """What was predicted by window: shares of each class, or the mean with the middle half."""
    spreads = [p.prediction for p in points]
    if data and tuple(data.edges) == YES_OR_NO:
        part = _yes(points, spreads, data, marks, zone)
    elif any(s and s.shares for s in spreads):
        part = _classes(points, spreads, marks, zone)
    elif any(s and s.mean is not None for s in spreads):
        part = _numbers(points, spreads, data, marks, zone)
    else:
        return None
    if data is None:
        return part
    window = span(data.starts_at.astimezone(zone), data.ends_at.astimezone(zone))
    legend = ((("reference", "reference"),) if data.reference else ()) + (("current", window),)
    return replace(part, aside=overlay_of(data), aside_legend=legend)


def _yes(
    points: Sequence[WindowPoint],
    spreads: Sequence[Spread | None],
    data: Distribution,
    marks: Sequence[Mark],
    zone: ZoneInfo,
) -> Part:
    windows, shares = local_windows(points, zone), [s.mean if s else None for s in spreads]
    usual = data.reference.shares[1] if data.reference else None
    lines = [Line("reference", [usual] * len(points), "reference")] if usual is not None else []
    lines.append(Line("share of 1", shares, "current"))
    chart = over_time(windows, lines, label="Share of 1 by window", axis_write=percent, marks=marks)
    known = [(s.mean, s.count) for s in spreads if s and s.mean is not None]
    whole = sum(mean * many for mean, many in known) / max(1, sum(many for _, many in known))
    newest, window = _newest_of(points, spreads, zone)
    sentence = f"`1` was predicted for {percent(newest)} of the events in the newest window{window}"
    sentence += f", for {percent(whole)} in this whole range"
    sentence += f", and for {percent(usual)} in the reference." if usual is not None else "."
    legend = (("current", "share of 1"), *((("reference", "reference"),) if usual is not None else ()))
    return Part(sentence, chart, lambda: table(windows, ("Share of 1",), [(percent(v),) for v in shares]), legend)


def _newest_of(
    points: Sequence[WindowPoint], spreads: Sequence[Spread | None], zone: ZoneInfo
) -> tuple[float | None, str]:
    """The mean of the newest window that was judged, and which window that is."""
    known = [(p, s.mean) for p, s in zip(points, spreads, strict=True) if s and s.mean is not None]
    newest = newest_telling([p for p, _ in known])
    if newest is None:
        return None, ""
    mean = next(mean for p, mean in known if p is newest)
    return mean, f" ({span(newest.starts_at.astimezone(zone), newest.ends_at.astimezone(zone))})"


def _classes(
    points: Sequence[WindowPoint], spreads: Sequence[Spread | None], marks: Sequence[Mark], zone: ZoneInfo
) -> Part:
    totals: dict[str, float] = {}
    for spread in spreads:
        for name, part in spread.shares if spread else ():
            totals[name] = totals.get(name, 0.0) + part * (spread.count if spread else 0)
    names = sorted(totals, key=lambda name: -totals[name])[:CLASSES]
    lines = [
        Line(name, [dict(s.shares).get(name, 0.0) if s and s.count else None for s in spreads], f"series-{n + 1}")
        for n, name in enumerate(names)
    ]
    windows = local_windows(points, zone)
    chart = over_time(windows, lines, label="Share of each predicted class by window", axis_write=percent, marks=marks)
    whole = sum(totals.values()) or 1.0
    sentence = (
        "Predicted in this range: " + ", ".join(f"`{name}` {percent(totals[name] / whole)}" for name in names[:3]) + "."
    )
    legend = tuple((line.look, line.name) for line in lines)
    rows = list(zip(*(line.values for line in lines), strict=True))
    return Part(sentence, chart, lambda: table(windows, names, [tuple(map(percent, row)) for row in rows]), legend)


def _numbers(
    points: Sequence[WindowPoint],
    spreads: Sequence[Spread | None],
    data: Distribution | None,
    marks: Sequence[Mark],
    zone: ZoneInfo,
) -> Part:
    windows = local_windows(points, zone)
    means = [s.mean if s else None for s in spreads]
    low, high = ([s.quantiles[n] if s and len(s.quantiles) == 5 else None for s in spreads] for n in (1, 3))
    lines = [Line("mean", means, "current")]
    usual = data.reference.mean if data and data.reference else None
    if usual is not None:
        lines.insert(0, Line("mean of the reference", [usual] * len(points), "reference"))
    chart = over_time(
        windows,
        lines,
        band=Band("middle half", low, high),
        label="Predictions by window: mean and middle half",
        axis_write=number,
        marks=marks,
        zero=False,
    )
    newest, window = _newest_of(points, spreads, zone)
    sentence = f"The mean prediction is {number(newest)} in the newest window{window}" + (
        f"; in the reference it is {number(usual)}." if usual is not None else "."
    )
    rows = list(zip(means, low, high, strict=True))
    heads = ("Mean", "25 % below", "75 % below")
    legend = (
        ("current", "mean"),
        ("band", "middle half"),
        *((("reference", "mean of the reference"),) if usual is not None else ()),
    )
    return Part(sentence, chart, lambda: table(windows, heads, [tuple(map(exact, row)) for row in rows]), legend)
