"""Two profiles in, a verdict out: the one comparison that the library, the command line and the service share."""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from modelward.rules.calibration import Calibration
from modelward.rules.column import Weighed, judge, weigh
from modelward.rules.finding import ColumnFinding, Comparison
from modelward.rules.fitting_tests import fitting_tests, told_of, unlearned
from modelward.rules.monitor import Monitor
from modelward.rules.named_test import judge_by_name, test_for
from modelward.rules.schema import alike, kind_of, one_sided, other_kind, too_few, without_missing
from modelward.rules.verdict import Verdict, worst
from modelward.stats import Profile, Summary, benjamini_hochberg

K = TypeVar("K", bound=Hashable)

_DEFAULT = Monitor()
_SAID = 3  # So many columns are named in the sentence of the whole.


def compare_profiles(
    reference: Profile, current: Profile, monitor: Monitor = _DEFAULT, calibration: Calibration | None = None
) -> Comparison:
    """Compare every column of two profiles and give the verdict on each and on the whole.

    A column is `drifted` or `warning` only when the effect is large enough to matter and chance does not explain it;
    see `Monitor` for the sizes. With a `calibration` the effect must also be larger than what the reference's own
    windows show among themselves. The order of the columns is the reference's, with new ones at the end.

    Raises:
        ValueError: a named test does not fit its column.
    """
    answers = _first_looks(reference, current, monitor, calibration)
    adjusted = _adjusted(_ruled(answers, monitor), monitor)
    return _whole(answers, adjusted, (reference.rows, current.rows), monitor, calibration)


def compare_family(
    pairs: Mapping[K, tuple[Profile, Profile]],
    monitor: Monitor = _DEFAULT,
    calibrations: Mapping[K, Calibration] | None = None,
) -> dict[K, Comparison]:
    """Compare many pairs of profiles, such as one a segment, as one family: chance is judged over all columns of all
    of them together, so that more segments do not make more false alarms.

    A pair with a calibration must lie farther off than that allows, at `q` over all pairs. A named test that does not
    fit its column in a pair gives way to the rule there, and a threshold that cannot be learned to the usual one; the
    finding says so.
    """
    held = calibrations or {}
    members = {name: _Member.of(pair, monitor, held.get(name), len(pairs)) for name, pair in pairs.items()}
    ruled = [(name, entry) for name, one in members.items() for entry in one.ruled]
    p_values = benjamini_hochberg([entry.measured.p_value for _, entry in ruled], monitor.q).p_values.tolist()
    adjusted: dict[K, dict[str, float]] = {name: {} for name in pairs}
    for (name, entry), p_value in zip(ruled, p_values, strict=True):
        adjusted[name][entry.column] = p_value
    return {name: one.settled(adjusted[name]) for name, one in members.items()}


@dataclass(frozen=True)
class _Member:
    """One pair of a family, looked at and not yet judged; `untold` is what is to be said of columns beside it."""

    answers: Sequence[ColumnFinding | Weighed]
    rows: tuple[int, int]
    monitor: Monitor
    calibration: Calibration | None
    untold: Mapping[str, str]

    @classmethod
    def of(
        cls, pair: tuple[Profile, Profile], monitor: Monitor, calibration: Calibration | None, members: int
    ) -> "_Member":
        known = calibration and calibration.among(members)
        fitting, wrong = fitting_tests(monitor, *pair, known)
        answers = _first_looks(*pair, fitting, known)
        named = {entry.column: test_for(entry, fitting) for entry in answers if isinstance(entry, Weighed)}
        untold = {**unlearned(named, fitting, known), **wrong}
        return cls(answers, (pair[0].rows, pair[1].rows), fitting, known, untold)

    @property
    def ruled(self) -> list[Weighed]:
        return _ruled(self.answers, self.monitor)

    def settled(self, adjusted: Mapping[str, float]) -> Comparison:
        """The verdict, now that chance was judged over the family."""
        return told_of(_whole(self.answers, adjusted, self.rows, self.monitor, self.calibration), self.untold)


def _first_looks(
    reference: Profile, current: Profile, monitor: Monitor, calibration: Calibration | None
) -> list[ColumnFinding | Weighed]:
    return [
        _first_look(column, reference.columns.get(column), current.columns.get(column), monitor, calibration)
        for column in _columns(reference, current, monitor)
    ]


def _ruled(answers: Sequence[ColumnFinding | Weighed], monitor: Monitor) -> list[Weighed]:
    """Those that the rule judges; a test the user named stands for itself."""
    return [entry for entry in answers if isinstance(entry, Weighed) and test_for(entry, monitor) is None]


def _whole(
    answers: Sequence[ColumnFinding | Weighed],
    adjusted: Mapping[str, float],
    rows: tuple[int, int],
    monitor: Monitor,
    calibration: Calibration | None,
) -> Comparison:
    columns = tuple(_settle(answer, adjusted, monitor, calibration) for answer in answers)
    verdict = worst(finding.verdict for finding in columns)
    return Comparison(verdict, columns, *rows, _sentence(verdict, columns, *rows))


def with_columns(comparison: Comparison, added: Sequence[ColumnFinding]) -> Comparison:
    """The comparison with the findings of columns that were judged by their rows, such as those of vectors."""
    if not added:
        return comparison
    columns = (*comparison.columns, *added)
    verdict = worst(finding.verdict for finding in columns)
    rows = comparison.rows_reference, comparison.rows_current
    return Comparison(verdict, columns, *rows, _sentence(verdict, columns, *rows))


def _columns(reference: Profile, current: Profile, monitor: Monitor) -> Iterator[str]:
    new = (column for column in current.columns if column not in reference.columns)
    return (column for column in (*reference.columns, *new) if column not in monitor.ignore)


def _first_look(
    column: str,
    reference: Summary | None,
    current: Summary | None,
    monitor: Monitor,
    calibration: Calibration | None,
) -> ColumnFinding | Weighed:
    """What can be said of a column alone: a finding, or its figures where chance is yet to be judged over all."""
    is_label = column in monitor.labels
    if reference is None or current is None:
        return one_sided(column, reference, current, is_label=is_label)
    pair = alike(reference, current)
    if pair is None:
        return other_kind(column, reference, current)
    if is_label:
        pair = without_missing(pair[0]), without_missing(pair[1])
    if min(side.rows for side in pair) < monitor.minimum_rows:
        return too_few(column, *pair, monitor.minimum_rows)
    return weigh(column, kind_of(pair[0]), *pair, monitor, calibration=calibration)


def _adjusted(ruled: Sequence[Weighed], monitor: Monitor) -> Mapping[str, float]:
    """The p-value of each column that the rule judges, adjusted over them."""
    adjusted = benjamini_hochberg([entry.measured.p_value for entry in ruled], monitor.q).p_values
    return dict(zip((entry.column for entry in ruled), adjusted, strict=True))


def _settle(
    answer: ColumnFinding | Weighed,
    adjusted: Mapping[str, float],
    monitor: Monitor,
    calibration: Calibration | None,
) -> ColumnFinding:
    if isinstance(answer, ColumnFinding):
        return answer
    test = test_for(answer, monitor)
    if test is None:
        return judge(answer, float(adjusted[answer.column]), monitor)
    return judge_by_name(answer, test, monitor, calibration)


def _sentence(verdict: Verdict, columns: Sequence[ColumnFinding], rows_reference: int, rows_current: int) -> str:
    rows = f"{rows_current:,} rows against {rows_reference:,} of the reference"
    if not columns:
        return f"There is no column to compare: {rows}."
    if verdict is Verdict.TOO_FEW:
        return f"Too few rows for a verdict: {rows}."
    if verdict is Verdict.OK:
        judged = sum(finding.verdict is Verdict.OK for finding in columns)
        return f"No drift in {_count(judged)}: {rows}."
    found = sorted((finding for finding in columns if finding.verdict is verdict), key=_smaller_effect)
    more = f"; and {len(found) - _SAID:,} more" if len(found) > _SAID else ""
    what = "drifted" if verdict is Verdict.DRIFTED else "changed moderately"
    told = "; ".join(finding.reason for finding in found[:_SAID])
    return f"{len(found):,} of {_count(len(columns))} {what}: {told}{more}."


def _smaller_effect(finding: ColumnFinding) -> float:
    return -finding.statistics.get("psi", float("inf"))


def _count(columns: int) -> str:
    return f"{columns:,} column" + ("" if columns == 1 else "s")
