"""What one value is worth in a column: a number, a text, a boolean, nothing, or something that does not fit."""

import json
import math
from collections import Counter
from collections.abc import Iterable
from typing import Any, Final

import msgspec

from modelward.registry.service import FeatureKind

MISFIT: Final = object()
"""The value does not fit its column: it is kept aside, and counted as invalid."""

MAX_TEXT_CHARACTERS: Final = 10_000
"""What is longer is no category. It is kept aside."""

_INFINITIES = {"Infinity": math.inf, "-Infinity": -math.inf}
_encoder = msgspec.json.Encoder()
_WHOLE_CHARACTERS = 300  # a double has 309 digits at most; Python reads 4,300 and then refuses the whole text


def fitted(value: Any, kind: FeatureKind) -> Any:
    """The value as its column stores it; None for nothing, MISFIT for what does not fit."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if kind is FeatureKind.NUMERIC:
        return number_of(value)
    if kind is FeatureKind.BOOLEAN:
        return boolean_of(value)
    return text_of(value)


def number_of(value: Any) -> Any:
    """Booleans are 0 and 1; the texts "Infinity" and "NaN" stand for what JSON has no number for."""
    if isinstance(value, bool | int | float):
        try:
            return float(value)
        except OverflowError:
            return math.inf if value > 0 else -math.inf
    if value == "NaN":
        return None
    return _INFINITIES.get(value, MISFIT) if isinstance(value, str) else MISFIT


def boolean_of(value: Any) -> Any:
    """True and False, and the numbers 1 and 0."""
    return bool(value) if isinstance(value, bool | int | float) and value in (0, 1) else MISFIT


def text_of(value: Any) -> Any:
    """Text as it is, unless it is too long for a category; numbers and booleans as JSON writes them."""
    if isinstance(value, str):
        return value if len(value) <= MAX_TEXT_CHARACTERS else MISFIT
    return json_of(value) if isinstance(value, bool | int | float) else MISFIT


def kind_of(values: Iterable[Any]) -> FeatureKind | None:
    """The kind that most values have; None when they decide nothing. Numbers and booleans together are numbers."""
    seen = Counter(kind for value in values if (kind := _kind(value)) is not None)
    if not seen:
        return None
    text, number, boolean = (seen[kind] for kind in (FeatureKind.CATEGORICAL, FeatureKind.NUMERIC, FeatureKind.BOOLEAN))
    if text >= number + boolean:
        return FeatureKind.CATEGORICAL
    return FeatureKind.NUMERIC if number else FeatureKind.BOOLEAN


def _kind(value: Any) -> FeatureKind | None:
    if isinstance(value, bool):
        return FeatureKind.BOOLEAN
    if isinstance(value, int | float) or (isinstance(value, str) and value in _INFINITIES):
        return FeatureKind.NUMERIC
    return FeatureKind.CATEGORICAL if isinstance(value, str) and value != "NaN" else None


def whole_of(text: str) -> int | float:
    """A whole number as JSON writes it; one that no double holds is infinite, however long it is."""
    return int(text) if len(text) <= _WHOLE_CHARACTERS else float(text)


def decoded_json(text: bytes) -> Any:
    """The JSON, with infinities for numbers beyond a double.

    Raises:
        ValueError: it is none.
        RecursionError: it is nested too deep.
    """
    return json.loads(text, parse_int=whole_of)


def json_of(value: Any) -> str:
    """The value as JSON text; what JSON cannot say, as text in it."""
    if isinstance(value, float) and not math.isfinite(value):
        return _encoder.encode(str(value)).decode()
    return _encoder.encode(value).decode()
