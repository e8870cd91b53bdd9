"""The report of one comparison: what the library hands back, and what it saves."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from modelward.errors import Conflict, Invalid
from modelward.report.evidence import Evidence
from modelward.report.fairness import Fairness
from modelward.report.judged_segments import JudgedSegments, fairness_dict
from modelward.report.performance import Performance
from modelward.rules import phrases
from modelward.rules.finding import ColumnFinding, Comparison
from modelward.rules.finding import plain as plain_values
from modelward.rules.monitor import Monitor
from modelward.rules.slices import FoundSlice
from modelward.rules.together import JointFinding
from modelward.rules.verdict import Verdict, worst
from modelward.rules.why import Context, Why, why

Limit = Literal["drift", "warning", "performance", "fairness", "segments"]
Kind = Literal["html", "json", "markdown", "junit"]
_WRITERS: Mapping[str, Kind] = {
    ".html": "html",
    ".htm": "html",
    ".json": "json",
    ".md": "markdown",
    ".markdown": "markdown",
    ".xml": "junit",
}
_ENDINGS = ".html, .json, .md or .xml"
_FAILING: Mapping[str, frozenset[Verdict]] = {
    "drift": frozenset({Verdict.DRIFTED}),
    "warning": frozenset({Verdict.DRIFTED, Verdict.WARNING}),
}
_OF_OUTCOMES = {
    "performance": "the columns of the label, and of the prediction or score",
    "fairness": "protected columns, and the prediction or score of two classes",
    "segments": "the column that the rows are divided by",
}


class DriftFound(Conflict):
    """The data drifted and the caller asked to be stopped by that; `.report` says how."""

    def __init__(self, report: "Report") -> None:
        super().__init__(report.reason)
        self.report = report


@dataclass(frozen=True)
class Report:
    """The verdict on two tables, column by column. `str(report)` is its sentence; `rich.print(report)` shows its table.

    `left_out` names the columns that were not compared, each with the reason; `roles` the columns with a meaning of
    their own (prediction, score, label, protected, timestamp); `evidence` is what the pictures are drawn from,
    `context` what is known beside two tables, for `why`.
    """

    comparison: Comparison
    left_out: Mapping[str, str] = field(default_factory=dict)
    roles: Mapping[str, str] = field(default_factory=dict)
    evidence: Evidence | None = field(default=None, repr=False, compare=False)
    segments: JudgedSegments | None = field(default=None, repr=False)
    slices: tuple[FoundSlice, ...] | None = None
    together: JointFinding | None = None
    performance: Performance | None = None
    fairness: tuple[Fairness, ...] = ()
    context: Context | None = field(default=None, repr=False, compare=False)

    @property
    def drifted(self) -> bool:
        """Whether any column drifted, or all together: the effect is strong, and chance does not explain it."""
        return self.verdict is Verdict.DRIFTED

    @property
    def verdict(self) -> Verdict:
        """The gravest verdict of any column, or of all together where they were looked at: `ok`, `warning`, `drifted`,
        or `too_few` when nothing could be said. Performance that fell and groups that are treated unfairly are a
        `warning` of the whole, because they are no drift, and so is whatever is wrong in a segment.
        """
        joint = self.together
        verdicts = [self.comparison.verdict]
        verdicts += [joint.verdict] if joint is not None and joint.verdict.alarming else []
        beside = [self.performance, *self.fairness, self.segments]
        verdicts += [Verdict.WARNING] if any(found is not None and found.alarming for found in beside) else []
        return worst(verdicts)

    @property
    def reason(self) -> str:
        """The whole in a sentence, or in several where more was looked at than each column."""
        return " ".join([self.comparison.reason, *self.beside_columns])

    @property
    def beside_columns(self) -> tuple[str, ...]:
        """What is wrong beside the columns, each in a sentence: all together, performance, fairness, segments."""
        joint = self.together
        found = [f"{joint.reason[0].upper()}{joint.reason[1:]}."] if joint and joint.verdict.alarming else []
        if self.performance is not None and self.performance.alarming:
            found.append(self.performance.brief)
        if unfair := [entry.attribute for entry in self.fairness if entry.alarming]:
            found.append(f"Groups are treated unfairly by {phrases.quoted(unfair)}.")
        return (*found, *(self.segments.sentences(self.comparison) if self.segments else ()))

    @cached_property
    def why(self) -> tuple[Why, ...]:
        """The columns that changed, ranked by drift × importance, each with a sentence and, where the figures have the
        form of one, a possible cause.
        """
        if self.evidence is None:
            return ()
        known = self.context or self._context(self.evidence.monitor)
        return why(self.comparison, self.evidence.reference, self.evidence.current, known)

    def _context(self, monitor: Monitor) -> Context:
        """What two tables tell beside the figures."""
        by_role = {role: column for column, role in self.roles.items()}
        carried = self.segments.carried if self.segments else ()
        return Context(
            importance=monitor.importance,
            where={entry.column: entry.clause for entry in carried},
            outcomes=[by_role[role] for role in ("score", "prediction") if role in by_role],
            labels=monitor.labels,
        )

    def segment(self, name: str) -> "Report":
        """The report of one segment of the column that the comparison was divided by: its drift, its performance and
        its fairness, judged as one of all segments.

        Raises:
            KeyError: the comparison was not divided, or it has no such segment, or too few rows in it.
        """
        found = self.segments
        if found is None or name not in found.comparisons:
            known = found.left_out.get(name, "there is no such segment") if found else "no segments"
            raise KeyError(f"{name!r} was not compared: {known}")
        compared = {finding.column for finding in found.comparisons[name].columns}
        return Report(
            found.comparisons[name],
            self.left_out,
            {column: role for column, role in self.roles.items() if column in compared},
            self._evidence_of(name),
            performance=found.performance.get(name),
            fairness=found.fairness.get(name, ()),
        )

    def _evidence_of(self, segment: str) -> Evidence | None:
        """What the pictures of one segment are drawn from."""
        whole, found = self.evidence, self.segments
        if whole is None or found is None or segment not in found.profiles:
            return None
        before, now = found.profiles[segment]
        names = f"{whole.names[0]}, {found.column} = {segment}", f"{whole.names[1]}, {found.column} = {segment}"
        return replace(whole, reference=before, current=now, names=names)

    @property
    def columns(self) -> tuple[ColumnFinding, ...]:
        """Every compared column, in the order of the reference."""
        return self.comparison.columns

    @property
    def findings(self) -> tuple[ColumnFinding, ...]:
        """The columns that drifted or changed moderately, the gravest first."""
        return self.comparison.findings

    def __getitem__(self, column: str) -> ColumnFinding:
        """The finding of one column.

        Raises:
            KeyError: the column was not compared.
        """
        found = next((finding for finding in self.columns if finding.column == column), None)
        if found is None:
            raise KeyError(
                f"{column!r} was not compared{': ' + self.left_out[column] if column in self.left_out else ''}"
            )
        return found

    def fails(self, limit: Limit) -> bool:
        """Whether the verdict is past a limit: `"drift"`; `"warning"`, which is stricter and holds for all that was
        looked at; `"performance"` or `"fairness"`, which ask for these alone, of all rows and of every segment; or
        `"segments"`, which asks for all that was looked at in any segment.

        Raises:
            Invalid: it is none of these, or what it asks for was not looked at.
        """
        if limit in _FAILING:
            return self.verdict in _FAILING[limit]
        if limit not in _OF_OUTCOMES:
            known = ", ".join(map(repr, (*_FAILING, *_OF_OUTCOMES)))
            raise Invalid(f"{limit!r} is no limit of a comparison; choose one of {known}")
        asked = {"fairness": self.fairness, "performance": (self.performance,), "segments": (self.segments,)}[limit]
        found = [entry for entry in asked if entry is not None]
        if not found:
            was = "segments were" if limit == "segments" else f"{limit} was"
            raise Invalid(f"the {was} not looked at; name {_OF_OUTCOMES[limit]}")
        parts = {"fairness": "unfair", "performance": "fell"}.get(limit)
        within = getattr(self.segments, parts) if self.segments and parts else ()
        return bool(within) or any(entry.alarming for entry in found)

    def raise_on(self, limit: Limit) -> "Report":
        """This report, when its verdict is within the limit.

        Raises:
            DriftFound: the verdict is past the limit; its sentence names the columns.
            Invalid: there is no such limit, or what it asks for was not looked at.
        """
        if self.fails(limit):
            raise DriftFound(self)
        return self

    def to_dict(self) -> dict[str, Any]:
        """The report as JSON holds it: the same for library, command line and API. What is no number there is None."""
        plain = self.comparison.to_dict()
        columns = [{**entry, "role": self.roles.get(entry["column"])} for entry in plain.pop("columns")]
        explained = {
            "why": plain_values([entry.to_dict() for entry in self.why]),
            "segments": plain_values(self.segments.to_dict()) if self.segments else None,
            "together": self.together.to_dict() if self.together else None,
            "performance": self.performance.to_dict() if self.performance else None,
            "fairness": self._fairness_dict(),
            "slices": None if self.slices is None else plain_values([entry.to_dict() for entry in self.slices]),
        }
        whole = {"drifted": self.drifted, "verdict": self.verdict.value, "reason": self.reason}
        return {**plain, **whole, "columns": columns, "left_out": dict(self.left_out), **explained}

    def _fairness_dict(self) -> dict[str, Any] | None:
        return fairness_dict(self.fairness) if self.fairness else None

    def to_json(self) -> str:
        """The report as JSON text."""
        return json.dumps(self.to_dict(), indent=2, ensure_ascii=False, allow_nan=False) + "\n"

    def to_html(self) -> str:
        """The report as one HTML page that needs no script, no other file and no network."""
        from modelward.report.page import to_html

        return to_html(self)

    def to_markdown(self) -> str:
        """The report as a comment on a pull request: the verdict, a table of what changed, the rest collapsed."""
        from modelward.report.markdown import to_markdown

        return to_markdown(self)

    def to_junit(self) -> str:
        """The report as JUnit XML, one test case a column: a drift is a failure, too few rows a skipped test."""
        from modelward.report.junit import to_junit

        return to_junit(self)

    def save(self, path: str | Path) -> Path:
        """Write the report to a file, and return its path. The ending decides: .html, .json, .md or .xml (JUnit).

        Raises:
            Invalid: the file's ending asks for another format, or it cannot be written there.
        """
        target = Path(path)
        if target.suffix.lower() not in _WRITERS:
            raise Invalid(f"a report is saved as HTML, JSON, Markdown or JUnit; let {str(target)!r} end in {_ENDINGS}")
        return self.write(target, _WRITERS[target.suffix.lower()])

    def write(self, path: str | Path, kind: Kind) -> Path:
        """Write the report to a file in this format, whatever its ending, and return its path.

        Raises:
            Invalid: it cannot be written there.
        """
        target = Path(path)
        text: str = getattr(self, f"to_{kind}")()
        try:
            target.write_text(text, encoding="utf-8")
        except OSError as error:
            raise Invalid(f"the report could not be written to {str(target)!r}: {error.strerror}") from error
        return target

    def figure(self, column: str | None = None) -> Any:
        """A Plotly figure: the distributions of one column, or the drift of all columns.

        Raises:
            Unavailable: Plotly is not installed.
            Invalid: there is nothing to draw of the column.
            KeyError: the column was not compared.
        """
        from modelward.report.figure import figure

        return figure(self, column)

    def _repr_html_(self) -> str:
        from modelward.report.page import to_notebook

        return to_notebook(self)

    def __str__(self) -> str:
        return self.reason

    def __rich__(self) -> Any:
        from modelward.report.terminal import render

        return render(self)
