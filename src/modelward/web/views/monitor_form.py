"""The settings of a monitor as a form: every one with what it means, and back from what was written into it.

A list is written with commas, a mapping with a line for each column: `distance: ks`. What is left empty keeps the
starting value.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from modelward.errors import FieldError, Invalid
from modelward.rules.monitor import SEASONS, TESTS, WINDOWS, Monitor
from modelward.stats.empty_cells import RULES


@dataclass(frozen=True)
class Setting:
    """One setting. `kind` is how it is written: number, text, choice (values with their words), list or lines."""

    name: str
    title: str
    note: str
    kind: str = "number"
    choices: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Group:
    """Settings that are looked at together."""

    title: str
    settings: tuple[Setting, ...]


@dataclass(frozen=True)
class Field:
    """A setting with what stands in it, and whether that is another value than the starting one."""

    setting: Setting
    value: str
    changed: bool


@dataclass(frozen=True)
class FieldGroup:
    """A group of the form; it stands open where something in it was changed."""

    title: str
    fields: tuple[Field, ...]

    @property
    def changed(self) -> int:
        """How many of its settings are not the starting ones."""
        return sum(field.changed for field in self.fields)


_WINDOWS = {"hour": "an hour", "day": "a day", "week": "a week", "events": "the last events, by their number"}
_SEASONS = {
    "whole": "none: all of the reference",
    "same_weekday": "the same day of the week",
    "same_hour_of_week": "the same hour of the week",
}
_EMPTY = {
    "half_row": "as half a row",
    "add_one": "one row more in every cell",
    "skip": "left out",
    "infinite": "as they are: PSI is infinite",
    "evidently": "as Evidently does: 0.0001",
}
_TESTS = ", ".join(sorted(set(TESTS.values())))
GROUPS = (
    Group(
        "Windows and sample",
        (
            Setting(
                "window",
                "Window",
                "What is judged at a time. By volume: the hour where much comes, else the day.",
                "choice",
                (("", "by volume"), *((kind, _WINDOWS[kind]) for kind in WINDOWS)),
            ),
            Setting("window_events", "Events of a window", "Where the window is of the last events."),
            Setting("time_zone", "Time zone", "Days and weeks begin on this clock, such as Europe/Berlin.", "text"),
            Setting(
                "reference",
                "Season",
                "With which part of the reference a window is compared, on the model's clock: where Sundays are unlike "
                "Mondays, its own weekday's. The reference must be a span of the model's events, and windows shorter "
                "than a week.",
                "choice",
                tuple((season, _SEASONS[season]) for season in SEASONS),
            ),
            Setting("minimum_rows", "Smallest sample", "With fewer rows on a side the answer is: too few to say."),
        ),
    ),
    Group(
        "What counts as drift",
        (
            Setting("psi_moderate", "PSI, moderate", "With its bias taken off."),
            Setting("psi_strong", "PSI, strong", "From here on a column has drifted."),
            Setting("mean_shift", "Mean", "Moved by so many standard deviations of the reference: moderate."),
            Setting("missing_shift", "Missing values", "Their share moved by so much: 0.05 is 5 points."),
            Setting("new_category_share", "New categories", "The share of rows that hold one."),
            Setting("q", "Chance", "Of what is flagged, at most this share by chance, over all columns."),
            Setting("bins", "Cells", "A number of quantiles of the reference, a rule by its name, or edges.", "value"),
            Setting(
                "empty",
                "Empty cells",
                "How PSI counts a cell that one side lacks. Another share can be set with PUT …/monitor.",
                "choice",
                tuple((rule, _EMPTY[rule]) for rule in RULES),
            ),
        ),
    ),
    Group(
        "Column by column",
        (
            Setting(
                "tests",
                "Tests",
                f"distance: ks, and * for every column. There are {_TESTS}.",
                "lines",
            ),
            Setting(
                "thresholds",
                "Thresholds",
                "distance: 0.01; or learned from the reference: mean+3sd.",
                "lines",
            ),
            Setting("column_bins", "Cells", "distance: 20, or distance: [0, 100, 1000].", "lines"),
            Setting("importance", "Importance", "distance: 3. How much the model relies on it.", "lines"),
            Setting("ignore", "Left out", "Columns that are not judged.", "list"),
            Setting("segments", "Segments", "Columns by which the rows are divided.", "list"),
            Setting("segment_edges", "Edges of segments", "age: [30, 45, 60].", "lines"),
        ),
    ),
    Group(
        "Outcomes and fairness",
        (
            Setting("positive", "Positive outcome", "The class that counts, unless it is 1.", "text"),
            Setting("performance_fall", "Fall", "The share of its standard that a metric may lose."),
            Setting("label_coverage", "Label coverage", "From this share of known outcomes on, they decide."),
            Setting("protected", "Protected attributes", "Features by which fairness is judged.", "list"),
            Setting("protected_edges", "Edges of attributes", "age: [30, 45, 60].", "lines"),
            Setting("minimum_group", "Smallest group", "Smaller ones are not compared."),
            Setting("fairness_limit", "Fairness limit", "The lowest selection rate over the highest."),
        ),
    ),
    Group(
        "Data quality",
        (
            Setting("out_of_range_share", "Out of range", "The share of values beyond the range of the reference."),
            Setting("constant_share", "Constant", "One value in this share of the rows is a stuck column."),
            Setting("duplicate_share", "Duplicates", "The share of events sent again."),
            Setting("volume_change", "Volume", "The share by which the number of rows may move."),
            Setting("freshness_gaps", "Freshness", "Late after so many times the longest gap there was."),
        ),
    ),
)
SETTINGS = {setting.name: setting for group in GROUPS for setting in group.settings}


def form_of(now: Mapping[str, Any], written: Mapping[str, str] | None = None) -> tuple[FieldGroup, ...]:
    """The form, filled with the settings (as JSON), or with what somebody wrote that could not be taken."""
    usual = {**Monitor().to_dict(), "window": None}
    return tuple(
        FieldGroup(
            group.title,
            tuple(
                Field(
                    _with_choice(setting, now[setting.name]),
                    written.get(setting.name, "") if written else _text(setting, now[setting.name]),
                    now[setting.name] != usual[setting.name],
                )
                for setting in group.settings
            ),
        )
        for group in GROUPS
    )


def settings_from(written: Mapping[str, str], before: Mapping[str, Any]) -> dict[str, Any]:
    """The settings as JSON; those that no form has are as they were before. A window that is left empty is by volume.

    Raises:
        Invalid: a field holds what it cannot, in a sentence that names it.
    """
    kept = {name: value for name, value in before.items() if name not in SETTINGS}
    said = {name: text.strip() for name, text in written.items() if name in SETTINGS}
    return {**kept, **{name: _value(SETTINGS[name], text) for name, text in said.items() if text}}


def _with_choice(setting: Setting, value: Any) -> Setting:
    """A choice that was made through the API and is none of the form's (the share of an empty cell) stays one."""
    if setting.kind != "choice" or value is None or value in dict(setting.choices):
        return setting
    return replace(setting, choices=(*setting.choices, (_plain(value), _plain(value))))


def _text(setting: Setting, value: Any) -> str:
    if value is None:
        return ""
    if setting.kind == "list":
        return ", ".join(map(str, value))
    if setting.kind == "lines":
        return "\n".join(f"{name}: {_plain(entry)}" for name, entry in value.items())
    return _plain(value)


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _value(setting: Setting, text: str) -> Any:
    if setting.kind == "text":
        return text
    if setting.kind == "choice":
        return _parsed(text)
    if setting.kind == "list":
        return [part.strip() for part in text.split(",") if part.strip()]
    if setting.kind == "lines":
        return dict(_line(setting, line) for line in text.splitlines() if line.strip())
    found = _parsed(text)
    if setting.kind == "number" and (isinstance(found, bool) or not isinstance(found, int | float)):
        raise _wrong(setting, f"{text!r} is no number")
    return found


def _line(setting: Setting, line: str) -> tuple[str, Any]:
    """One column's value: the last colon that something follows divides them, because a name may hold one."""
    name, colon, value = line.rpartition(":")
    if not colon or not name.strip() or not value.strip():
        raise _wrong(setting, f"{line.strip()!r} must be a column, a colon and a value")
    return name.strip(), _parsed(value.strip())


def _parsed(text: str) -> Any:
    """A number or a list where it is one, else the text."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _wrong(setting: Setting, problem: str) -> Invalid:
    return Invalid(f"{setting.title}: {problem}.", fields=(FieldError(setting.name, problem),))
