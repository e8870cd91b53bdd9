"""The five states of a model: each has a word, a shape and a colour, the same on every page."""

from dataclasses import dataclass


@dataclass(frozen=True)
class State:
    """`slug` names the colour (a CSS class) and the shape (a symbol in templates/_shapes.html); columns have words of
    their own for it.
    """

    slug: str
    word: str
    of_column: str
    meaning: str
    severity: int


HEALTHY = State("healthy", "Healthy", "No drift", "Nothing that matters moved against the reference.", 1)
WARNING = State("warning", "Warning", "Moderate drift", "Something moved, moderately: worth a look.", 4)
DRIFTED = State(
    "drifted", "Drifted", "Strong drift", "The data moved strongly, or again and again: predictions may be wrong.", 5
)
TOO_FEW = State("too-few", "Too few data", "Too few rows", "There is not enough yet to tell anything from chance.", 2)
SILENT = State("silent", "Silent", "Silent", "Events used to arrive, and have stopped.", 3)

STATES = (HEALTHY, WARNING, DRIFTED, TOO_FEW, SILENT)
_BY_VALUE = {"ok": HEALTHY, "reference": HEALTHY} | {s.slug.replace("-", "_"): s for s in STATES}


def state_of(value: str | None) -> State:
    """The state for a model's health or the level of a window or column; what nobody decided yet is too few data."""
    return _BY_VALUE.get(str(value), TOO_FEW) if value else TOO_FEW
