"""`modelward.compare`: two tables in, a report out."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from modelward.errors import Invalid
from modelward.report.config import monitor_of, texts_in
from modelward.report.dated import OwnWindow, of_season, own_windows
from modelward.report.dated_segments import Dated
from modelward.report.evidence import Evidence
from modelward.report.frames import Read, read_profile
from modelward.report.judged_outcomes import judge_outcomes
from modelward.report.judged_segments import JudgedSegments
from modelward.report.report import Report
from modelward.report.segments import segments_of
from modelward.report.slices import slices_of
from modelward.report.sources import name_of
from modelward.report.together import Tables, judge_every_vector, judged_together, texts_of, together, vectors_of
from modelward.rules import phrases
from modelward.rules.calibration import FEWEST, Calibration, calibrate
from modelward.rules.comparison import compare_profiles, with_columns
from modelward.rules.monitor import EVERY, Monitor
from modelward.rules.seasons import season_key, within_season
from modelward.stats import Profile
from modelward.stats.labels import class_name


def compare(
    reference: Any,
    current: Any,
    *,
    prediction: str | None = None,
    score: str | Mapping[str, str] | Sequence[str] | None = None,
    label: str | None = None,
    protected: Sequence[str] = (),
    timestamp: str | None = None,
    task: str | None = None,
    config: Monitor | Mapping[str, Any] | None = None,
    segment: str | None = None,
    slices: bool = False,
    multivariate: bool = False,
    seed: int = 0,
) -> Report:
    """Say whether the current data drifted from the reference, column by column, with reasons.

    Args:
        reference: The data to compare with: pandas, Polars, Arrow or any frame narwhals knows, a mapping of columns, a
            path to CSV or Parquet or to a folder of Parquet files, an Arrow reader or data set, or a `Profile` made
            earlier. What is larger than memory is read in batches.
        current: The data to judge, in any of the same forms.
        prediction: The column of predictions. It is compared like any other, and named as what it is.
        score: The column of scores or probabilities, likewise. Of many classes, the column of each class's probability:
            `{"bus": "p_bus", "car": "p_car"}`, or a list of columns that are called as their classes are.
        label: The column of true outcomes. They come late, so that its missing values are no finding. With a prediction
            or a score it gives `report.performance`: every metric with its interval, held against the reference's;
            where outcomes are missing, what the scores say that the metrics will be, or, of a regression, what the
            features do (by scikit-learn, with `modelward[estimation]`).
        protected: Columns by whose groups `report.fairness` is judged (two classes only; numbers are cut at the
            reference's quartiles unless `protected_edges` are given); they are compared like any other.
        timestamp: The column of times, which is not compared. Where the reference holds at least 20 stretches as long
            as the current data, a column drifted only if it moved farther than they lie from one another; of a segment,
            than they do in that segment.
        task: `binary`, `multiclass` or `regression`; what the outcomes look like unless named. Of two classes that are
            not 0 and 1 the setting `positive` names the one that counts.
        config: A `Monitor`, or its settings by name. `tests`, `thresholds` and `bins` may be one value for all columns
            or a mapping by column: `{"bins": 20, "tests": {"age": "ks"}, "thresholds": {"age": 0.01}}`. Columns of
            texts are found, and judged by their length, words and unseen words; `texts` names them, or is False.
        segment: A column by whose values (or bands, of numbers) the rows are divided, the 20 most frequent and the
            rest together: each gets its verdicts on drift and, with a label or protected columns, on performance and
            fairness, `report.segments`. Every row counts: nothing is sampled.
        slices: Whether to search a sample of the rows for the parts where drift concentrates, and where the loss does
            when label and prediction or score are given: `report.slices`.
        multivariate: Whether to look at all columns together too, on a sample of 10,000 rows of each table, for what
            no column shows alone: `report.together`.
        seed: What samples and searches are drawn by.

    Raises:
        NotFound: there is no file at a path.
        Invalid: a table cannot be read or holds no row, the tables have no column in common, a named column is in
            neither, or the configuration cannot be meant.

    >>> miles = [(50 + i) ** 1.1 for i in range(400)]
    >>> report = compare({"distance": miles}, {"distance": [1.609 * mile for mile in miles]})
    >>> report.drifted, report["distance"].reason
    (True, '`distance` moved from median 433 to 697, a factor of 1.61 (PSI 2.48)')
    """
    chances = {} if isinstance(score, str) else _chances(score)
    score = score if isinstance(score, str) else None
    roles = _roles(prediction=prediction, score=score, label=label, timestamp=timestamp, protected=protected)
    roles = {**dict.fromkeys(chances.values(), "score"), **roles}
    skip = {timestamp} if timestamp else set[str]()
    monitor = _monitor(config, label)
    reference_rows = of_season(reference, current, timestamp, monitor)
    before, now = _read(reference_rows, skip), _read(current, skip)
    _require_present(roles, before, now)
    names = _names(reference, current)
    _require_common(names, before, now)
    left_out = {**now.left_out, **before.left_out}
    try:
        profiles = _without(before.profile, left_out), _without(now.profile, left_out)
        tables = Tables(reference_rows, current, profiles, left_out, seed, texts_in(config))
        profiles, vectors = texts_of(tables), vectors_of(tables)
        unjudged = {**left_out, **dict.fromkeys(skip, "it is the column of times")}
        _require_settings(monitor, {*profiles[0].columns, *profiles[1].columns}, unjudged)
        windows = own_windows(reference, current, timestamp, {*skip, *left_out}) if timestamp else []
        calibration = _calibration(windows, monitor)
        comparison = compare_profiles(*profiles, monitor, calibration)
    except ValueError as error:
        raise Invalid(str(error)) from error
    joint = together(tables, judged_together(tables, monitor), monitor) if multivariate else None
    comparison = within_season(with_columns(comparison, judge_every_vector(vectors, monitor, seed)), monitor)
    left_out = {name: why for name, why in {**left_out, **vectors.left_out}.items() if name not in vectors.columns}
    judged = judge_outcomes((reference_rows, current), profiles, roles, monitor, task=task, chances=chances, seed=seed)
    divided = None
    if segment is not None:
        whole = {"profiles": profiles, "whole": comparison, "judged": judged, "monitor": monitor}
        dated = Dated(reference, current, timestamp, calibration) if timestamp and windows else None
        divided = _divided(segment, reference_rows, current, skip={*skip, *left_out}, dated=dated, **whole)
    found = None
    if slices:
        compared = [finding.column for finding in comparison.columns]
        found = slices_of(reference_rows, current, compared, roles, seed=seed)
    return Report(
        comparison,
        left_out,
        roles,
        Evidence(*profiles, monitor, names, datetime.now(UTC)),
        segments=divided,
        slices=found,
        together=joint,
        performance=judged.performance,
        fairness=judged.fairness,
    )


def _divided(column: str, reference: Any, current: Any, **known: Any) -> JudgedSegments:
    try:
        return segments_of(column, reference, current, **known)
    except ValueError as error:
        raise Invalid(str(error)) from error


def _monitor(config: Monitor | Mapping[str, Any] | None, label: str | None) -> Monitor:
    try:
        return monitor_of(config, labels=frozenset({label} if label else ()))
    except ValueError as error:
        raise Invalid(str(error)) from error


def _calibration(windows: Sequence[OwnWindow], monitor: Monitor) -> Calibration | None:
    seasons = [season_key(window.start, window.end, monitor) for window in windows]
    calibration = calibrate([window.profile for window in windows], monitor, seasons)
    if calibration is None and monitor.learns:
        raise Invalid(
            f"a learned threshold needs a reference of at least {FEWEST} windows as long as the current data, with "
            f"{monitor.minimum_rows:,} rows each; name the column of times as timestamp, or give a number"
        )
    return calibration


def _chances(score: Mapping[str, str] | Sequence[str] | None) -> dict[str, str]:
    """The column of each class's probability, by the one name of the class."""
    by_class = score if isinstance(score, Mapping) else {column: column for column in score or ()}
    chances = {class_name(name): column for name, column in by_class.items()}
    if chances and (len(chances) < 2 or len(set(chances.values())) < len(by_class)):
        raise Invalid(
            "score names a column of probabilities for each class, two at least and each its own; give the one column "
            "of a binary model as its name"
        )
    return chances


def _roles(*, protected: Sequence[str], **named: str | None) -> dict[str, str]:
    """The meaning of each column that has one; a single protected column may be given as its name.

    Raises:
        Invalid: one column has two meanings, other than a score that is named as the prediction too.
    """
    by_protection = [protected] if isinstance(protected, str) else protected
    roles = dict.fromkeys(by_protection, "protected")
    for role, column in named.items():
        if column is None:
            continue
        before = roles.setdefault(column, role)
        if before != role and (before, role) != ("prediction", "score"):
            raise Invalid(
                f"the column {column!r} is named as {role} and as {before}; name another column for one of them"
            )
    return {**roles, **{column: role for role, column in named.items() if column}}


def _read(data: Any, skip: Collection[str]) -> Read:
    if isinstance(data, Profile):
        return Read(_without(data, skip), {}, frozenset(skip))  # Times are in no profile, whatever the table held.
    return read_profile(data, skip=skip)


def _without(profile: Profile, columns: Collection[str]) -> Profile:
    """A profile without some columns: what cannot be compared on one side is no change of the schema on the other."""
    return Profile(profile.rows, {name: kept for name, kept in profile.columns.items() if name not in columns})


def _names(reference: Any, current: Any) -> tuple[str, str]:
    """What the tables are called: two files of one name by their whole path."""
    names = name_of(reference, "reference"), name_of(current, "current")
    paths = isinstance(reference, str | Path) and isinstance(current, str | Path)
    return (str(reference), str(current)) if paths and names[0] == names[1] else names


def _require_present(roles: Mapping[str, str], *reads: Read) -> None:
    for column, role in roles.items():
        if not any(column in read for read in reads):
            known = phrases.quoted(sorted({name for read in reads for name in read.profile.columns}), most=10)
            raise Invalid(
                f"there is no column {column!r}, which was named as {role}; check its spelling (there are {known})"
            )


def _require_settings(monitor: Monitor, columns: Collection[str], left_out: Mapping[str, str]) -> None:
    """Refuse a test, a threshold or bins of a column that is not compared: it would pass for one that found nothing.

    Raises:
        ValueError: there is no such column, or it is left out.
    """
    for setting in ("tests", "thresholds", "column_bins"):
        for column in getattr(monitor, setting):
            what = setting.removeprefix("column_")
            if column in left_out:
                raise ValueError(f"{what} name {column!r}, which no test can judge: {left_out[column]}")
            if column not in columns and column != EVERY and not column.startswith("@"):  # a service's own
                known = phrases.quoted(sorted(columns), most=10)
                raise ValueError(
                    f"there is no column {column!r}, which {what} name; check its spelling (there are {known})"
                )


def _require_common(names: tuple[str, str], *reads: Read) -> None:
    """Refuse tables of which nothing can be said: a verdict on nothing would pass for a good one."""
    for name, read in zip(names, reads, strict=True):
        if not read.profile.rows:
            raise Invalid(f"{name} holds no row, so that there is nothing to compare; check the step that made it")
    columns = [{*read.profile.columns, *read.left_out} for read in reads]
    if all(columns) and not columns[0] & columns[1]:
        has = [f"{name} has {phrases.quoted(sorted(held))}" for name, held in zip(names, columns, strict=True)]
        raise Invalid(
            f"the two tables have no column in common: {', '.join(has)}; rename the columns so that they match"
        )
