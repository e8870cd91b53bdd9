"""A table's summary: that of each of its columns, and the number of rows."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Self

from modelward.stats.binary import Reader, Writer, from_document, require, to_document
from modelward.stats.categorical_summary import CategoricalSummary
from modelward.stats.numeric_summary import NumericSummary
from modelward.stats.samples import Sample, Summary, column_summary

_MAGIC = b"MWPR"
_NUMERIC, _CATEGORICAL = 1, 2


@dataclass(frozen=True, eq=False)
class Profile:
    """The rows and the columns of a table, summarised. Profiles add up: a day is the sum of its hours.

    >>> monday = Profile.of({"age": [31, 45], "town": ["Bonn", "Köln"]})
    >>> tuesday = Profile.of({"age": [28]})
    >>> both = monday + tuesday
    >>> both.rows, both.columns["age"].maximum, both.columns["town"].missing
    (3, 45.0, 1)
    """

    rows: int
    columns: Mapping[str, Summary]

    @classmethod
    def of(cls, columns: Mapping[str, Sample]) -> Self:
        """Summarise columns of equal length, each an array or a summary made already."""
        summaries = {
            name: values if isinstance(values, Summary) else column_summary(values) for name, values in columns.items()
        }
        lengths = {summary.rows for summary in summaries.values()}
        if len(lengths) > 1:
            raise ValueError(f"The columns have different lengths: {sorted(lengths)}. A profile is of one table.")
        return cls(lengths.pop() if lengths else 0, summaries)

    @classmethod
    def merge(cls, profiles: Iterable[Self]) -> Self:
        """All rows together, in one step. Rows of a profile that lacks a column are missing in it."""
        parts = [profile for profile in profiles if profile.rows or profile.columns]
        names = dict.fromkeys(name for part in parts for name in part.columns)
        return cls(sum(part.rows for part in parts), {name: _merge_column(name, parts) for name in names})

    def __add__(self, other: Self) -> Self:
        return self.merge([self, other])

    def to_bytes(self) -> bytes:
        """The profile as a versioned document, for `from_bytes`."""
        return to_document(_MAGIC, self._write)

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read what `to_bytes` wrote; ValueError, with a sentence, for anything else."""
        return from_document(data, _MAGIC, cls._read)

    def _write(self, writer: Writer) -> None:
        writer.pack("qI", self.rows, len(self.columns))
        for name, summary in self.columns.items():
            writer.text(name)
            writer.pack("B", _NUMERIC if isinstance(summary, NumericSummary) else _CATEGORICAL)
            summary.write(writer)

    @classmethod
    def _read(cls, reader: Reader) -> Self:
        rows, width = map(int, reader.unpack("qI"))
        require(rows >= 0, "its rows are negative")
        columns: dict[str, Summary] = {}
        for _ in range(width):
            name = reader.text()
            require(name not in columns, "a column is there twice")
            columns[name] = _read_column(reader)
            require(columns[name].rows == rows, "a column has another number of rows")
        return cls(rows, columns)


def _read_column(reader: Reader) -> Summary:
    kind = reader.unpack("B")[0]
    require(kind in (_NUMERIC, _CATEGORICAL), "a column is of an unknown kind")
    return NumericSummary.read(reader) if kind == _NUMERIC else CategoricalSummary.read(reader)


def _merge_column(name: str, parts: Iterable[Profile]) -> Summary:
    """One column of all parts; where it is of two kinds, the kind that saw more values stays, and the others are
    invalid.
    """
    absent = 0
    numeric: list[NumericSummary] = []
    categorical: list[CategoricalSummary] = []
    for part in parts:
        summary = part.columns.get(name)
        if summary is None:
            absent += part.rows
        elif isinstance(summary, NumericSummary):
            numeric.append(summary)
        else:
            categorical.append(summary)
    numbers, names = sum(part.numbers for part in numeric), sum(part.count for part in categorical)
    if categorical and (names > numbers or not numeric):
        merged: Summary = CategoricalSummary.merge(categorical)
        missing, invalid = _aside(numeric, numbers)
    else:
        merged = NumericSummary.merge(numeric)
        missing, invalid = _aside(categorical, names)
    missing += absent
    if not missing and not invalid:
        return merged
    return replace(merged, missing=merged.missing + missing, invalid=merged.invalid + invalid)


def _aside(parts: Iterable[Summary], seen: int) -> tuple[int, int]:
    others = list(parts)
    return sum(part.missing for part in others), seen + sum(part.invalid for part in others)
