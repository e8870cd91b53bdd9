"""What needs the rows themselves, a bounded sample of them: texts, vectors, and all columns together."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from modelward.errors import Invalid
from modelward.report.columns import VECTORS
from modelward.report.dated import readable_again
from modelward.report.rows import Rows, draw
from modelward.report.texts import ROWS as TEXT_ROWS
from modelward.report.texts import drawn_texts, is_text, with_texts
from modelward.rules.finding import ColumnFinding
from modelward.rules.monitor import Monitor
from modelward.rules.together import JointFinding, judge_together, judge_vectors
from modelward.stats import (
    DistanceOfMeans,
    DomainClassifier,
    Profile,
    distance_of_means,
    domain_classifier,
    pca_reconstruction,
)
from modelward.stats.joint_rows import leading

ROWS = 10_000


@dataclass(frozen=True)
class Tables:
    """Both tables, what was read of them, and the seed by which rows are drawn."""

    reference: Any
    current: Any
    profiles: tuple[Profile, Profile]
    left_out: Mapping[str, str]
    seed: int = 0
    texts: Sequence[str] | bool = True

    @property
    def readable(self) -> bool:
        """Whether the rows of both can be read once more: not those of a profile or of a stream."""
        sides = (self.reference, self.current)
        return not any(isinstance(side, Profile) for side in sides) and all(map(readable_again, sides))


@dataclass(frozen=True)
class Vectors:
    """The rows of columns of vectors, and the reasons why others are none."""

    columns: Mapping[str, tuple[npt.NDArray[Any], npt.NDArray[Any]]] = field(default_factory=dict)
    left_out: Mapping[str, str] = field(default_factory=dict)


def texts_of(tables: Tables) -> tuple[Profile, Profile]:
    """The profiles with each column of texts replaced by what is derived from it.

    Raises:
        Invalid: a column that was named as texts is not there, or its rows cannot be read once more.
    """
    columns = _text_columns(tables)
    if not columns:
        return tables.profiles
    sides = _drawn(tables, columns, TEXT_ROWS)
    return with_texts(tables.profiles, drawn_texts(*sides, columns))


def _text_columns(tables: Tables) -> list[str]:
    before, now = (profile.columns for profile in tables.profiles)
    if tables.texts is True:
        found = [name for name in before if is_text(before[name]) and name in now]
        return found if found and tables.readable else []
    named = [tables.texts] if isinstance(tables.texts, str) else list(tables.texts or ())
    for name in named:
        if name not in before or name not in now:
            raise Invalid(f"there is no column {name!r} on both sides, which was named among the texts")
    if named and not tables.readable:
        raise Invalid("texts are judged by their rows, and those of a profile or a stream cannot be read once more")
    return named


def vectors_of(tables: Tables) -> Vectors:
    """The columns that hold a list of numbers, of one length, in both tables."""
    columns = [name for name, reason in tables.left_out.items() if reason == VECTORS]
    if not columns or not tables.readable:
        return Vectors()
    before, now = _drawn(tables, columns, ROWS)
    found, uneven = {}, {}
    for name in columns:
        sides = _of_one_length(before[name], now[name]) if name in before and name in now else None
        if sides is None:
            uneven[name] = "its lists of numbers are not of one length in both tables, so that they are no vectors"
        else:
            found[name] = sides
    return Vectors(found, uneven)


def _of_one_length(before: npt.NDArray[Any], now: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], npt.NDArray[Any]] | None:
    """Both sides as vectors, those of a side that are all missing as long as the others; None where they are none."""
    length = max(side.shape[1] if side.ndim == 2 else 0 for side in (before, now))
    first, second = (np.full((len(side), length), np.nan) if _is_empty(side) else side for side in (before, now))
    return (first, second) if length and first.shape[1:] == second.shape[1:] == (length,) else None


def _is_empty(side: npt.NDArray[Any]) -> bool:
    """Whether not one value of a column is there."""
    if side.ndim == 2:
        return not side.shape[1]
    return all(value is None or value != value for value in side.tolist())  # noqa: PLR0124 - only NaN differs from itself


def judge_every_vector(vectors: Vectors, monitor: Monitor, seed: int) -> tuple[ColumnFinding, ...]:
    """A finding for each column of vectors."""
    return tuple(
        judge_vectors(
            name,
            *_told_apart(before, now, monitor, seed),
            monitor,
            rows=(_present(before), _present(now)),
            missing=(len(before) - _present(before), len(now) - _present(now)),
            among=len(vectors.columns),
        )
        for name, (before, now) in vectors.columns.items()
    )


def _told_apart(
    before: npt.NDArray[Any], now: npt.NDArray[Any], monitor: Monitor, seed: int
) -> tuple[DomainClassifier | None, DistanceOfMeans | None]:
    if min(_present(before), _present(now)) < max(monitor.minimum_rows, _FEWEST):
        return None, None
    short = leading(before, now, _PLACES)
    return domain_classifier({"": short[0]}, {"": short[1]}, seed=seed), distance_of_means(before, now, seed=seed)


_PLACES = 48  # Longer vectors are brought to so many before they are told apart.
_FEWEST = 50  # What the statistics need, however few rows a monitor asks for.


def _present(vectors: npt.NDArray[Any]) -> int:
    return int(np.isfinite(vectors).all(axis=1).sum())


def judged_together(tables: Tables, monitor: Monitor) -> set[str]:
    """The columns of both tables that are looked at together: all but labels, those ignored, texts and vectors."""
    before, now = (profile.columns for profile in tables.profiles)
    kept = {name for name in before if name in now} - monitor.labels - monitor.ignore
    return kept - set(_text_columns(tables))


def together(tables: Tables, columns: Collection[str], monitor: Monitor) -> JointFinding:
    """The verdict on all columns together, from at most 10,000 rows of each table.

    Raises:
        Invalid: the rows cannot be read once more.
    """
    if not tables.readable:
        raise Invalid("all columns together are judged by their rows; give tables or files, no profiles and no streams")
    before, now = _drawn(tables, columns, ROWS)
    rows = [max((len(values) for values in side.values()), default=0) for side in (before, now)]
    if min(rows) < max(monitor.minimum_rows, _FEWEST):
        return judge_together(None, None, monitor)
    try:
        classifier = domain_classifier(before, now, seed=tables.seed)
        return judge_together(classifier, pca_reconstruction(before, now, seed=tables.seed), monitor)
    except ValueError as error:
        raise Invalid(str(error)) from error


def _drawn(tables: Tables, columns: Collection[str], rows: int) -> tuple[Rows, Rows]:
    rng = np.random.default_rng(tables.seed)
    return draw(tables.reference, columns, rows, rng), draw(tables.current, columns, rows, rng)
