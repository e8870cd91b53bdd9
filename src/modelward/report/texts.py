"""Columns of texts, judged by what can be counted of them: their length, their words, and words the reference lacks."""

from collections.abc import Mapping
from typing import Any
from zlib import crc32

import numpy as np
import numpy.typing as npt

from modelward.report.rows import Rows
from modelward.stats import CategoricalSummary, NumericSummary, Profile, Summary, Vocabulary

ROWS = 50_000
KINDS = ("length", "words", "unseen words")
_FEWEST, _DISTINCT, _LENGTH, _WORDS = 30, 0.5, 20, 3


def is_text(summary: Summary | None) -> bool:
    """Whether a column holds texts and not categories: of at least 30 values half are distinct, and those that are
    kept have on average 20 characters and 3 words. An id is distinct too, but one word.
    """
    if not isinstance(summary, CategoricalSummary) or summary.count < _FEWEST:
        return False
    if summary.distinct < _DISTINCT * summary.count:
        return False
    kept = summary.categories
    return sum(map(len, kept)) >= _LENGTH * len(kept) and sum(len(name.split()) for name in kept) >= _WORDS * len(kept)


def name_of_part(column: str, kind: str) -> str:
    """What a derived column is called: `review · length`."""
    return f"{column} · {kind}"


def with_texts(
    profiles: tuple[Profile, Profile], columns: Mapping[str, tuple[npt.NDArray[Any], npt.NDArray[Any]]]
) -> tuple[Profile, Profile]:
    """Both profiles with the summaries of what was derived from the rows of each text column, in its place."""
    derived = {name: _derived(*sides) for name, sides in columns.items()}
    before, now = (_replaced(profile, derived, side) for side, profile in enumerate(profiles))
    return before, now


def _replaced(profile: Profile, derived: Mapping[str, tuple[Mapping[str, Summary], ...]], side: int) -> Profile:
    kept: dict[str, Summary] = {}
    for name, summary in profile.columns.items():
        if name in derived:
            kept |= {name_of_part(name, kind): part for kind, part in derived[name][side].items()}
        else:
            kept[name] = summary
    return Profile(profile.rows, kept)


def _derived(before: npt.NDArray[Any], now: npt.NDArray[Any]) -> tuple[Mapping[str, Summary], Mapping[str, Summary]]:
    """What is counted of the texts of both sides.

    A reference would know each of its own words. So its texts are dealt out into two halves by their hash, and each
    text, on either side, is held against the vocabulary of the half that it is not in: without drift both sides have
    the same share of unseen words.
    """
    texts, others = _texts(before), _texts(now)
    half = _halves(texts)
    known = [Vocabulary.of([text for text, own in zip(texts, half, strict=True) if own == side]) for side in (0, 1)]
    return _counted(texts, len(before), half, known), _counted(others, len(now), _halves(others), known)


def _counted(
    texts: list[str], rows: int, half: npt.NDArray[np.int64], known: list[Vocabulary]
) -> Mapping[str, Summary]:
    figures = {
        "length": np.array([len(text) for text in texts], dtype=np.float64),
        "words": np.array([len(text.split()) for text in texts], dtype=np.float64),
        "unseen words": np.zeros(len(texts)),
    }
    for side in (0, 1):
        own = np.flatnonzero(half == side)
        figures["unseen words"][own] = known[1 - side].unseen([texts[place] for place in own])
    return {kind: NumericSummary.of(values, missing=rows - len(texts)) for kind, values in figures.items()}


def _texts(values: npt.NDArray[Any]) -> list[str]:
    return [str(value) for value in values.tolist() if value is not None and value == value]  # noqa: PLR0124 - NaN


def _halves(texts: list[str]) -> npt.NDArray[np.int64]:
    return np.array([crc32(text.encode("utf-8", "surrogatepass")) >> 7 & 1 for text in texts], dtype=np.int64)


def drawn_texts(before: Rows, now: Rows, columns: list[str]) -> dict[str, tuple[npt.NDArray[Any], npt.NDArray[Any]]]:
    """The rows of the text columns that were drawn on both sides."""
    return {name: (before[name], now[name]) for name in columns if name in before and name in now}
