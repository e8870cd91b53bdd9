"""How often a segment alarms on days on which nothing happened, by which yardstick, and whether it shows a change.

    python -m benchmarks.signal_segments

Each day of each quarter of 2013's flights, divided by airport and by carrier, is held against the other days of its
quarter. They differ by weather, weekday and season, so that not every alarm is a false one: the figures are there to be
compared. A change is put into one value on each day: departures so many minutes later than they were.
"""

import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
from benchmarks.signal_tables import Columns
from benchmarks.signal_time import day_columns

from modelward.demo.flights import between, by_day, read_flights
from modelward.rules.calibration import Calibration, calibrate, held_out
from modelward.rules.monitor import Monitor
from modelward.rules.segment_calibration import LEAST, PartCalibration, part_calibrations
from modelward.rules.segments import compare_every
from modelward.stats import Profile
from modelward.stats.intervals import wilson

QUARTERS = [(date(2013, 1, 1), date(2013, 4, 1)), (date(2013, 4, 1), date(2013, 7, 1))]
QUARTERS += [(date(2013, 7, 1), date(2013, 10, 1)), (date(2013, 10, 1), date(2014, 1, 1))]
MINIMUM_ROWS = {"origin": 200, "carrier": 100}
LATER = (10.0, 20.0, 30.0)  # Minutes.
YARDSTICKS = ("none", "its own days", "days of the other values", "days of the whole")


@dataclass(frozen=True)
class Quarter:
    """The days of a quarter, divided, and what those of each value showed; days go by their places in the quarter."""

    by: str
    monitor: Monitor
    days: list[Columns]
    parts: Mapping[str, Mapping[int, Profile]]
    rests: Mapping[str, Mapping[int, Profile]]
    own: Mapping[str, Calibration]
    whole: Calibration | None

    @classmethod
    def of(cls, by: str, first: date, until: date) -> "Quarter":
        """Read and divided."""
        monitor = Monitor(minimum_rows=MINIMUM_ROWS[by])
        days = [day_columns(table) for _, table in by_day(between(read_flights(), first, until))]
        parts: dict[str, dict[int, Profile]] = {}
        for place, day in enumerate(days):
            for value in sorted(set(day[by])):
                if np.count_nonzero(day[by] == value) >= monitor.minimum_rows:
                    parts.setdefault(value, {})[place] = part_of(day, by, value)
        parts = {value: some for value, some in parts.items() if len(some) >= LEAST}
        rests = {
            value: dict(zip(some, (rest for _, rest in held_out(list(some.values()))), strict=True))
            for value, some in parts.items()
        }
        made = {value: calibrate(list(some.values()), monitor, fewest=LEAST) for value, some in parts.items()}
        own = {value: calibration for value, calibration in made.items() if calibration is not None}
        return cls(by, monitor, days, parts, rests, own, calibrate([Profile.of(day) for day in days], monitor))

    def others(self, place: int) -> dict[str, Calibration]:
        """What all days but this one showed, by value."""
        return {value: without(self.own[value], list(some), place) for value, some in self.parts.items()}

    def calibrations(self, yardstick: str, place: int) -> dict[str, PartCalibration] | None:
        """By what the values of a day are judged: by the other days alone."""
        here, others = [value for value, some in self.parts.items() if place in some], self.others(place)
        whole = self.whole and self.whole.without(place)
        rows = self.monitor.minimum_rows
        if yardstick == "none":
            return None
        if yardstick == "its own days":
            return part_calibrations(self.by, here, others, None, rows)
        if yardstick == "days of the whole":
            return part_calibrations(self.by, here, {}, whole, rows)
        found: dict[str, PartCalibration] = {}
        for value in here:
            lent = {other: one for other, one in others.items() if other != value}
            found |= part_calibrations(self.by, [value], lent, None, rows)
        return found


def part_of(day: Columns, by: str, value: str, later: float = 0.0) -> Profile:
    """The rows of one value, with departures so much later."""
    rows = {name: values[day[by] == value] for name, values in day.items() if name != by}
    return Profile.of({**rows, "departure_delay": rows["departure_delay"] + later})


def without(calibration: Calibration, places: list[int], place: int) -> Calibration:
    """The calibration by all days but one."""
    return calibration.without(places.index(place)) if place in places else calibration


def counted(quarter: Quarter) -> Iterator[tuple[str, str, int, int]]:
    """By yardstick and question: how many, of how many."""
    for place, day in enumerate(quarter.days):
        here = [value for value, some in quarter.parts.items() if place in some]
        if not here:
            continue
        before = {value: quarter.rests[value][place] for value in here}
        now = {value: quarter.parts[value][place] for value in here}
        moved = here[place % len(here)]
        for yardstick in YARDSTICKS:
            known = {quarter.by: quarter.calibrations(yardstick, place) or {}}
            quiet = compare_every({quarter.by: (before, now)}, quarter.monitor, known)[quarter.by]
            flagged = [value for value, found in quiet.comparisons.items() if found.verdict.alarming]
            yield yardstick, "segment-days flagged", len(flagged), len(here)
            yield yardstick, "days with any", bool(flagged), 1
            for later in LATER:
                sides = before, {**now, moved: part_of(day, quarter.by, moved, later)}
                found = compare_every({quarter.by: sides}, quarter.monitor, known)[quarter.by].comparisons[moved]
                seen = any(finding.column == "departure_delay" for finding in found.findings)
                yield yardstick, f"{later:.0f} minutes found", seen, 1


def main() -> None:
    """Print a table for each way to divide."""
    for by in sys.argv[1:] or MINIMUM_ROWS:
        hits, of = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
        for first, until in QUARTERS:
            for yardstick, question, found, asked in counted(Quarter.of(by, first, until)):
                hits[yardstick, question] += found
                of[yardstick, question] += asked
        questions = list(dict.fromkeys(question for _, question in of))
        print(f"| {by}, {MINIMUM_ROWS[by]} rows | {' | '.join(questions)} |")
        print("| --- |" + " --- |" * len(questions))
        for yardstick in YARDSTICKS:
            told = (said(hits[yardstick, question], of[yardstick, question]) for question in questions)
            print(f"| {yardstick} | {' | '.join(told)} |", flush=True)


def said(hits: int, of: int) -> str:
    """So many of so many, and the interval of 95 %."""
    interval = wilson(hits, of)
    return f"{hits:,} of {of:,}: {100 * hits / of:.1f} % ({100 * interval.low:.1f}–{100 * interval.high:.1f})"


if __name__ == "__main__":
    main()
