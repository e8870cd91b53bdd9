"""How far the reference's own windows of each segment lie from one another, in tables whose rows have times."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from modelward.report.columns import arrow_of
from modelward.report.dated import own_windows_by
from modelward.report.frames import read_frame
from modelward.report.segment_rows import rows_by_segment
from modelward.rules.calibration import Calibration, calibrate
from modelward.rules.monitor import Monitor
from modelward.rules.seasons import season_key
from modelward.rules.segment_calibration import LEAST, PartCalibration, part_calibrations
from modelward.rules.segments import Cut
from modelward.stats import Profile

if TYPE_CHECKING:
    import narwhals as nw


@dataclass(frozen=True)
class Dated:
    """Two tables with times, of which the reference holds 20 windows as long as the current one; `whole` is what these
    windows show of all rows.
    """

    reference: Any
    current: Any
    timestamp: str
    whole: Calibration | None

    def calibrations(
        self, cut: Cut, names: Collection[str], monitor: Monitor, skip: Collection[str]
    ) -> dict[str, PartCalibration]:
        """By what each of these segments is judged; the reference is read once more."""

        def divided(frame: "nw.DataFrame[Any]") -> Iterator[tuple[str, Profile]]:
            for name, rows in rows_by_segment(arrow_of(frame.get_column(cut.column)), cut):
                profile = read_frame(frame[rows], skip).profile
                columns = {column: some for column, some in profile.columns.items() if column != cut.column}
                yield name, replace(profile, columns=columns)

        own: dict[str, Calibration] = {}
        for name, windows in own_windows_by(self.reference, self.current, self.timestamp, divided).items():
            seasons = [season_key(window.start, window.end, monitor) for window in windows]
            made = calibrate([window.profile for window in windows], monitor, seasons, fewest=LEAST)
            if made is not None:
                own[name] = made
        return part_calibrations(cut.column, names, own, self.whole, monitor.minimum_rows)
