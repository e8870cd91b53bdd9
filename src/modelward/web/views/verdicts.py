"""What performance, fairness and data quality may be said to be, each as one of the five states with words of its own;
and the list of windows with their verdicts.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from modelward.web.states import DRIFTED, HEALTHY, TOO_FEW, WARNING, State
from modelward.web.writing import metric


def said(state: State, word: str, meaning: str) -> State:
    """One of the five states, in words of its own."""
    return replace(state, word=word, of_column=word, meaning=meaning)


PERFORMANCE = {
    "ok": said(HEALTHY, "As expected", "What is known of the outcomes is as good as the standard asks."),
    "warning": said(WARNING, "Weaker", "Below the limit, and chance does not quite explain it."),
    "fallen": said(DRIFTED, "Fallen", "Below the limit with its whole interval."),
    "estimated_fall": said(WARNING, "Estimated to fall", "Outcomes are not known yet; the scores say it got worse."),
    "concept_drift": said(DRIFTED, "Concept drift", "The same scores no longer mean the same outcomes."),
    "partial": said(TOO_FEW, "Partly labelled", "Too few outcomes are known yet for a verdict."),
    "too_few": said(TOO_FEW, "Too few labels", "Too few outcomes are known for a verdict."),
    "no_labels": said(TOO_FEW, "No labels yet", "No outcome is known yet."),
    "no_baseline": said(TOO_FEW, "No standard yet", "There is nothing to hold the metric against."),
}
FAIRNESS = {
    "fair": said(HEALTHY, "Fair", "No group is selected markedly less often than another."),
    "unfair": said(DRIFTED, "Unfair", "Below the limit with its whole interval."),
    "below_baseline": said(WARNING, "Below its baseline", "Less fair than the model promised at registration."),
    "not_enough_rows": said(TOO_FEW, "Not enough rows to say", "Chance alone could make this difference."),
}
QUALITY = {
    "ok": said(HEALTHY, "Sound", "Nothing is wrong with the data."),
    "warning": said(WARNING, "Warning", "Something is odd with the data: worth a look."),
    "failed": said(DRIFTED, "Failed", "The data is not what the model was made for."),
    "too_few": said(TOO_FEW, "Too few rows", "There is not enough to tell anything from chance."),
}
SEGMENT = {
    "ok": said(HEALTHY, "No drift", "Nothing in this segment moved against the same segment before."),
    "warning": said(WARNING, "Moderate drift", "Something in this segment moved, moderately."),
    "drifted": said(DRIFTED, "Strong drift", "Something in this segment moved strongly."),
    "too_few": said(TOO_FEW, "Too few rows", "This segment is too small to tell anything from chance."),
}

WINDOWS = 30
"""So many windows are listed with their reasons; the numbers behind the chart have all of them."""


@dataclass(frozen=True)
class WindowRow:
    """One window: its verdict, the reason one click away, and its figures."""

    name: str
    address: str | None
    state: State
    reason: str
    values: tuple[str, ...]


def shown_of(many: int) -> str:
    """What to say where not all windows are listed."""
    return f"The newest {WINDOWS} of {many} windows; the numbers behind the chart have all." if many > WINDOWS else ""


figure = metric
"""A figure of the tabs: a metric or a rate."""


def between(low: float | None, high: float | None) -> str:
    """An interval in words, or nothing."""
    return f"{figure(low)} to {figure(high)}" if low is not None and high is not None else ""


def told(found: Mapping[str, Any] | None) -> tuple[str, str]:
    """A figure of the wire and its interval; what does not exist is a dash."""
    if not found or found.get("value") is None:
        return "–", ""
    return figure(found["value"]), between(found.get("low"), found.get("high"))
