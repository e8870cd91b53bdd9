"""All columns of a span together, with its vectors and texts, as the tab of segments shows them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from modelward.web.states import State
from modelward.web.views.verdicts import SEGMENT
from modelward.web.writing import exact, score


@dataclass(frozen=True)
class TogetherView:
    """The verdict and its reason, what gives the rows away, and each vector or text with its own verdict."""

    state: State
    reason: str
    columns: tuple[tuple[str, str], ...]
    findings: tuple[tuple[str, State, str], ...]
    not_watched: tuple[tuple[str, str], ...]
    sizes: str


def together_view(answer: Mapping[str, Any]) -> TogetherView:
    """The section of `GET /models/{model}/together`."""
    joint = answer["together"]
    classifier = joint["domain_classifier"] or {"columns": []}
    return TogetherView(
        state=SEGMENT[joint["verdict"]],
        reason=joint["reason"],
        columns=tuple((entry["column"], score(entry["importance"])) for entry in classifier["columns"]),
        findings=tuple((entry["column"], SEGMENT[entry["verdict"]], entry["reason"]) for entry in answer["columns"]),
        not_watched=tuple(answer["not_watched"].items()),
        sizes=f"{exact(answer['rows'])} sampled rows against {exact(answer['rows_reference'])}.",
    )
