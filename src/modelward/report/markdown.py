"""The report as Markdown for a pull request: short, and within what a forge accepts as one comment."""

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from modelward.report.column_view import shown
from modelward.report.fairness import Fairness
from modelward.report.judged_segments import JudgedSegments
from modelward.report.looks import LOOKS, gravest_first, look_of
from modelward.report.outcome_looks import FAIRNESS
from modelward.report.performance import Performance
from modelward.report.performance_view import performance_view
from modelward.report.segment_view import segments_view
from modelward.report.terminal import headline
from modelward.report.writing import NOTHING, score
from modelward.rules import phrases
from modelward.rules.finding import ColumnFinding, Comparison
from modelward.rules.together import JointFinding
from modelward.rules.verdict import Verdict

if TYPE_CHECKING:
    from modelward.report.report import Report

MOST = 65_000  # characters; GitHub refuses a comment of 65,536
_SHOWN = 20  # rows above the fold
_GIVING_AWAY = 5
_METRICS, _ATTRIBUTES, _LINES = 14, 20, 10
_EMOJI = {Verdict.DRIFTED: "🔴", Verdict.WARNING: "🟠", Verdict.OK: "🟢", Verdict.TOO_FEW: "⚪"}
_SPECIAL = re.compile(r"([\\`*_{}\[\]#|<>~@$&])")
_HEAD = ("| column | verdict | drift | p | what happened |", "| --- | --- | ---: | ---: | --- |")


def to_markdown(report: "Report") -> str:
    """The verdict and a table of what changed; the rest is collapsed, and cut where it would grow too long."""
    ordered = gravest_first(report.columns)
    found = [finding for finding in ordered if finding.verdict.alarming]
    rest = [*found[_SHOWN:], *(finding for finding in ordered if not finding.verdict.alarming)]
    text = "\n".join(_opening(report, found[:_SHOWN])) + "\n"
    text += _collapsed("column", rest, map(_row, rest), room=MOST * 3 // 4 - len(text), head=_HEAD)
    left_out = list(report.left_out.items())
    lines = (f"- {_code(name)}: {_plain(reason)}" for name, reason in left_out)
    return text + _collapsed("column left out", left_out, lines, room=MOST - len(text), plural="columns left out")


def _opening(report: "Report", found: Sequence[ColumnFinding]) -> Iterator[str]:
    yield f"### {_EMOJI[report.verdict]} {look_of(report.verdict, columns=len(report.columns)).word}"
    yield ""
    yield _sentence(headline(report))
    if report.evidence:
        current, reference = report.evidence.names[1], report.evidence.names[0]
        yield ""
        yield f"{_code(current)} against {_code(reference)}"
    if report.together is not None and report.together.classifier is not None:
        yield from ("", _together(report.together))
    if report.performance is not None:
        yield from ("", *_performance(report.performance))
    if report.fairness:
        yield from ("", *_fairness(report.fairness))
    if found:
        yield from ("", *_HEAD, *map(_row, found))
    yield from _beside(report)


def _performance(found: Performance) -> Iterator[str]:
    """The verdict, and the metrics that most ask for; the HTML report has all of them."""
    view = performance_view(found)
    yield f"**Performance** {view.look.sign} {view.look.word}: {_sentence(view.sentence)}"
    if view.metrics:
        heads = ("metric", "reference", "current", *(("estimated without outcomes",) if view.estimated else ()))
        rows = [row[: len(heads)] for row in view.metrics[:_METRICS]]
        yield from ("", f"| {' | '.join(heads)} |", f"|{' --- |' * len(heads)}")
        yield from (f"| {' | '.join(map(_plain, row))} |" for row in rows)


def _fairness(found: Sequence[Fairness]) -> Iterator[str]:
    """A line for each attribute, the gravest first."""
    yield "**Fairness**"
    yield ""
    for entry in found[:_ATTRIBUTES]:
        look = FAIRNESS[entry.verdict]
        yield f"- {look.sign} {_code(entry.attribute)} {look.word}: {_sentence(entry.reason)}"
    if len(found) > _ATTRIBUTES:
        yield f"- … and {len(found) - _ATTRIBUTES:,} more"


def _beside(report: "Report") -> Iterator[str]:
    """Why, by segment and by slice: each a short list."""
    causes = [entry.sentence for entry in report.why if entry.guess or entry.importance_known or report.segments]
    slices = [entry.sentence for entry in report.slices or ()]
    for title, lines in (("Why", causes), ("Slices that stand out", slices)):
        if lines:
            yield from ("", f"**{title}**", "", *(f"- {_sentence(line)}" for line in lines[:_LINES]))
    if report.segments is not None:
        yield from ("", *_segments(report.segments, report.comparison))


def _segments(found: JudgedSegments, whole: Comparison) -> Iterator[str]:
    """How many segments drifted, fell or are unfair, and a row for each of which anything is wrong."""
    yield f"**Segments of {_code(found.column)}**"
    yield ""
    yield from (f"- {_sentence(line)}" for line in found.summary)
    view = segments_view(found, whole)
    rows = [row for row in view.rows if row.look.slug in {"drifted", "warning"}]
    if rows:
        yield from ("", "| segment | rows | what happened |", "| --- | ---: | --- |")
    for row in rows[:_LINES]:
        look, said = row.sentences[0]
        yield f"| {_code(row.title)} | {_plain(row.rows)} | {look.sign} {look.of_column}: {_sentence(said)} |"
    if len(rows) > _LINES:
        yield from ("", f"… and {len(rows) - _LINES:,} more segments, which the HTML report has.")


def _together(joint: JointFinding) -> str:
    """What all columns together show, in figures."""
    assert joint.classifier is not None
    area = f"AUC {joint.classifier.statistic:.2f} ({joint.classifier.low:.2f} to {joint.classifier.high:.2f})"
    pca = joint.reconstruction
    error = f", error of the PCA {score(pca.statistic)} times the reference's" if pca else ""
    by = ", ".join(_code(name) for name, _ in joint.columns[:_GIVING_AWAY])
    return f"{_EMOJI[joint.verdict]} All columns together: {area}{error}{f'; by {by}' if by else ''}"


def _row(finding: ColumnFinding) -> str:
    figure = finding.statistics.get("psi") if finding.p_adjusted is not None else finding.statistic
    cells = (
        _code(finding.column),
        f"{_EMOJI[finding.verdict]} {LOOKS[finding.verdict].of_column}",
        NOTHING if figure is None else score(figure),
        NOTHING if finding.p_value is None else phrases.chance(finding.p_value).removeprefix("p "),
        _sentence(finding.reason),
    )
    return f"| {' | '.join(cells)} |"


def _collapsed(
    noun: str,
    entries: Sequence[object],
    lines: Iterator[str],
    *,
    room: int,
    head: Sequence[str] = (),
    plural: str | None = None,
) -> str:
    """A part that opens on a click, with as many lines as there is room for."""
    if not entries:
        return ""
    title = f"{len(entries):,} {noun if len(entries) == 1 else plural or f'more {noun}s'}"
    title = f"1 more {noun}" if title == "1 column" else title
    frame = ["", "<details>", f"<summary>{title}</summary>", "", *head]
    left, kept = room - len("\n".join(frame)) - 120, list[str]()
    for line in lines:
        left -= len(line) + 1
        if left < 0:
            break
        kept.append(line)
    cut = len(entries) - len(kept)
    more = ["", f"… and {cut:,} more, which the HTML report has."] if cut else []
    return "\n".join([*frame, *kept, *more, "", "</details>", ""])


def _code(name: str) -> str:
    """A name as code, also in a table: what would end the code or the cell is written otherwise."""
    inside = shown(phrases.shortened(name)).replace("|", "\\|")
    return f"`` {inside} ``" if "`" in inside else f"`{inside}`"


def _plain(text: str) -> str:
    """Words as words: a name may neither link, nor mention anybody, nor become markup."""
    return _SPECIAL.sub(r"\\\1", shown(text)).replace("\\@", "@\u200b")


def _sentence(text: str) -> str:
    """A reason, with its `names` set as code and the rest as words."""
    parts = text.split("`")
    return "".join(
        _code(part) if place % 2 and place < len(parts) - 1 else _plain(part)
        for place, part in enumerate(parts)
        if part
    )
