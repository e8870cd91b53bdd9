"""Numbers, shares and lists as people read them in a sentence."""

import math
from collections.abc import Sequence
from datetime import timedelta


def number(value: float) -> str:
    """A value in three or four digits: 872, 1,403, 0.0312, 1.2e-09."""
    if not math.isfinite(value):
        return "no value" if math.isnan(value) else ("infinity" if value > 0 else "-infinity")
    size = abs(value)
    if size >= 999_999_999.5 or 0 < size < 1e-4:
        return f"{value:.2e}"
    if size >= 999.5 or value == round(value):
        return f"{value:,.0f}"
    return f"{value:.3g}"


def signed(value: float) -> str:
    """A difference, with its sign."""
    return number(value) if value < 0 else f"+{number(value)}"


def share(value: float) -> str:
    """A share of the rows in percent, never a false 0 or 100."""
    percent = 100 * value
    if 0 < percent < 0.1:
        return "under 0.1 %"
    if 99.9 < percent < 100:
        return "over 99.9 %"
    digits = 0 if 10 <= percent <= 99 or percent == round(percent) else 1
    return f"{percent:.{digits}f} %"


def beside(value: float, limit: float, layout: str = ".2g") -> str:
    """A figure that is said beside its limit, in as many more digits as put it on its own side of it."""
    said = format(value, layout)
    if not math.isfinite(value) or (float(said) < limit) == (value < limit):
        return said
    return next(text for digits in range(3, 18) if (float(text := f"{value:.{digits}g}") < limit) == (value < limit))


def chance(p_value: float | None, limit: float = 0.0) -> str:
    """A p-value as a sentence uses it, beside the limit that it was held against, if any."""
    if p_value is None or math.isnan(p_value):
        return "no p-value"
    if p_value < 0.001 and not 0 < limit < 0.001:
        return "p < 0.001"
    return f"p {beside(p_value, limit)}"


def quoted(names: Sequence[str], most: int = 3) -> str:
    """A few names in backquotes, and how many more there are."""
    shown = [f"`{shortened(name)}`" for name in names[:most]]
    return ", ".join(shown) + (f" and {len(names) - most:,} more" if len(names) > most else "")


def shortened(name: str, most: int = 40) -> str:
    """A name that fits into a sentence."""
    return name if len(name) <= most else name[: most - 1] + "…"


def lasting(span: timedelta) -> str:
    """How long something takes, in its largest unit: 5 hours, 90 seconds."""
    seconds = span.total_seconds()
    for unit, size in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} seconds"
