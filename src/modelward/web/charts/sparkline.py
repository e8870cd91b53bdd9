"""Charts the size of a word, for a row of the overview."""

from collections.abc import Sequence

from markupsafe import Markup

from modelward.report.charts.svg import joined, tag

WIDTH, HEIGHT = 160, 32


def bars(counts: Sequence[float | None], *, label: str) -> Markup:
    """Volume: one bar a window, the tallest as tall as the chart."""
    top = max((c for c in counts if c), default=0) or 1
    step = WIDTH / max(len(counts), 1)
    drawn = [
        tag(
            "rect",
            class_="bar",
            x=n * step + step * 0.1,
            width=step * 0.8,
            y=HEIGHT - _tall(c / top),
            height=_tall(c / top),
        )
        for n, c in enumerate(counts)
        if c
    ]
    return _sparkline(joined(drawn), label)


def _tall(part: float) -> float:
    return max(1.0, part * (HEIGHT - 2))


_TALL = {"drifted": HEIGHT - 2, "warning": 18, "healthy": 6, "too-few": 3}


def strip(slugs: Sequence[str], *, label: str) -> Markup:
    """Drift: one bar a window, taller and in another colour the worse it was, so that colour is never alone."""
    step = WIDTH / max(len(slugs), 1)
    drawn = [
        tag(
            "rect",
            class_=f"level {slug}",
            x=n * step + step * 0.1,
            width=step * 0.8,
            y=HEIGHT - _TALL[slug],
            height=_TALL[slug],
        )
        for n, slug in enumerate(slugs)
    ]
    return _sparkline(joined(drawn), label)


def _sparkline(body: Markup, label: str) -> Markup:
    box = f"0 0 {WIDTH} {HEIGHT}"
    return tag("svg", body, class_="sparkline", viewBox=box, width=WIDTH, height=HEIGHT, role="img", aria_label=label)
