"""Segments ranked by their loss: where the model is most wrong."""

from collections.abc import Mapping
from typing import Any

from modelward.monitoring.segment_parts import Part
from modelward.rules.outcome_json import metric_json
from modelward.rules.outcome_metrics import measured
from modelward.rules.segment_ranking import rank_by_loss
from modelward.stats import Metric, Outcome
from modelward.stats.outcome import BINARY, MULTICLASS, REGRESSION

ERROR_RATE = "error_rate"
_LOSSES: Mapping[str, tuple[str, ...]] = {
    BINARY: ("brier_score",),
    REGRESSION: ("mean_absolute_error",),
    MULTICLASS: (),
}


def ranking_json(parts: Mapping[str, Part], task: str) -> dict[str, Any]:
    """The segments with known outcomes, the largest loss first; empty where no outcome is known.

    The loss is the Brier score of two classes with scores, the mean absolute error of a regression, else the share of
    wrong predictions.
    """
    known = {name: part.outcome for name, part in parts.items()}
    outcomes = {name: found for name, found in known.items() if found is not None and found.labelled}
    if not outcomes:
        return {"loss": None, "whole": None, "segments": []}
    whole = Outcome.merge(found for found in outcomes.values())
    of_whole = measured(whole, task)
    name = next((loss for loss in _LOSSES.get(task, ()) if loss in of_whole), ERROR_RATE)
    losses = {value: _loss(outcome, task, name) for value, outcome in outcomes.items()}
    there = {value: loss for value, loss in losses.items() if loss is not None}
    everywhere = _loss(whole, task, name)
    if everywhere is None:
        return {"loss": None, "whole": None, "segments": []}
    ranked = rank_by_loss(there, everywhere)
    return {
        "loss": name,
        "whole": metric_json(everywhere),
        "segments": [
            {"segment": one.segment, **metric_json(one.loss), "worse": one.worse, "reason": one.reason}
            for one in ranked
        ],
    }


def _loss(outcome: Outcome, task: str, name: str) -> Metric | None:
    found = measured(outcome, task)
    if name in found:
        return found[name] if found[name].statistic == found[name].statistic else None
    right = found.get("accuracy")
    if right is None:
        return None
    return Metric(1 - right.statistic, 1 - right.high, 1 - right.low, right.n, right.interval, right.confidence)
