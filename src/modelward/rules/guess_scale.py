"""Guesses of another unit, or of a scale that moved as a whole: what carries the old quantiles onto the new ones."""

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from modelward.rules import phrases
from modelward.rules.guess_categories import Guess
from modelward.stats import NumericSummary
from modelward.stats.arrays import F64

_GRID = np.linspace(0.05, 0.95, 19)
_NEAREST, _FURTHEST = 0.02, 0.05  # So near must a factor come to a known one, three standard errors in between,
_SHOWS = 0.25  # so much of the spread must an offset be to be told from none,
_LEFT_OVER = 0.15  # and so little of the spread of the values may the conversion leave over.


class Conversion(NamedTuple):
    """One unit to another: `factor · value + offset`."""

    name: str
    factor: float
    offset: float = 0.0


_ONE_WAY = (
    ("miles", "kilometres", 1.609344),
    ("nautical miles", "kilometres", 1.852),
    ("inches", "centimetres", 2.54),
    ("inches", "millimetres", 25.4),
    ("feet", "metres", 0.3048),
    ("pounds", "kilograms", 0.45359237),
    ("ounces", "grams", 28.349523),
    ("US gallons", "litres", 3.785412),
    ("thousands", "units", 1000.0),
    ("millions", "units", 1e6),
    ("shares", "per cent", 100.0),
    ("hours", "minutes, or minutes to seconds", 60.0),
    ("hours", "seconds", 3600.0),
    ("days", "hours", 24.0),
)
_BACK = {"minutes, or minutes to seconds": "minutes to hours, or seconds to minutes"}
CONVERSIONS = (
    *(Conversion(f"{one} to {other}", factor) for one, other, factor in _ONE_WAY),
    *(Conversion(_BACK.get(other, f"{other} to {one}"), 1 / factor) for one, other, factor in _ONE_WAY),
    Conversion("Celsius to Fahrenheit", 1.8, 32.0),
    Conversion("Fahrenheit to Celsius", 1 / 1.8, -32 / 1.8),
    Conversion("Celsius to kelvin", 1.0, 273.15),
    Conversion("kelvin to Celsius", 1.0, -273.15),
)


def scale_guesses(reference: NumericSummary, current: NumericSummary) -> Iterator[Guess]:
    """Another unit, where a known conversion fits; else a sign, a factor or an offset that all values share."""
    before, now = reference.quantile(_GRID), current.quantile(_GRID)
    spread = _spread(now)
    if not np.isfinite([*before, *now]).all() or spread == 0 or _spread(before) == 0:
        return
    within = _tolerance(reference, current, before)
    factor = _factor(before, now)
    fitting = [entry for entry in CONVERSIONS if _fits(entry, factor, within, spread)]
    known = [(_left(entry, before, now) / spread, entry) for entry in fitting]
    if known and (best := min(known, key=lambda pair: pair[0]))[0] < _LEFT_OVER:
        yield _unit(best[1], before, now)
    turned, kept = Conversion("sign", -1.0), Conversion("none", 1.0)
    if _left(turned, before[::-1], now) < _LEFT_OVER * spread and _left(kept, before, now) > 0.5 * spread:
        yield Guess("sign", "the sign turned round", "the values below 0 are spread as those above 0 were")
    yield from _throughout(before, now, spread)


def _fits(entry: Conversion, factor: float | None, within: float, spread: float) -> bool:
    """Whether the conversion may be asked after: by its factor, or by an offset that is no trifle to the values.

    Amounts of 100,000 that grew by 1.8 are not degrees, though 32 more or less makes no difference to them.
    """
    return abs(entry.offset) > _SHOWS * spread if entry.offset else _near(entry.factor, factor, within)


def _near(known: float, factor: float | None, within: float) -> bool:
    return factor is not None and abs(factor / known - 1) <= within


def _tolerance(reference: NumericSummary, current: NumericSummary, before: F64) -> float:
    """Three standard errors of the mean logarithm of the factor, within bounds."""
    if before[0] <= 0 <= before[-1]:
        return _NEAREST
    deviation = abs(float(np.log(before[16] / before[2]))) / 2  # From the 15th to the 85th per cent.
    error = 3 * deviation * math.sqrt(1 / reference.count + 1 / current.count)
    return min(_FURTHEST, max(_NEAREST, error))


def _unit(entry: Conversion, before: F64, now: F64) -> Guess:
    fits = entry.factor * before + entry.offset
    off = float(np.mean(np.abs(now - fits))) / max(float(np.mean(np.abs(now))), 1e-300)
    formula = f"a factor of {entry.factor:.4g}"
    if entry.offset:
        formula = f"{entry.factor:.3g} · value {'+' if entry.offset > 0 else '−'} {abs(entry.offset):.5g}"
    return Guess(
        "unit", "a change of unit", f"{entry.name} is {formula}, with which the quantiles agree to {phrases.share(off)}"
    )


def _throughout(before: F64, now: F64, spread: float) -> Iterator[Guess]:
    """One factor, or one offset, for values that moved by more than their spread forgives."""
    moved = float(np.mean(np.abs(now - before)))
    if moved < 0.25 * spread:
        return
    shift = float(np.median(now - before))
    shifted = float(np.mean(np.abs(now - before - shift)))
    if shifted < _LEFT_OVER * min(moved, spread):
        evidence = f"{phrases.signed(shift)} throughout, the spread is the same"
        yield Guess("shift", "a shift of the whole scale", evidence)
    factor = _factor(before, now)
    if factor is None:
        return
    left = float(np.mean(np.abs(now - factor * before)))
    if left < _LEFT_OVER * min(moved, spread) and abs(np.log(factor)) > np.log(1.2):
        evidence = f"a factor of {factor:.3g} at every quantile, no known unit"
        yield Guess("scale", "a scale that was multiplied", evidence)


def _factor(before: F64, now: F64) -> float | None:
    """The mean factor of the quantiles far from 0; None where the signs do not agree."""
    far = np.abs(before) > 0.1 * float(np.max(np.abs(before)))
    ratios = now[far] / before[far]
    return float(np.exp(np.mean(np.log(ratios)))) if ratios.size >= 5 and (ratios > 0).all() else None


def _left(entry: Conversion, before: F64, now: F64) -> float:
    return float(np.mean(np.abs(now - (entry.factor * before + entry.offset))))


def _spread(quantiles: F64) -> float:
    return float(np.mean(np.abs(quantiles - quantiles[quantiles.size // 2])))
