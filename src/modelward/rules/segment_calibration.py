"""By which windows the parts of a segment are calibrated: their own in the reference, else those of all parts together,
else those of the whole.

A part is smaller than the whole, and has days of its own: an airport's storms are averaged out of a city's. So the
whole's windows are the last choice. Those of all parts together hold the restless parts too, so that a borrowed
yardstick is rather too long than too short.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from modelward.rules import phrases
from modelward.rules.calibration import FEWEST, Calibration, Whose

LEAST = 2
"""So many windows of a part are worth keeping: with those of other parts they make a yardstick."""


@dataclass(frozen=True)
class PartCalibration:
    """What a part is calibrated by, and which windows that are, in a sentence."""

    calibration: Calibration | None
    said: str


def part_calibrations(
    column: str,
    values: Collection[str],
    own: Mapping[str, Calibration],
    whole: Calibration | None,
    minimum_rows: int,
) -> dict[str, PartCalibration]:
    """The yardstick of each value of one segment.

    Args:
        column: What divides the rows; it is itself not judged within a part.
        values: Those that are to be judged.
        own: What the reference's windows of each value showed, of those that have two or more.
        whole: The yardstick of the whole model, where it has one.
        minimum_rows: The rows that a window must hold, for the sentence.
    """
    lent = [_without(found, column) for found in (pooled(own.values()), whole) if found is not None]
    return {value: _part(own.get(value), lent, minimum_rows) for value in values}


def pooled(parts: Iterable[Calibration]) -> Calibration | None:
    """The windows of all parts as if they were of one; None where these are fewer than 20 together."""
    some = list(parts)
    blocks = sum(part.blocks for part in some)
    if blocks < FEWEST:
        return None
    names = {(column, name) for part in some for column, figures in part.figures.items() for name in figures}
    figures: dict[str, dict[str, np.ndarray]] = {}
    for column, name in sorted(names):
        shown = [part.figures[column][name] for part in some if name in part.figures.get(column, {})]
        figures.setdefault(column, {})[name] = np.concatenate(shown)
    return Calibration(blocks, some[0].q, figures, Whose.SEGMENTS)


def _without(calibration: Calibration, column: str) -> Calibration:
    return replace(calibration, figures={name: some for name, some in calibration.figures.items() if name != column})


def _part(own: Calibration | None, lent: list[Calibration], minimum_rows: int) -> PartCalibration:
    """Column by column the first that can say anything: its own windows, those of all parts, those of the whole."""
    every = lent if own is None else [replace(own, whose=Whose.SEGMENT), *lent]
    chosen: dict[str, Calibration] = {}
    for found in every:
        for column in found.figures:
            if column not in chosen and found.known(column, "psi").size:
                chosen[column] = found
    blocks = own.blocks if own else 0
    few = f"fewer than {FEWEST} windows of this segment ({blocks}) hold {minimum_rows:,} rows"
    if not chosen:
        return PartCalibration(None, f"It has no yardstick of the reference's own windows: {few}.")
    figures = {column: found.figures[column] for column, found in chosen.items()}
    borrowed = {column: found.whose for column, found in chosen.items() if found.whose is not Whose.SEGMENT}
    calibration = Calibration(blocks, every[0].q, figures, Whose.SEGMENT, borrowed)
    return PartCalibration(calibration, f"Its yardstick: {_said(chosen, few)}.")


def _said(chosen: Mapping[str, Calibration], few: str) -> str:
    told = {found.whose: f"{found.blocks:,} {found.whose.windows}" for found in chosen.values()}
    mine = told.pop(Whose.SEGMENT, None)
    if mine is None:
        return f"{' and '.join(told.values())}, since {few}"
    others = [column for column, found in chosen.items() if found.whose is not Whose.SEGMENT]
    return f"{mine}, for {phrases.quoted(others)} {' and '.join(told.values())}" if others else mine
