"""Performance of a regression without labels: direct loss estimation, by scikit-learn's gradient boosting.

On labelled rows of the reference the loss of a prediction is learned as a function of the features and the prediction
itself. Of rows without labels the mean of the losses so expected is the metric that is expected of them. It stands on
the assumption that a prediction is as wrong as it was in the same place; where the concept drifts it does not hold.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from modelward.errors import Unavailable
from modelward.stats import Metric
from modelward.stats.arrays import F64, I64
from modelward.stats.estimated_losses import ABSOLUTE, LOSSES, PERCENTAGE, SQUARED, estimate_regression
from modelward.stats.metric import CONFIDENCE
from modelward.stats.running_mean import RunningMean

FEWEST = 200
MOST_ROWS = 10_000
"""So many rows of the reference are learned from, and so many of what is estimated are looked at."""
NOT_INSTALLED = (
    "to estimate a regression without its outcomes scikit-learn is needed: install it with "
    "pip install 'modelward[estimation]'"
)
_CATEGORIES = 200
_ROUNDS, _LEAST_IN_LEAF = 60, 40

Columns = Mapping[str, npt.NDArray[Any]]


@dataclass(frozen=True, eq=False)
class DirectLoss:
    """What predicts each loss, and how far real losses lie around it.

    `spread` was measured on rows that were left out, as was `out_of_fold`, the losses expected of the rows that were
    learned from, in their order, by a model of the other half of them; `losses` are their real ones, and `groups` says
    which of these rows belong together.
    """

    columns: tuple[tuple[str, tuple[str, ...] | None], ...]
    models: Mapping[str, Any]
    spread: Mapping[str, float]
    losses: Mapping[str, F64]
    out_of_fold: Mapping[str, F64]
    groups: I64

    def __call__(self, features: Columns, predicted: F64) -> dict[str, F64]:
        """The loss that is expected of each row, none below 0."""
        table = _encoded(self.columns, features, predicted)
        return {loss: _predicted(model, table) for loss, model in self.models.items()}

    def estimate(self, features: Columns, predicted: F64, *, confidence: float = CONFIDENCE) -> dict[str, Metric]:
        """The metrics that are expected of rows; those without a prediction are left out."""
        kept = np.isfinite(predicted)
        some = {name: values[kept] for name, values in features.items()}
        losses = self(some, predicted[kept]) if kept.any() else {loss: np.empty(0) for loss in self.models}
        return estimate_regression(
            {loss: RunningMean.of(values) for loss, values in losses.items()}, self.spread, confidence=confidence
        )


def learn_losses(
    features: Columns, predicted: F64, label: F64, *, groups: I64 | None = None, seed: int = 0
) -> DirectLoss:
    """Learn the losses of labelled rows; others are left out.

    `groups` says which rows belong together, such as those of a day: each is left out as a whole, because the rows of a
    day share more than their features. Numbers are taken as they are, names by their 200 most frequent values.

    Raises:
        Unavailable: scikit-learn is not installed.
        ValueError: fewer than 200 rows have a prediction and a label.
    """
    try:
        import sklearn.ensemble  # noqa: F401 - whether it is there
    except ImportError as error:
        raise Unavailable(NOT_INSTALLED) from error
    kept = np.isfinite(predicted) & np.isfinite(label)
    if np.count_nonzero(kept) < FEWEST:
        raise ValueError(
            f"{np.count_nonzero(kept):,} rows of the reference have a prediction and an outcome, and {FEWEST} are "
            "needed to learn how wrong predictions are; take a longer one"
        )
    some = {name: values[kept] for name, values in features.items()}
    columns = tuple((name, _categories(values)) for name, values in some.items() if values.ndim == 1)
    table, losses = _encoded(columns, some, predicted[kept]), _losses(predicted[kept], label[kept])
    together = np.zeros(int(kept.sum()), dtype=np.int64) if groups is None else groups[kept]
    fold = _halves(together, np.random.default_rng(seed))
    categorical = [names is not None for _, names in columns] + [False]
    apart = {loss: _out_of_fold(table, values, fold, categorical, seed) for loss, values in losses.items()}
    return DirectLoss(
        columns,
        {loss: _fitted(table, values, categorical, seed) for loss, values in losses.items()},
        {loss: float(np.nanmean((values - apart[loss]) ** 2)) for loss, values in losses.items()},
        losses,
        apart,
        together,
    )


def _losses(predicted: F64, label: F64) -> dict[str, F64]:
    """Each row's losses; a percentage of 0 does not exist, and is left out where all labels are 0."""
    residual = predicted - label
    shares = np.full(label.size, np.nan)
    np.divide(np.abs(residual), np.abs(label), out=shares, where=label != 0)
    found = {ABSOLUTE: np.abs(residual), SQUARED: residual**2, PERCENTAGE: shares}
    return {loss: found[loss] for loss in LOSSES if np.count_nonzero(np.isfinite(found[loss])) >= FEWEST}


def _halves(groups: I64, rng: np.random.Generator) -> npt.NDArray[np.bool_]:
    """Which rows are of the first half: every second group, or rows by chance where there are not two."""
    known = np.unique(groups)
    if known.size < 2:
        return rng.permutation(groups.size) < groups.size // 2
    halves: npt.NDArray[np.bool_] = np.searchsorted(known, groups) % 2 == 0
    return halves


def _out_of_fold(table: F64, losses: F64, fold: npt.NDArray[np.bool_], categorical: list[bool], seed: int) -> F64:
    found = np.full(losses.size, np.nan)
    for half in (fold, ~fold):
        if np.count_nonzero(np.isfinite(losses[~half])) and half.any():
            found[half] = _predicted(_fitted(table[~half], losses[~half], categorical, seed), table[half])
    return found


def _fitted(table: F64, losses: F64, categorical: list[bool], seed: int) -> Any:
    from sklearn.ensemble import HistGradientBoostingRegressor
    from threadpoolctl import threadpool_limits

    known = np.isfinite(losses)
    model = HistGradientBoostingRegressor(
        max_iter=_ROUNDS,
        min_samples_leaf=_LEAST_IN_LEAF,
        categorical_features=categorical,
        early_stopping=False,
        random_state=seed,
    )
    # Threads that wait for one another make a fit of a second one of minutes where the machine has other work.
    with threadpool_limits(limits=1, user_api="openmp"):
        return model.fit(table[known], losses[known])


def _predicted(model: Any, table: F64) -> F64:
    """The losses that a model expects, none below 0."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1, user_api="openmp"):
        found: F64 = np.maximum(model.predict(table), 0.0)
    return found


def _categories(values: npt.NDArray[Any]) -> tuple[str, ...] | None:
    """The most frequent names of a column; None for numbers."""
    if values.dtype.kind in "fiub":
        return None
    names, counts = np.unique([str(value) for value in values.tolist() if value is not None], return_counts=True)
    return tuple(names[np.argsort(-counts, kind="stable")[:_CATEGORIES]].tolist())


def _encoded(columns: tuple[tuple[str, tuple[str, ...] | None], ...], features: Columns, predicted: F64) -> F64:
    """A column of numbers for each feature, and the prediction last; what is not known is missing."""
    table = [_column(names, features.get(name), predicted.size) for name, names in columns]
    return np.column_stack([*table, predicted])


def _column(names: tuple[str, ...] | None, values: npt.NDArray[Any] | None, rows: int) -> F64:
    if values is None or (names is None) != (values.dtype.kind in "fiub"):
        return np.full(rows, np.nan)
    if names is None:
        return values.astype(np.float64)
    places = {name: float(place) for place, name in enumerate(names)}
    return np.array([places.get(str(value), np.nan) for value in values.tolist()], dtype=np.float64)
