"""Rows of events as the columns that joint summaries are made from: outcome, predicted class, score, groups."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from modelward.monitoring.joint_plan import Plan, Protected, Seen, few_names
from modelward.rules.outcome_classes import MOST_NAMES
from modelward.stats import Observed
from modelward.stats.class_scores import astray
from modelward.stats.labels import class_name
from modelward.stats.outcome import MULTICLASS, REGRESSION, likeliest, present

Floats = npt.NDArray[np.float64]
Values = npt.NDArray[Any]
_MICROSECONDS = 1e6


@dataclass(frozen=True, eq=False, kw_only=True)
class Rows(Observed):
    """Rows with `delays`, the seconds from the prediction to its outcome, of the rows that have one."""

    delays: Floats


def read_rows(table: pa.Table, plan: Plan) -> Rows:
    """The rows as the plan reads them."""
    score, chances = numbers(table.column("score")), _probabilities(table, plan)
    classes = tuple(name for name, _ in plan.probabilities)
    if plan.task == REGRESSION:
        label, predicted = numbers(table.column("label_number")), numbers(table.column("prediction"))
    elif plan.task == MULTICLASS:
        label = _outcomes(table)
        predicted, score = likeliest(_objects(table.column("prediction")), score, chances, classes)
    else:
        score = _of_positive(score, chances, plan)
        label, (predicted, score) = _two_classes(_outcomes(table), plan.positive), _decided(table, score, plan)
    there = present(predicted)
    known = there & present(label)
    return Rows(
        label=label,
        predicted=predicted,
        score=score,
        known=known,
        predictions=int(there.sum()),
        classes=classes,
        probabilities=chances,
        delays=_delays(table)[known],
    )


def seen_in(table: pa.Table) -> Seen:
    """What labels and predictions of these rows look like."""
    number, text = table.column("label_number"), table.column("label_text")
    outcomes = _few(number)
    prediction = table.column("prediction")
    there = prediction.null_count < len(prediction)
    values = numbers(prediction) if pa.types.is_floating(prediction.type) else np.empty(0)
    values = values[~np.isnan(values)]
    fractional = bool((~np.isin(values, (-1.0, 0.0, 1.0))).any())
    return Seen(
        labels=number.null_count < len(number) or text.null_count < len(text),
        two_outcomes=any(set(outcomes) <= pair for pair in ({"0", "1"}, {"-1", "1"})),
        names=text.null_count < len(text),
        fractional=fractional,
        beyond=bool(((values < 0) | (values > 1)).any()),
        scores=table.column("score").null_count < table.num_rows,
        predictions=_kind(prediction.type) if there else "",
        outcomes=few_names([*outcomes, *_few(text)]),
        predicted=few_names(() if fractional or pa.types.is_boolean(prediction.type) else _few(prediction)),
    )


def _few(column: pa.ChunkedArray) -> list[str]:
    """The names of the classes in a column, or of as many of them as show that they are more than anybody is told."""
    return [class_name(value) for value in pc.unique(column.drop_null()).to_pylist()[: MOST_NAMES + 1]]


def groups_of(table: pa.Table, attribute: Protected) -> Values:
    """Each row's group; None where the attribute is missing."""
    values = table.column(attribute.source)
    if pa.types.is_boolean(values.type):
        values = pc.cast(values, pa.string())
    if attribute.edges is None:
        return _objects(values)
    found = numbers(values)
    names = np.array([*group_names(attribute.edges), None], dtype=object)
    place = np.searchsorted(np.array(attribute.edges), found, side="left")
    banded: Values = names[np.where(np.isnan(found), len(names) - 1, place)]
    return banded


def group_names(edges: tuple[float, ...]) -> list[str]:
    """What the bands between the edges are called; each holds its upper edge."""
    shown = [f"{edge:g}" for edge in edges]
    between = [f"{low} to {high}" for low, high in pairwise(shown)]
    return [f"up to {shown[0]}", *between, f"above {shown[-1]}"]


def numbers(column: pa.ChunkedArray) -> Floats:
    """A column as doubles, NaN where it is null (or text)."""
    if pa.types.is_string(column.type):
        return np.full(len(column), np.nan)
    values: Floats = pc.cast(column, pa.float64()).to_numpy().astype(np.float64, copy=False)
    return values


def _probabilities(table: pa.Table, plan: Plan) -> Floats | None:
    """The probabilities of each class; a class that a row does not name has 0, and a row that names none has none.

    What is no distribution is not looked at: a feature of such a name may hold anything.
    """
    sources = [source for _, source in plan.probabilities if source in table.column_names]
    if len(sources) < 2 or len(sources) < len(plan.probabilities):
        return None
    chances = np.column_stack([numbers(table.column(source)) for source in sources])
    chances = np.where(np.isnan(chances).all(axis=1, keepdims=True), np.nan, np.nan_to_num(chances, nan=0.0))
    chances[astray(chances)] = np.nan
    return chances


def _of_positive(score: Floats, chances: Floats | None, plan: Plan) -> Floats:
    """The probability of the positive class, where probabilities of both were sent and no score."""
    place = next((n for n, (name, _) in enumerate(plan.probabilities) if name == plan.positive), None)
    if chances is None or place is None:
        return score
    known: Floats = np.where(np.isnan(score), chances[:, place], score)
    return known


def _decided(table: pa.Table, score: Floats, plan: Plan) -> tuple[Floats, Floats]:
    """The predicted class and the score. The class follows from the score where none was sent."""
    prediction = table.column("prediction")
    if plan.scored:
        value = numbers(prediction)
        decisive = np.where(np.isnan(value), score, value)
        return _at_threshold(decisive, plan), np.where(np.isnan(score), value, score)
    if pa.types.is_boolean(prediction.type):
        predicted = numbers(prediction)
    else:
        predicted = _two_classes(_objects(prediction), plan.positive)
    return np.where(np.isnan(predicted), _at_threshold(score, plan), predicted), score


def _at_threshold(score: Floats, plan: Plan) -> Floats:
    return np.where(np.isnan(score), np.nan, (score >= plan.threshold).astype(np.float64))


def _two_classes(values: Values, positive: str) -> Floats:
    """1 where the value is the positive class, 0 where it is another, NaN where there is none."""
    if values.dtype.kind == "f":
        hits = values == _number(positive)
        return np.where(np.isnan(values), np.nan, hits.astype(np.float64))
    listed = values.tolist()
    verdicts = {value: float(class_name(value) == positive) for value in set(listed) if value is not None}
    return np.array([verdicts.get(value, np.nan) for value in listed], dtype=np.float64)


def _outcomes(table: pa.Table) -> Values:
    """Labels as numbers where all are, else as objects."""
    number, text = table.column("label_number"), table.column("label_text")
    if text.null_count == len(text):
        return numbers(number)
    mixed = _objects(text)
    gaps = np.array([value is None for value in mixed], dtype=bool)
    mixed[gaps] = [None if value != value else value for value in numbers(number)[gaps].tolist()]  # noqa: PLR0124
    return mixed


def _objects(column: pa.ChunkedArray) -> Values:
    """Numbers as doubles, all else as Python's objects with None."""
    if pa.types.is_floating(column.type):
        return numbers(column)
    return np.array(column.to_pylist(), dtype=object)


def _delays(table: pa.Table) -> Floats:
    ticks = [pc.cast(table.column(name), pa.int64()) for name in ("labelled_at", "ts")]
    return numbers(pc.subtract(*ticks)) / _MICROSECONDS


def _kind(prediction: pa.DataType) -> str:
    if pa.types.is_boolean(prediction):
        return "boolean"
    return "text" if pa.types.is_string(prediction) else "number"


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")
