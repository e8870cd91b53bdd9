"""Two distributions in the height of a line of text: the shape at a glance, the numbers elsewhere."""

from collections.abc import Sequence

from markupsafe import Markup

from modelward.report.charts.svg import tag

WIDTH, HEIGHT = 128, 28


def spark(reference: Sequence[float] | None, current: Sequence[float] | None, *, label: str) -> Markup:
    """The reference as grey bars, the current rows in the accent over them."""
    sides = [(shares, look) for shares, look in ((reference, "reference"), (current, "current")) if shares]
    top = max([share for shares, _ in sides for share in shares] + [1e-9])
    drawn = [tag("path", class_=look, d=_bars(shares, top)) for shares, look in sides]
    box = f"0 0 {WIDTH} {HEIGHT}"
    return tag("svg", *drawn, class_="mw-spark", viewBox=box, role="img", aria_label=label)


def _bars(shares: Sequence[float], top: float) -> str:
    step = WIDTH / len(shares)
    return "".join(
        f"M{place * step:.1f} {HEIGHT}V{HEIGHT * (1 - share / top):.1f}h{step * 0.92:.1f}V{HEIGHT}"
        for place, share in enumerate(shares)
        if share
    )
