"""Every joint summary of a bucket's rows: of its outcomes, and of each protected attribute's groups."""

from collections.abc import Iterable

import pyarrow as pa

from modelward.monitoring.joint_plan import OUTCOME, Plan
from modelward.monitoring.joint_rows import groups_of, read_rows
from modelward.stats import GroupOutcomes, Outcome, intersection
from modelward.stats.group_outcomes import BETWEEN

Summary = Outcome | GroupOutcomes


def summaries_of(table: pa.Table, plan: Plan) -> dict[str, Summary]:
    """Every joint summary of these rows, by its name."""
    rows = read_rows(table, plan)
    outcome = Outcome.of(plan.task, rows, delays=rows.delays, threshold=plan.threshold)
    found: dict[str, Summary] = {OUTCOME: outcome}
    columns = {attribute.name: groups_of(table, attribute) for attribute in plan.protected}
    for one, other in plan.pairs:
        columns[f"{one.name}{BETWEEN}{other.name}"] = intersection(columns[one.name], columns[other.name])
    for name, groups in columns.items():
        found[name] = GroupOutcomes.of(rows.label, rows.predicted, groups, score=rows.score)
    return found


def merged(parts: Iterable[Summary]) -> Summary:
    """Summaries of one name together."""
    every = list(parts)
    outcomes = [part for part in every if isinstance(part, Outcome)]
    return (
        Outcome.merge(outcomes) if outcomes else GroupOutcomes.merge(p for p in every if isinstance(p, GroupOutcomes))
    )


def counts_of(summary: Summary) -> tuple[int, int]:
    """The rows with a prediction, and those with a label too."""
    if isinstance(summary, Outcome):
        return summary.rows, summary.labelled
    return int(summary.counts.sum()), int(summary.counts[:, :2].sum())
