"""Performance and fairness of a span for its report, from the joint summaries of its buckets."""

from collections.abc import Iterable, Mapping

from sqlalchemy.orm import Session

from modelward.monitoring.estimates import Basis
from modelward.monitoring.joint import Watched, read_watched
from modelward.monitoring.joint_outcome import Summary, merged
from modelward.monitoring.joint_plan import OUTCOME
from modelward.monitoring.joint_store import Span, joint_of
from modelward.report.fairness import fairness_of
from modelward.report.judged_outcomes import Judged, unjudged
from modelward.report.outcomes import Outcomes
from modelward.report.performance import performance_of
from modelward.stats import GroupOutcomes, Outcome


def outcomes_of(session: Session, model_id: int, span: Span) -> Judged:
    """The verdicts, held against what every window is held against: the reference, or the first labelled windows.

    Nothing of a span without predictions, or of a model whose windows have nothing to be held against yet.
    """
    watched = read_watched(session, model_id)
    basis = Basis.of(watched.state.basis if watched and watched.state else None)
    if watched is None or basis is None:
        return Judged(None, ())
    before, now = (_outcomes(session, watched, spans) for spans in (basis.spans, [span]))
    if before is None or now is None:
        return Judged(None, ())
    if watched.mismatch:
        return unjudged(watched.plan.task, watched.mismatch)
    monitor = watched.subject.monitor
    performance = performance_of(before, now, monitor, source=f"of {basis.source}")
    return Judged(performance, fairness_of(before.groups, now.groups, monitor))


def _outcomes(session: Session, watched: Watched, spans: Iterable[Span]) -> Outcomes | None:
    parts: dict[str, list[Summary]] = {}
    for span in spans:
        found = joint_of(session, model_id=watched.model_id, recipe=watched.plan.recipe, span=span)
        for name, summary in found.items():
            parts.setdefault(name, []).append(summary)
    whole = {name: merged(some) for name, some in parts.items()}
    outcome = whole.pop(OUTCOME, None)
    return Outcomes(watched.plan.task, outcome, _groups(whole)) if isinstance(outcome, Outcome) else None


def _groups(found: Mapping[str, Summary]) -> dict[str, GroupOutcomes]:
    return {name: counts for name, counts in found.items() if isinstance(counts, GroupOutcomes)}
