"""All models under their policies: how many are at risk, how far they hold to what is asked, and how that went."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup

from modelward.governance.command_center import CommandCenter, Governed
from modelward.rules.policy import BUILT_IN
from modelward.web.charts.axis import Window
from modelward.web.charts.over_time import Line, Threshold, over_time
from modelward.web.states import State
from modelward.web.time_range import model_path
from modelward.web.views.head_figures import Figure
from modelward.web.views.numbers import Table, table
from modelward.web.views.risk_words import GOVERNANCE
from modelward.web.writing import NOTHING, count, number, percent, span

ROWS = 100
"""So many models are listed, those of the highest risk."""


@dataclass(frozen=True)
class GovernedRow:
    """One model."""

    name: str
    version: str | None
    project: str | None
    address: str
    state: State
    risk: str
    since: datetime | None
    sentence: str
    compliance: str
    stage: str


@dataclass(frozen=True)
class CommandCenterView:
    """Everything that the page shows."""

    sentence: str
    figures: tuple[Figure, ...]
    rows: tuple[GovernedRow, ...]
    shown: str
    days: str
    """Which days the charts show, where those are not of now."""
    risk: Markup | None
    deployments: Markup | None


def command_center_view(found: CommandCenter, *, now: datetime) -> CommandCenterView:
    """The page. `now` decides whether the days that are shown are those until today."""
    rows = tuple(_row(entry) for entry in found.models[:ROWS])
    many = len(found.models)
    return CommandCenterView(
        sentence=_sentence(found.counts, many),
        figures=_figures(found),
        rows=rows,
        shown=f"The {ROWS} of {many} models with the highest risk." if many > ROWS else "",
        days=_days_told(found, now),
        risk=_risk(found) if any(day.risk is not None for day in found.days) else None,
        deployments=_deployments(found) if any(day.deployed for day in found.days) else None,
    )


def _days_told(found: CommandCenter, now: datetime) -> str:
    if not found.days or found.days[-1].end > now:
        return ""
    days = span(found.days[0].start, found.days[-1].end)
    return f"{days}: the newest windows of these models end there. What was decided since stands under all."


def trend_numbers(found: CommandCenter) -> Table | None:
    """What both charts draw, day by day."""
    if not found.days:
        return None
    values = [
        (
            NOTHING if day.risk is None else f"{day.risk:.1f}",
            number(day.at_risk),
            number(day.blocked),
            number(day.deployed),
        )
        for day in found.days
    ]
    heads = ("Mean risk", "At risk", "Blocked", "Versions in production")
    return table(_windows(found), heads, values)


def _sentence(counts: Mapping[str | None, int], many: int) -> str:
    if not many:
        return "There is no model yet."
    order = ("BLOCKED", "AT_RISK", "APPROVED", None)
    told = [f"{counts[status]} {GOVERNANCE[status].word.lower()}" for status in order if counts.get(status)]
    return f"{count(many, 'model')}: {', '.join(told)}."


def _figures(found: CommandCenter) -> tuple[Figure, ...]:
    measured = sum(entry.state is not None for entry in found.models)
    at_risk, blocked = found.counts.get("AT_RISK", 0), found.counts.get("BLOCKED", 0)
    told = [entry.compliance for entry in found.models if entry.compliance is not None]
    mean = sum(told) / len(told) if told else None
    return (
        Figure("Models", number(len(found.models)), f"{number(measured)} of them measured"),
        Figure("At risk", number(at_risk), "by their policy", GOVERNANCE["AT_RISK"].slug if at_risk else ""),
        Figure("Blocked", number(blocked), "by risk or a hard limit", GOVERNANCE["BLOCKED"].slug if blocked else ""),
        Figure("Compliance", percent(mean), f"mean share of checks that hold, over {count(len(told), 'model')}"),
    )


def _row(entry: Governed) -> GovernedRow:
    state, model = entry.state, entry.model
    status = state.status if state else None
    return GovernedRow(
        name=model.name or model.key,
        version=model.version,
        project=entry.project,
        address=f"{model_path(model.key)}/governance",
        state=GOVERNANCE[status],
        risk=NOTHING if state is None or state.risk_score is None else f"{state.risk_score:.1f}",
        since=state.since if state else None,
        sentence=state.reasons[0]["sentence"] if state and state.reasons else "nothing of it was measured yet",
        compliance=percent(entry.compliance),
        stage=entry.stage.replace("_", " "),
    )


def _windows(found: CommandCenter) -> Sequence[Window]:
    return [Window(day.start, day.end) for day in found.days]


def _risk(found: CommandCenter) -> Markup:
    return over_time(
        _windows(found),
        [Line("mean risk", [day.risk for day in found.days])],
        label="Mean risk of all models by day",
        axis_write=number,
        thresholds=[Threshold(BUILT_IN.at_risk, "at risk"), Threshold(BUILT_IN.blocked, "blocked")],
    )


def _deployments(found: CommandCenter) -> Markup:
    values = [float(day.deployed) for day in found.days]
    return over_time(
        _windows(found), [Line("in production", values)], label="Versions in production by day", axis_write=number
    )
