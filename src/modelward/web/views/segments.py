"""The segments of a model: its rows divided by a column, and which of the parts drifted."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from modelward.monitoring.columns import title_of
from modelward.web.states import State
from modelward.web.views.naming import column_title
from modelward.web.views.verdicts import SEGMENT
from modelward.web.writing import exact, middle, percent, score, span

Link = Callable[[str], str]

LONGEST_NAME = 28
_GRAVITY = ("drifted", "warning", "ok", "too_few")


@dataclass(frozen=True)
class ColumnInSegment:
    """One column that moved in a segment, with the reason; it opens the column itself."""

    title: str
    state: State
    reason: str
    psi: str
    address: str


@dataclass(frozen=True)
class SegmentRow:
    """One segment: its verdict, how far its worst column moved, and the columns that did."""

    name: str
    short: str
    state: State
    reason: str
    rows: str
    before: str
    psi: str
    worst: str
    columns: tuple[ColumnInSegment, ...]


@dataclass(frozen=True)
class SegmentsTab:
    """A divided span: the sentence, what carries the drift, and the table of segments, the worst first."""

    by: str
    state: State
    sentence: str
    window: str
    against: str
    carried: tuple[tuple[str, str], ...]
    why: tuple[str, ...]
    rows: tuple[SegmentRow, ...]
    left_out: tuple[tuple[str, str], ...]


def segments_tab(answer: Mapping[str, Any], *, zone: ZoneInfo, link: Link) -> SegmentsTab:
    """The tab; `link` leads to a column."""
    found = sorted(answer["segments"], key=_order)
    rows = tuple(_row(entry, link) for entry in found)
    start, end = answer["start"].astimezone(zone), answer["end"].astimezone(zone)
    return SegmentsTab(
        by=answer["column"],
        state=SEGMENT[answer["verdict"]],
        sentence=_sentence(answer, rows),
        window=span(start, end),
        against=answer["reference"]["reason"],
        carried=tuple((title_of(entry["column"]), _carried(entry)) for entry in answer["carried"]),
        why=tuple(entry["sentence"] for entry in answer["why"]),
        rows=rows,
        left_out=tuple(answer["left_out"].items()),
    )


def _order(entry: Mapping[str, Any]) -> tuple[int, float, str]:
    return _GRAVITY.index(entry["verdict"]), -(_worst(entry)[0] or 0.0), entry["segment"]


def _worst(entry: Mapping[str, Any]) -> tuple[float | None, str]:
    """The largest PSI of any column, and which column that is."""
    known = [(c["statistics"]["psi"], c["column"]) for c in entry["columns"] if c["statistics"].get("psi") is not None]
    value, column = max(known, default=(None, ""))
    return value, column_title(column)


def _row(entry: Mapping[str, Any], link: Link) -> SegmentRow:
    worst, column = _worst(entry)
    moved = [found for found in entry["columns"] if found["verdict"] in ("drifted", "warning")]
    moved.sort(key=lambda found: -(found["statistics"].get("psi") or 0.0))
    return SegmentRow(
        name=entry["segment"],
        short=middle(entry["segment"], LONGEST_NAME),
        state=SEGMENT[entry["verdict"]],
        reason=entry["reason"],
        rows=exact(entry["rows_current"]),
        before=exact(entry["rows_reference"]),
        psi=score(worst),
        worst=column,
        columns=tuple(_column(found, link) for found in moved),
    )


def _column(found: Mapping[str, Any], link: Link) -> ColumnInSegment:
    title = column_title(found["column"])
    psi = found["statistics"].get("psi")
    state = SEGMENT[found["verdict"]]
    return ColumnInSegment(title, state, found["reason"], score(psi), link(found["column"]))


def _carried(entry: Mapping[str, Any]) -> str:
    parts = sorted(entry["segments"].items(), key=lambda pair: -(pair[1] or 0.0))
    told = ", ".join(f"`{name}` with {percent(part)} of what moved" for name, part in parts[:3])
    return f"{entry['clause']}: {told}" if told else str(entry["clause"])


def _sentence(answer: Mapping[str, Any], rows: Sequence[SegmentRow]) -> str:
    moved = [row.name for row in rows if row.state in (SEGMENT["drifted"], SEGMENT["warning"])]
    many = f"{len(rows)} segment{'' if len(rows) == 1 else 's'} of `{answer['column']}`"
    if not rows:
        return f"No segment of `{answer['column']}` holds enough rows to be judged."
    if not moved:
        return f"None of the {many} moved."
    if len(rows) == 1:
        return f"Of `{answer['column']}` one segment can be judged, and it moved: `{moved[0]}`."
    named = ", ".join(f"`{name}`" for name in moved[:3]) + (f" and {len(moved) - 3} more" if len(moved) > 3 else "")
    all_of_them = f"All {many}" if len(moved) == len(rows) else f"{len(moved)} of the {many}"
    return f"{all_of_them} moved: {named}."
