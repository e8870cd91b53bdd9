"""Performance and fairness of a span for its report, from the joint summaries of its buckets."""

from collections.abc import Iterable, Mapping

from sqlalchemy.orm import Session

from modelward.monitoring.estimates import Basis
from modelward.monitoring.joint import Watched, read_watched
from modelward.monitoring.joint_outcome import Summary, merged
from modelward.monitoring.joint_plan import OUTCOME
from modelward.monitoring.joint_store import Span, joint_of
from modelward.monitoring.segment_answers import PartRead
from modelward.monitoring.segment_judge import basis_parts, expected_of, groups_of
from modelward.monitoring.segment_store import Parts
from modelward.monitoring.segments import parts_named
from modelward.report.fairness import fairness_of
from modelward.report.judged_outcomes import Judged, unjudged
from modelward.report.outcomes import Outcomes
from modelward.report.performance import performance_of
from modelward.report.segment_outcomes import Known, fairness_by_segment, performances_of
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


def outcomes_of_part(session: Session, read: PartRead) -> Judged:
    """The verdicts on one value of a segment, as one of all that are judged together; nothing where it has no
    predictions.
    """
    found, name = read.asked.found, read.asked.by.name
    watched, monitor = found.watched, found.watched.subject.monitor
    expected = expected_of(session, found).among(read.current)
    yard = expected.yard
    before, now = (_of_parts(parts, name, watched) for parts in (basis_parts(session, found), read.current))
    known = Known(
        watched.plan.task,
        yard.calibration,
        yard.basis.note if yard.basis else "",
        holds=yard.estimates_hold,
        refused=yard.refused,
    )
    source = f"measured on the same part of {yard.basis.source}" if yard.basis else ""
    performances = performances_of(before, now, known, monitor, source=source, looks=yard.looks)
    fairness = fairness_by_segment(before, now, monitor, looks=groups_of(found, read.current))
    return Judged(performances.get(read.value), fairness.get(read.value, ()))


def _of_parts(parts: Parts, segment: str, watched: Watched) -> dict[str, Outcomes]:
    """The outcomes of each value of a segment."""
    named = parts_named(parts, segment)
    return {
        value: Outcomes(watched.plan.task, part.outcome, _groups({**part.joint}))
        for value, part in named.items()
        if part.outcome is not None
    }


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
