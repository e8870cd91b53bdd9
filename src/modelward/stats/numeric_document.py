"""The fields of a numeric summary in a document, and back."""

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from modelward.stats.arrays import F64
from modelward.stats.binary import Reader, Writer, require
from modelward.stats.sketch import Entries

if TYPE_CHECKING:
    from modelward.stats.numeric_summary import NumericSummary


def write_fields(writer: Writer, summary: "NumericSummary") -> None:
    """Add a summary to a document: of exact ones only the distinct values and their counts."""
    aside = (summary.missing, summary.invalid, summary.positive_infinities, summary.negative_infinities)
    writer.pack("5q", summary.count, *aside)
    if not summary.count:
        return
    moments = (summary.minimum, summary.maximum, summary.mean, summary.deviation, summary.carried)
    writer.pack("q5d?", summary.zeros, *moments, summary.exact)
    values, means, weights, atoms = summary.entries
    writer.floats(values)
    writer.integers(weights.astype(np.int64))
    if not summary.exact:
        writer.raw(np.packbits(atoms).tobytes())
        writer.floats(means[~atoms])


def read_fields(reader: Reader) -> dict[str, Any]:
    """The fields of a summary; only those of an empty one where it has no finite value."""
    count, *others = map(int, reader.unpack("5q"))
    require(min(count, *others) >= 0, "a count is negative")
    aside = dict(zip(("missing", "invalid", "positive_infinities", "negative_infinities"), others, strict=True))
    if not count:
        return aside
    zeros, *floats, exact = reader.unpack("q5d?")
    fields = dict(zip(("minimum", "maximum", "mean", "deviation", "carried"), map(float, floats), strict=True))
    entries = _read_entries(reader, exact=bool(exact))
    require(entries.weights.sum() == count, "the weights do not add up to the count")
    require(0 <= zeros <= count, "there are more zeros than values")
    _require_in_range(entries, **fields)
    return {"count": count, "zeros": int(zeros), "entries": entries, "exact": bool(exact), **fields, **aside}


def _read_entries(reader: Reader, *, exact: bool) -> Entries:
    values, weights = reader.floats(), reader.integers().astype(np.float64)
    require(values.size == weights.size > 0 and bool(weights.min() > 0), "values and weights do not belong together")
    if exact:
        require(bool((values[1:] > values[:-1]).all()), "its values are not in order")
        return Entries(values, values, weights, np.ones(values.size, dtype=bool))
    require(bool((values[1:] >= values[:-1]).all()), "its values are not in order")
    flags = np.frombuffer(reader.raw(), dtype=np.uint8)
    require(flags.size == (values.size + 7) // 8, "a list of flags has a wrong length")
    atoms = np.unpackbits(flags, count=values.size).astype(bool)
    group_means, means = reader.floats(), values.copy()
    require(group_means.size == np.count_nonzero(~atoms), "a list of means has a wrong length")
    means[~atoms] = group_means
    return Entries(values, means, weights, atoms)


def _require_in_range(
    entries: Entries, *, minimum: float, maximum: float, mean: float, deviation: float, carried: float
) -> None:
    ends = (minimum, *_ends(entries.values), maximum)
    require(all(map(math.isfinite, ends)) and ends == tuple(sorted(ends)), "its values are outside their range")
    low, high = entries.means.min(), entries.means.max()
    require(bool(np.isfinite(low) and np.isfinite(high)), "a mean is not finite")
    require(minimum <= mean <= maximum, "its mean is outside its range")
    require(deviation >= 0 and 0 <= carried <= 1, "its deviation or its error is impossible")


def _ends(values: F64) -> tuple[float, float]:
    return float(values[0]), float(values[-1])
