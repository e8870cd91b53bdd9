"""What happened to a column, in words: the simplest change that explains the figures.

A factor, a shift or another spread is claimed only when it carries the quantiles of the reference onto those of the
current rows with less than 15 % of the movement left over; otherwise the sentence says where the median went and claims
no more.
"""

import math
from collections.abc import Iterator

import numpy as np

from modelward.rules import phrases
from modelward.rules.describe import infinities, missing_rate, rate
from modelward.stats import CategoricalSummary, NumericSummary, Summary
from modelward.stats.arrays import F64, Flags

_GRID = np.linspace(0.05, 0.95, 19)
_LEFT_OVER = 0.15
_RARE = 0.001  # No name that moved by less explains a change.
_FEW = 12  # So many distinct values are read as categories: "is 0 in 40 % of rows, before 12 %".


@np.errstate(over="ignore", invalid="ignore")  # Between 1e308 and -1e308 lies more than a float holds; then no one
# number explains the change, which is all that has to be known.
def change(column: str, reference: Summary, current: Summary, new_categories: tuple[str, ...] = ()) -> str:
    """A clause that says how the current rows differ from the reference, beginning with the column's name."""
    missing, invalid = _missing(reference, current), _invalid(reference, current)
    aside = bool(missing or invalid)
    if isinstance(reference, NumericSummary) and isinstance(current, NumericSummary):
        # Where values only went missing or wrong, the others moved by their noise, which is not worth a word.
        said = bool(reference.count and current.count) and not (aside and _stayed(reference, current))
        values = _numbers(reference, current) if said else _infinite(reference, current)
    elif isinstance(reference, CategoricalSummary) and isinstance(current, CategoricalSummary):
        values = _categories(reference, current, new_categories) if reference.count and current.count else ""
    else:
        values = ""
    clauses = "; it ".join(filter(None, (values, missing, invalid)))
    return f"`{phrases.shortened(column)}` {clauses or 'changed'}"


def _stayed(reference: NumericSummary, current: NumericSummary) -> bool:
    before, now = _quantiles(reference, current)
    return bool(np.mean(np.abs(now - before)) <= 0.1 * (before[-1] / 2 - before[0] / 2))


def _missing(reference: Summary, current: Summary) -> str:
    before, now = missing_rate(reference), missing_rate(current)
    if abs(now - before) < 0.02:
        return ""
    return f"is missing in {phrases.share(now)} of rows, before in {phrases.share(before)}"


def _invalid(reference: Summary, current: Summary) -> str:
    before, now = rate(reference.invalid, reference), rate(current.invalid, current)
    if abs(now - before) < 0.02:
        return ""
    return f"is of a wrong type in {phrases.share(now)} of rows, before in {phrases.share(before)}"


def _numbers(reference: NumericSummary, current: NumericSummary) -> str:
    return next(clause for clause in _number_clauses(reference, current) if clause)


def _number_clauses(reference: NumericSummary, current: NumericSummary) -> Iterator[str]:
    """Clauses from the most telling to the most general; the first that applies is said."""
    yield _infinite(reference, current)
    yield _constant(reference, current)
    yield _few_values(reference, current)
    yield _moved(reference, current)


def _infinite(reference: NumericSummary, current: NumericSummary) -> str:
    before, now = rate(infinities(reference), reference), rate(infinities(current), current)
    # That infinities went is seldom the whole story, as that they came is.
    told = now - before > 0.01 or before - now > 0.1
    return f"is infinite in {phrases.share(now)} of rows, before in {phrases.share(before)}" if told else ""


def _constant(reference: NumericSummary, current: NumericSummary) -> str:
    was, now = reference.minimum == reference.maximum, current.minimum == current.maximum
    if was and now:
        values = phrases.number(reference.minimum), phrases.number(current.minimum)
        return f"was always {values[0]} and is now always {values[1]}" if values[0] != values[1] else ""
    if was:
        span = f"from {phrases.number(current.minimum)} to {phrases.number(current.maximum)}"
        return f"was always {phrases.number(reference.minimum)} and now varies {span}"
    return f"varied and is now always {phrases.number(current.minimum)}" if now else ""


def _few_values(reference: NumericSummary, current: NumericSummary) -> str:
    """The value whose share changed most, where that explains the change: few values, or one heavy one such as 0."""
    values = np.union1d(*(_heaviest(summary) for summary in (reference, current)))
    if not values.size:
        return ""
    before, now = _shares(reference, values), _shares(current, values)
    most = int(np.argmax(np.abs(now - before)))
    few = max(reference.values.size, current.values.size) <= _FEW and reference.exact and current.exact
    if abs(now[most] - before[most]) < (0.02 if few else 0.1):
        return ""
    if not few and _explained(*_quantiles(reference, current)):
        return ""  # A round value that lost its share because all of them were multiplied is not the news.
    shares = f"in {phrases.share(now[most])} of its values, before in {phrases.share(before[most])}"
    return f"is {phrases.number(values[most])} {shares}"


def _heaviest(summary: NumericSummary) -> F64:
    heavy: F64 = summary.values[summary.weights >= 0.02 * summary.count]
    return heavy[_shares(summary, heavy) >= 0.02]


def _shares(summary: NumericSummary, values: F64) -> F64:
    index = np.minimum(summary.values.searchsorted(values), summary.values.size - 1)
    alone = (summary.values[index] == values) & _atoms(summary)[index]
    return np.where(alone, summary.weights[index], 0.0) / summary.count


def _atoms(summary: NumericSummary) -> Flags:
    return np.ones(summary.values.size, dtype=bool) if summary.exact else summary.atoms


def _quantiles(reference: NumericSummary, current: NumericSummary) -> tuple[F64, F64]:
    return reference.quantile(_GRID), current.quantile(_GRID)


def _moved(reference: NumericSummary, current: NumericSummary) -> str:
    before, now = _quantiles(reference, current)
    middle = _GRID.size // 2
    medians = f"from median {phrases.number(before[middle])} to {phrases.number(now[middle])}"
    how = _explained(before, now)
    if how.startswith("is "):
        return how
    if abs(now[middle] - before[middle]) <= 0.02 * (before[-1] - before[0]):
        means = f"its mean went from {phrases.number(reference.mean)} to {phrases.number(current.mean)}"
        return f"changed around the same median {phrases.number(now[middle])}: {means}"
    return f"moved {medians}{how}"


def _explained(before: F64, now: F64) -> str:
    """The change as one number, where one number explains it."""
    movement = float(np.mean(np.abs(now - before)))
    if not math.isfinite(movement) or movement == 0:
        return ""
    limit = _LEFT_OVER * movement
    shift, shift_left = _fit_shift(before, now)
    factor, factor_left = _fit_factor(before, now)
    # Far from 0 a shift looks like a small factor too; then the shift is the plainer word.
    if factor_left < limit and (factor_left < shift_left / 2 or abs(math.log(factor)) > math.log(1.5)):
        return f", a factor of {factor:.3g}"
    if shift_left < limit:
        return f", a shift of {phrases.signed(shift)} throughout"
    spread, spread_left = _fit_spread(before, now)
    if spread_left < limit:
        return f"is spread {spread:.3g} times as wide around the median {phrases.number(float(now[now.size // 2]))}"
    return ""


def _fit_shift(before: F64, now: F64) -> tuple[float, float]:
    shift = float(np.median(now - before))
    return shift, float(np.mean(np.abs(now - before - shift)))


def _fit_factor(before: F64, now: F64) -> tuple[float, float]:
    """The factor between two sets of quantiles of one sign, and what it leaves over; none for values around 0."""
    one_sign = bool((before > 0).all() and (now > 0).all()) or bool((before < 0).all() and (now < 0).all())
    if not one_sign:
        return 1.0, math.inf
    factor = float(np.median(now / before))
    return factor, float(np.mean(np.abs(now - factor * before))) if math.isfinite(factor) and factor > 0 else math.inf


def _fit_spread(before: F64, now: F64) -> tuple[float, float]:
    middle = before.size // 2
    width = float(np.mean(np.abs(before - before[middle])))
    if width == 0 or abs(now[middle] - before[middle]) > 0.25 * width:
        return 1.0, math.inf
    spread = float(np.mean(np.abs(now - now[middle]))) / width
    return spread, float(np.mean(np.abs(now - now[middle] - spread * (before - before[middle]))))


def _categories(reference: CategoricalSummary, current: CategoricalSummary, new: tuple[str, ...]) -> str:
    before = dict(zip(reference.categories, (reference.counts / reference.count).tolist(), strict=True))
    now = dict(zip(current.categories, (current.counts / current.count).tolist(), strict=True))
    fresh = sum(now.get(name, 0.0) for name in new)
    moves = {name: now.get(name, 0.0) - before.get(name, 0.0) for name in {*before, *now}}
    most = max(moves, key=lambda name: (abs(moves[name]), name))
    if new and fresh >= 0.5 * abs(moves[most]):
        several = "a new category" if len(new) == 1 else f"{len(new):,} new categories"
        return f"has {several}, {phrases.quoted(new)}, in {phrases.share(fresh)} of its values"
    if abs(moves[most]) < _RARE:
        return "holds other names, each of them rare"
    swapped = _swapped(before, now, moves, most)
    if swapped:
        return swapped
    if most not in now and current.exact:
        return f"lost `{phrases.shortened(most)}`, which held {phrases.share(before[most])} of its values"
    shares = phrases.share(now.get(most, 0.0)), phrases.share(before.get(most, 0.0))
    return f"is `{phrases.shortened(most)}` in {shares[0]} of its values, before in {shares[1]}"


def _swapped(before: dict[str, float], now: dict[str, float], moves: dict[str, float], most: str) -> str:
    """Two categories that changed places, as when a mapping is written the wrong way round."""
    other = min(moves, key=lambda name: (abs(moves[name] + moves[most]), name))
    pair = [(before.get(name, 0.0), now.get(name, 0.0)) for name in (most, other)]
    crossed = abs(pair[0][0] - pair[1][1]) + abs(pair[0][1] - pair[1][0])
    if other == most or abs(moves[most]) < 0.05 or crossed > 0.2 * abs(moves[most]):
        return ""
    names = phrases.quoted(sorted((most, other), key=lambda name: -before.get(name, 0.0)))
    shares = f"{phrases.share(max(pair[0]))} and {phrases.share(min(pair[0]))} of its values"
    return f"has {names.replace(', ', ' and ')} swapped, which held {shares}"
