"""The joint summary of predictions and labels, whatever the task: what a window's performance is computed from."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from modelward.monitoring.joint_plan import BINARY, MULTICLASS, OUTCOME, REGRESSION, Plan
from modelward.monitoring.joint_rows import Rows, groups_of, read_rows
from modelward.stats import BinaryScores, Confusion, GroupOutcomes, NumericSummary, Residuals, intersection
from modelward.stats.binary import Reader, Writer, from_document, to_document
from modelward.stats.group_outcomes import BETWEEN
from modelward.stats.labels import named

_MAGIC = b"MWOC"


@dataclass(frozen=True, eq=False)
class Outcome:
    """Of `rows` with a prediction, `labelled` have an outcome, `delays` seconds after it.

    Two classes: `confusion`, `scores`, and `unlabelled`, the scores of all rows predicted negative and positive, which
    an estimate needs. Many classes: `confusion`, and `scores` of whether the prediction was right. A regression:
    `residuals`.
    """

    rows: int
    labelled: int
    delays: NumericSummary
    confusion: Confusion | None = None
    scores: BinaryScores | None = None
    unlabelled: tuple[NumericSummary, NumericSummary] | None = None
    residuals: Residuals | None = None

    @classmethod
    def merge(cls, parts: Iterable["Outcome"]) -> "Outcome":
        """All rows together, in one step; a single one stays as it is."""
        every = list(parts)
        if len(every) == 1:
            return every[0]
        confusions = [part.confusion for part in every if part.confusion is not None]
        scores = [part.scores for part in every if part.scores is not None]
        sides = [part.unlabelled for part in every if part.unlabelled is not None]
        residuals = [part.residuals for part in every if part.residuals is not None]
        return cls(
            sum(part.rows for part in every),
            sum(part.labelled for part in every),
            NumericSummary.merge([part.delays for part in every]),
            Confusion.merge(confusions) if confusions else None,
            BinaryScores.merge(scores) if scores else None,
            (NumericSummary.merge([s[0] for s in sides]), NumericSummary.merge([s[1] for s in sides]))
            if sides
            else None,
            Residuals.merge(residuals) if residuals else None,
        )

    @property
    def exact(self) -> bool:
        """Whether every value is kept."""
        parts = [self.scores.exact] if self.scores else []
        parts += [side.exact for side in self.unlabelled or ()]
        return all(parts) and (self.residuals is None or self.residuals.residuals.exact)

    def to_bytes(self) -> bytes:
        """The summary as a versioned document, for `from_bytes`."""
        return to_document(_MAGIC, self._write)

    @classmethod
    def from_bytes(cls, data: bytes) -> "Outcome":
        """Read what `to_bytes` wrote; ValueError, with a sentence, for anything else."""
        return from_document(data, _MAGIC, cls._read)

    def _write(self, writer: Writer) -> None:
        held = (self.confusion, self.scores, self.unlabelled, self.residuals)
        writer.pack("2q4?", self.rows, self.labelled, *(part is not None for part in held))
        parts = [self.delays, self.confusion, self.scores, *(self.unlabelled or ()), self.residuals]
        for part in parts:
            if part is not None:
                part.write(writer)

    @classmethod
    def _read(cls, reader: Reader) -> "Outcome":
        rows, labelled, *held = reader.unpack("2q4?")
        return cls(
            int(rows),
            int(labelled),
            NumericSummary.read(reader),
            Confusion.read(reader) if held[0] else None,
            BinaryScores.read(reader) if held[1] else None,
            (NumericSummary.read(reader), NumericSummary.read(reader)) if held[2] else None,
            Residuals.read(reader) if held[3] else None,
        )


Summary = Outcome | GroupOutcomes


def summaries_of(table: pa.Table, plan: Plan) -> dict[str, Summary]:
    """Every joint summary of these rows, by its name."""
    rows = read_rows(table, plan)
    found: dict[str, Summary] = {OUTCOME: _outcome(rows, plan)}
    columns = {attribute.name: groups_of(table, attribute) for attribute in plan.protected}
    for one, other in plan.pairs:
        columns[f"{one.name}{BETWEEN}{other.name}"] = intersection(columns[one.name], columns[other.name])
    for name, groups in columns.items():
        found[name] = GroupOutcomes.of(rows.label, rows.predicted, groups, score=rows.score)
    return found


def merged(parts: Iterable[Summary]) -> Summary:
    """Summaries of one name together."""
    every = list(parts)
    outcomes = [part for part in every if isinstance(part, Outcome)]
    return (
        Outcome.merge(outcomes) if outcomes else GroupOutcomes.merge(p for p in every if isinstance(p, GroupOutcomes))
    )


def counts_of(summary: Summary) -> tuple[int, int]:
    """The rows with a prediction, and those with a label too."""
    if isinstance(summary, Outcome):
        return summary.rows, summary.labelled
    return int(summary.counts.sum()), int(summary.counts[:, :2].sum())


def _outcome(rows: Rows, plan: Plan) -> Outcome:
    head = (rows.predictions, int(rows.known.sum()), NumericSummary.of(rows.delays[~np.isnan(rows.delays)]))
    if plan.task == BINARY:
        sides = tuple(rows.score[(rows.predicted == side) & ~np.isnan(rows.score)] for side in (0.0, 1.0))
        return Outcome(
            *head,
            confusion=Confusion.of_binary(rows.label, rows.predicted),
            scores=BinaryScores.of(rows.label, rows.score, rows.predicted, threshold=plan.threshold),
            unlabelled=(NumericSummary.of(sides[0]), NumericSummary.of(sides[1])),
        )
    if plan.task == MULTICLASS:
        return Outcome(
            *head,
            confusion=Confusion.of(rows.label, rows.predicted),
            scores=BinaryScores.of(_right(rows), rows.score, threshold=plan.threshold),
            unlabelled=(NumericSummary.of(np.empty(0)), NumericSummary.of(rows.score[~np.isnan(rows.score)])),
        )
    if plan.task == REGRESSION:
        return Outcome(*head, residuals=Residuals.of(rows.label, rows.predicted))
    return Outcome(*head)


def _right(rows: Rows) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """1 where the prediction was the outcome, 0 where not, NaN where that is not known."""
    truth, guess = named(rows.label), named(rows.predicted)
    places = {name: place for place, name in enumerate(truth.classes)}
    same = np.array([places.get(name, -2) for name in guess.classes] or [-2])[guess.codes] == truth.codes
    return np.where(rows.known, same.astype(np.float64), np.nan)
