"""The yardsticks of declared segments: how far the reference's windows of each value lie from one another.

Windows are judged when every value has one. Where late rows reached the reference the former ones hold until they are
made anew: rows that keep trickling in must not keep windows waiting.
"""

import hashlib
import json
import zlib
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from modelward.kit.database import change
from modelward.monitoring import calibrations
from modelward.monitoring.blocks import whole_windows
from modelward.monitoring.joint_store import Span
from modelward.monitoring.segment_parts import Key
from modelward.monitoring.segment_plan import DividedBy
from modelward.monitoring.segment_store import keys_in
from modelward.monitoring.segment_tables import SegmentYardstick
from modelward.monitoring.segmented import Segmented
from modelward.monitoring.window_profiles import moment, seconds
from modelward.rules.calibration import FEWEST, Calibration
from modelward.rules.segment_calibration import PartCalibration, part_calibrations
from modelward.rules.windows import Window


@dataclass(frozen=True)
class Yardsticks:
    """What the reference's windows of each part showed, by segment and value, and the yardstick of the whole."""

    own: Mapping[str, Mapping[str, Calibration]]
    whole: Calibration | None
    minimum_rows: int

    def of(self, by: DividedBy, values: Collection[str]) -> dict[str, PartCalibration]:
        """By what each of these values is judged."""
        return part_calibrations(by.cut.column, values, self.own.get(by.name, {}), self.whole, self.minimum_rows)


def windows_of_reference(found: Segmented, kind: str) -> list[Window]:
    """The reference's own windows of a kind, oldest first; none where they are too few for a yardstick.

    A provisional reference is no standard, and of one from a file only the whole is kept.
    """
    reference = found.watched.subject.reference
    if reference is None or reference.provisional or reference.source == "upload":
        return []
    windows = whole_windows(reference, found.watched.subject.judging(kind).monitor)
    return windows if len(windows) >= FEWEST else []


def made_by(found: Segmented) -> str:
    """All that yardsticks follow from but the rows, as a short text."""
    known = [found.watched.settings, found.plan.recipe]
    return hashlib.sha256(json.dumps(known).encode()).hexdigest()[:16]


def awaited(session: Session, found: Segmented) -> bool:
    """Whether windows must wait: for a part's yardstick, or for that of the whole, which may have to stand in."""
    subject = found.watched.subject
    every = [subject.judging(kind) for kind in subject.windows.kinds if kind != "events"]
    whole = any(calibrations.awaited(session, found.model_id, one.monitor, one.reference) for one in every)
    return whole or bool(lacking(session, found))


def lacking(session: Session, found: Segmented) -> list[tuple[str, Key]]:
    """The kinds of windows and parts of the reference that have no yardstick yet, for which windows wait."""
    known = {of for of, _ in _known(session, found)}
    every = {(kind, key) for kind in found.watched.windows.kinds for key in _parts(session, found, kind)}
    return sorted(every - known)


def outdated(session: Session, found: Segmented) -> list[tuple[str, Key]]:
    """The kinds and parts whose yardstick holds, and is to be made anew."""
    return sorted(of for of, old in _known(session, found) if old and of[0] in found.watched.windows.kinds)


def outdate(session: Session, *, model_id: int) -> None:
    """Rows of the reference are others now: let all yardsticks be made anew."""
    change(session, update(SegmentYardstick).where(SegmentYardstick.model_id == model_id).values(outdated=True))


def yardsticks_of(session: Session, found: Segmented, kind: str) -> Yardsticks | None:
    """By what windows of a kind are judged; None where the reference has too few of its own."""
    if not windows_of_reference(found, kind):
        return None
    rows = session.execute(
        select(SegmentYardstick.segment, SegmentYardstick.value, SegmentYardstick.calibration).where(
            SegmentYardstick.model_id == found.model_id,
            SegmentYardstick.window == kind,
            SegmentYardstick.settings == made_by(found),
            SegmentYardstick.calibration.is_not(None),
        )
    )
    own: defaultdict[str, dict[str, Calibration]] = defaultdict(dict)
    for segment, value, payload in rows:
        own[segment][value] = calibrations.unpack(zlib.decompress(payload or b""))
    subject = found.watched.subject.judging(kind)
    whole = None  # Windows of N events vary by other amounts than the days by which their segments go.
    if found.watched.subject.monitor.window != "events":
        whole = calibrations.calibration_of(session, found.model_id, subject.monitor, subject.reference)
    return Yardsticks(own, whole, subject.monitor.minimum_rows)


def yardsticks_of_span(session: Session, found: Segmented, span: Span) -> Yardsticks | None:
    """As `yardsticks_of` where the span is a window of segments; spans of other lengths vary by other amounts."""
    window = found.watched.windows.window_of(moment(span.start))
    same = (seconds(window.start), seconds(window.end)) == (span.start, span.end)
    return yardsticks_of(session, found, window.kind) if same else None


def _parts(session: Session, found: Segmented, kind: str) -> set[Key]:
    windows = windows_of_reference(found, kind)
    if not windows:
        return set()
    span = Span(seconds(windows[0].start), seconds(windows[-1].end))
    return keys_in(session, model_id=found.model_id, recipe=found.plan.recipe, span=span)


def _known(session: Session, found: Segmented) -> list[tuple[tuple[str, Key], bool]]:
    columns = (SegmentYardstick.window, SegmentYardstick.segment, SegmentYardstick.value, SegmentYardstick.outdated)
    rows = session.execute(
        select(*columns).where(SegmentYardstick.model_id == found.model_id, SegmentYardstick.settings == made_by(found))
    )
    return [((row.window, (row.segment, row.value)), row.outdated) for row in rows]
