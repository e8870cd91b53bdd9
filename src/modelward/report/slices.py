"""The rows of two tables as cells, and the slices of them where drift or loss concentrates.

A sample of at most 20,000 rows of each side is searched. Numbers are cut at the quintiles of that sample, or by value
where they are few; of categories the nine most frequent stand for themselves. Loss is that of the current rows: the log
loss of a score of two classes (bounded at 1e-6), else 0 or 1 for a class, else the squared error.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from modelward.report.again import frames_of
from modelward.report.columns import LeftOut, arrow_of
from modelward.report.segment_rows import rows_by_segment
from modelward.rules.segments import Cut, value_name
from modelward.rules.slices import Coded, FoundSlice, drift_slices, loss_slices
from modelward.stats.arrays import F64, I64

if TYPE_CHECKING:
    import pyarrow as pa

MOST_ROWS = 20_000
_CATEGORIES = 9
_FEW = 6
_OUTCOMES = frozenset({"label", "prediction", "score", "timestamp"})


def slices_of(
    reference: Any, current: Any, columns: Sequence[str], roles: Mapping[str, str], *, seed: int
) -> tuple[FoundSlice, ...]:
    """The slices of drift, then those of loss where there are labels and predictions or scores.

    Raises:
        Invalid: a table cannot be read twice.
    """
    rng = np.random.default_rng(seed)
    outcomes = {role: column for column, role in roles.items() if role in _OUTCOMES}
    features = [name for name in columns if roles.get(name) not in _OUTCOMES]
    wanted = [*features, *outcomes.values()]
    before, now = _sample(reference, wanted, rng), _sample(current, wanted, rng)
    features = [name for name in features if name in before and name in now]
    if not features:
        return ()  # Nothing to divide the rows by.
    rows = [len(next(iter(side.values()))) if side else 0 for side in (before, now)]
    both = _coded([_together(before[name], now[name]) for name in features], features)
    found = drift_slices(both, np.repeat([0, 1], rows).astype(np.int64), rng)
    loss = _loss(now, outcomes)
    if loss is None:
        return found
    known = np.isfinite(loss)
    mine = Coded(both.columns, both.names, both.codes[rows[0] :][known])
    return (*found, *loss_slices(mine, loss[known], rng))


def _sample(data: Any, columns: Sequence[str], rng: np.random.Generator) -> dict[str, "pa.ChunkedArray"]:
    """Up to 20,000 rows, each with the same chance to be among them; by column, without those Arrow cannot hold.

    A row stays when the random number that it drew is among the smallest of all drawn so far.
    """
    import pyarrow as pa

    kept: Any = None
    drawn: F64 = np.empty(0)
    for frame in frames_of(data):
        parts: dict[str, Any] = {}
        for name in columns:
            try:
                parts[name] = arrow_of(frame.get_column(name)) if name in frame.columns else None
            except LeftOut:
                continue
        table = pa.table({name: part for name, part in parts.items() if part is not None})
        kept = table if kept is None else pa.concat_tables([kept, table], promote_options="permissive")
        drawn = np.concatenate([drawn, rng.random(table.num_rows)])
        if drawn.size > MOST_ROWS:
            chosen = np.sort(np.argpartition(drawn, MOST_ROWS)[:MOST_ROWS])
            kept, drawn = kept.take(chosen), drawn[chosen]
    return {} if kept is None else {name: kept.column(name) for name in kept.column_names}


def _together(before: Any, now: Any) -> Any:
    """One column of both sides, as text where they are not of one kind."""
    import pyarrow as pa
    import pyarrow.compute as pc

    sides = [_plain(before), _plain(now)]
    if sides[0].type != sides[1].type:
        sides = [pc.cast(side, pa.large_string()) for side in sides]
    return pa.chunked_array([chunk for side in sides for chunk in side.chunks], sides[0].type)


def _plain(column: Any) -> Any:
    """Numbers as doubles, all else as text."""
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = column.type
    if pa.types.is_dictionary(kind):
        column = pa.chunked_array([chunk.dictionary_decode() for chunk in column.chunks], kind.value_type)
    numeric = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    return pc.cast(column, pa.float64() if numeric else pa.large_string(), safe=False)


def _coded(values: Sequence[Any], columns: Sequence[str]) -> Coded:
    names, codes = [], []
    for column, part in zip(columns, values, strict=True):
        code: I64 = np.zeros(len(part), dtype=np.int64)
        said = []
        for place, (name, rows) in enumerate(rows_by_segment(part, _cut(column, part))):
            code[rows] = place
            said.append(name)
        names.append(said)
        codes.append(code)
    table = np.column_stack(codes) if codes else np.empty((0, 0), dtype=np.int64)
    return Coded(columns, names, table)


def _cut(column: str, values: Any) -> Cut:
    import pyarrow as pa

    if not pa.types.is_floating(values.type):
        tally = Counter(value for value in values.to_pylist() if value is not None)
        return Cut(column, None, tuple(name for name, _ in tally.most_common(_CATEGORIES)))
    numbers = np.asarray(values.drop_null())
    finite = numbers[np.isfinite(numbers)]
    distinct = np.unique(finite)
    if distinct.size <= _FEW:
        return Cut(column, None, tuple(value_name(value) for value in distinct.tolist()))
    return Cut(column, tuple(sorted({float(edge) for edge in np.quantile(finite, [0.2, 0.4, 0.6, 0.8])})))


def _loss(side: Mapping[str, Any], outcomes: Mapping[str, str]) -> F64 | None:
    """The loss of each row, nan where its label or prediction is missing; None where there is none to be had."""
    named = {role: side[column] for role, column in outcomes.items() if column in side}
    if "label" not in named or not named.keys() & {"score", "prediction"}:
        return None
    label = _plain(named["label"])
    if "score" in named and (loss := _log_loss(label, _plain(named["score"]))) is not None:
        return loss
    return _error(label, _plain(named["prediction"])) if "prediction" in named else None


def _log_loss(label: Any, score: Any) -> F64 | None:
    """The log loss, where labels are 0 and 1 and scores are shares."""
    import pyarrow as pa

    if not (pa.types.is_floating(label.type) and pa.types.is_floating(score.type)):
        return None
    truth, claimed = _numbers(label), _numbers(score)
    known = truth[np.isfinite(truth)]
    if not np.isin(known, (0, 1)).all() or np.nanmin(claimed, initial=0) < 0 or np.nanmax(claimed, initial=1) > 1:
        return None
    bounded = np.clip(claimed, 1e-6, 1 - 1e-6)
    loss: F64 = -(truth * np.log(bounded) + (1 - truth) * np.log1p(-bounded))
    return loss


def _error(label: Any, prediction: Any) -> F64:
    import pyarrow as pa

    if pa.types.is_floating(label.type) and pa.types.is_floating(prediction.type):
        with np.errstate(over="ignore", invalid="ignore"):  # What is past the range is left out as not finite.
            squared: F64 = (_numbers(label) - _numbers(prediction)) ** 2
        return squared
    pairs = zip(label.to_pylist(), prediction.to_pylist(), strict=True)
    wrong = [np.nan if None in pair else float(value_name(pair[0]) != value_name(pair[1])) for pair in pairs]
    return np.array(wrong, dtype=np.float64)


def _numbers(column: Any) -> F64:
    import pyarrow.compute as pc

    return np.asarray(pc.fill_null(column, np.nan), dtype=np.float64)
