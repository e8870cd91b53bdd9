"""Numbers as a person writes them: 12.4k, 3.2 %, p < 10⁻¹²."""

import math

NOTHING = "–"
THIN = "\u202f"  # narrow no-break space: a number and its unit stay on one line


def number(value: float | None) -> str:
    """Three significant digits, thousands as k and M: 0.0312, 8.4, 872, 1,403, 12.4k, 3.1M."""
    if value is None or math.isnan(value):
        return NOTHING
    size = abs(value)
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if size >= 1e15:
        return f"{value:.2e}".replace("-", "−", 1)
    for limit, unit in ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e4, "k")):
        if size >= limit * 0.99995:
            return _trim(f"{value / (1e3 if unit == 'k' else limit):.1f}").replace("-", "−") + unit
    return _small(value + 0.0, size)  # adding makes −0 a plain 0


def _small(value: float, size: float) -> str:
    if size >= 100 or (float(value).is_integer() and size < 1e4):
        return f"{value:,.0f}".replace("-", "−")
    if size >= 0.001 or size == 0:
        digits = max(0, 2 - math.floor(math.log10(size))) if size else 0
        return _trim(f"{value:.{digits}f}").replace("-", "−")
    return f"{value:.1e}".replace("e-0", "e-").replace("-", "−")


def _trim(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text


def exact(value: float | None) -> str:
    """All that matters of a value, for a table or a hover: six significant digits with thousands."""
    if value is None or math.isnan(value):
        return NOTHING
    if float(value).is_integer() and abs(value) < 1e15:
        return f"{value:,.0f}".replace("-", "−")
    return f"{value:,.6g}".replace("-", "−", 1)


def measure(value: float | None) -> str:
    """A mean or a quantile: four significant digits, thousands written out, so that two of them compare at a glance."""
    if value is None or math.isnan(value) or math.isinf(value) or not value:
        return number(value)
    digits = 3 - math.floor(math.log10(abs(value)))
    if not -12 < digits < 8:
        return exact(value)
    rounded = round(value, digits)
    return (_trim(f"{rounded:,.{max(digits, 0)}f}")).replace("-", "−")


def metric(value: float | None) -> str:
    """A metric or a rate: three significant digits, all of them before the point, and three decimals below 1."""
    if value is not None and 0.1 <= abs(value) < 1:
        return f"{value:.3f}".replace("-", "−")
    return number(value) if value is None or math.isnan(value) or abs(value) < 1000 else measure(value)


def score(value: float | None) -> str:
    """A statistic such as PSI or KS: two decimals, three where it is small, so that 0.83 and 0.004 both tell."""
    if value is None or math.isnan(value):
        return NOTHING
    if value and abs(value) < 0.0005:
        return "< 0.001" if value > 0 else "0"
    return f"{value:.2f}" if abs(value) >= 0.1 else f"{value:.3f}"


def probability(value: float | None) -> str:
    """A p-value; below 0.001 only how small it is matters."""
    if value is None or math.isnan(value):
        return NOTHING
    if value < 1e-12:
        return "< 10⁻¹²"
    return f"{value:.2g}" if value >= 0.001 else f"{value:.0e}".replace("e-0", "e-").replace("-", "−")


def percent(share: float | None) -> str:
    """A share between 0 and 1: 3.2 %."""
    if share is None or math.isnan(share):
        return NOTHING
    value = share * 100
    if 0 < value < 0.1:
        return f"< 0.1{THIN}%"
    return f"{_trim(f'{value:.1f}') if value < 99.95 or value == 100 else '> 99.9'}{THIN}%"


def middle(text: str, most: int) -> str:
    """A long name cut in its middle: names of one family differ at their ends."""
    if len(text) <= most:
        return text
    head = most // 3
    return f"{text[:head]}…{text[head + 1 - most :]}"


def count(many: int, noun: str, plural: str | None = None) -> str:
    """1 column, 12.4k events."""
    return f"{number(many)} {noun if many == 1 else plural or noun + 's'}"
