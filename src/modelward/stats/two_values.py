"""A column of two values as a table of two rows, for the tests that are made for it."""

from typing import NamedTuple

from modelward.stats.cells import Cells, cells_of
from modelward.stats.samples import Sample


class TwoByTwo(NamedTuple):
    """How often the value of interest came, and how often the other, on each side."""

    category: str
    found_reference: int
    other_reference: int
    found_current: int
    other_current: int

    @property
    def n_reference(self) -> int:
        """Rows of the reference."""
        return self.found_reference + self.other_reference

    @property
    def n_current(self) -> int:
        """Rows of the current sample."""
        return self.found_current + self.other_current


def values_of(reference: Sample, current: Sample) -> Cells:
    """A cell for each distinct value of both sides, missing and invalid rows left out."""
    return cells_of(reference, current, "values")


def two_by_two(cells: Cells, category: str | None, *, test: str) -> TwoByTwo:
    """The table of one category against all others; without a name, that of the first of two in the order of names.

    Raises:
        ValueError: there are more than two categories and none was named.
    """
    counts = {
        label: (int(before), int(now))
        for label, before, now in zip(cells.labels, cells.reference_counts, cells.current_counts, strict=True)
    }
    if category is None:
        if len(counts) > 2:
            raise ValueError(
                f"{test} compares two categories, and there are {len(counts):,}; name one of them as category, to hold"
                " it against all others, or use chi_squared or g_test."
            )
        category = cells.labels[0] if cells.labels else ""
    before, now = counts.get(category, (0, 0))
    return TwoByTwo(category, before, round(cells.n_reference) - before, now, round(cells.n_current) - now)
