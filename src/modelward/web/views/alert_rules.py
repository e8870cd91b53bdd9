"""Alert rules in words, and the fields by which one is written."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from modelward.alerting.rule_schemas import RuleAnswer
from modelward.rules.alert_rules import USED, AlertKind, Condition
from modelward.web.writing import number, percent

KINDS: Final[Mapping[AlertKind, tuple[str, str]]] = {
    AlertKind.DRIFT: ("Drift of columns", "a column, or a share of all, is unlike the reference"),
    AlertKind.PREDICTION_DRIFT: ("Drift of predictions", "the predictions or their scores are unlike the reference"),
    AlertKind.SEGMENTS: ("Segments", "a declared segment drifts or falls by itself"),
    AlertKind.QUALITY: (
        "Data quality",
        "values are missing, of a wrong type, new, out of range, or break a constraint",
    ),
    AlertKind.VOLUME: ("Volume", "far more or far fewer events than at this time of the week"),
    AlertKind.SILENCE: ("Silence", "no events arrive for longer than usual"),
    AlertKind.LATENCY: ("Latency", "a percentile of the latency is above a limit"),
    AlertKind.PERFORMANCE: ("Performance", "labels say that the model is no longer right"),
    AlertKind.ESTIMATED_PERFORMANCE: ("Estimated performance", "without labels, it is expected to be no longer right"),
    AlertKind.FAIRNESS: ("Fairness", "groups are treated unequally"),
    AlertKind.RISK: ("Risk", "the risk index is above a limit"),
    AlertKind.GOVERNANCE_STATUS: ("Status", "the model is at risk, or blocked"),
    AlertKind.COST: ("Costs", "costs have jumped"),
    AlertKind.MONITOR: ("The monitor itself", "no verdicts come, because the worker is away or fails"),
}
ORDER: Final = ("columns", "share", "at_least", "gaps", "percentile", "metric", "limit", "fall", "status")
LABELS: Final[Mapping[str, tuple[str, str]]] = {
    "columns": ("Columns", "their names, with commas between them; any, unless said"),
    "share": ("Share of the columns, in %", "fires when so many of them are in alarm together"),
    "at_least": ("From which alarm on", ""),
    "gaps": ("Times the longest gap", "so long may pass without an event"),
    "percentile": ("Percentile", ""),
    "metric": (
        "Metric",
        "as in the answers of the API, such as roc_auc; that by which the model is judged, unless said",
    ),
    "limit": ("Limit", ""),
    "fall": ("Fall, in %", "of the standard that windows are held against"),
    "status": ("From which status on", ""),
}
CHOICES: Final[Mapping[str, tuple[tuple[str, str], ...]]] = {
    "at_least": (("moderate", "moderate: 2 of 3 windows, or a strong one"), ("strong", "strong ones alone")),
    "percentile": (("50", "the median"), ("95", "95th"), ("99", "99th")),
    "status": (("AT_RISK", "at risk"), ("BLOCKED", "blocked")),
}
PERCENT: Final = frozenset({"share", "fall"})


@dataclass(frozen=True)
class RuleLine:
    """One rule in the list."""

    address: str
    title: str
    what: str
    scope: str
    enabled: bool
    built_in: bool
    changed: bool
    severity: str | None


@dataclass(frozen=True)
class FormField:
    """One field of the form of a rule's condition."""

    name: str
    label: str
    meaning: str
    value: str
    choices: tuple[tuple[str, str], ...]


def rule_line(rule: RuleAnswer, models: Mapping[int, str], projects: Mapping[int, str]) -> RuleLine:
    """A rule as a line."""
    condition = Condition.from_dict(rule.condition.model_dump(exclude_none=True))
    whose = models.get(rule.model_id or 0) or projects.get(rule.project_id or 0)
    return RuleLine(
        address=f"/alerts/rules/{rule.key}",
        title=rule.title,
        what=said(rule.kind, condition),
        scope=f"for `{whose}`" if whose else "everywhere",
        enabled=rule.enabled,
        built_in=rule.built_in is not None,
        changed=rule.id is not None,
        severity=rule.severity,
    )


def said(kind: AlertKind, condition: Condition) -> str:
    """What a rule looks at, and when it fires, in words."""
    words = [KINDS[kind][1]]
    if condition.columns:
        words.append("only " + ", ".join(f"`{column}`" for column in condition.columns[:6]))
    if condition.share is not None:
        words.append(f"{percent(condition.share)} of the columns together")
    if "at_least" in USED[kind]:
        words.append("strong alarms alone" if condition.at_least == "strong" else "moderate and strong alarms")
    if kind is AlertKind.SILENCE:
        words.append(f"{number(condition.gaps)} times the longest gap there was")
    if condition.metric:
        words.append(condition.metric.replace("_", " "))
    if condition.limit is not None:
        unit = f" ms at the {condition.percentile}th percentile" if kind is AlertKind.LATENCY else ""
        words.append(f"limit {number(condition.limit)}{unit}")
    if condition.fall is not None:
        words.append(f"a fall of {percent(condition.fall)}")
    if kind is AlertKind.GOVERNANCE_STATUS:
        words.append(f"from {condition.status} on")
    return "; ".join(words)


def form_fields(kind: AlertKind, kept: Mapping[str, str]) -> list[FormField]:
    """The fields that a rule of this kind reads, filled with what is kept."""
    names = [name for name in ORDER if name in USED[kind]]
    return [FormField(name, *LABELS[name], kept.get(name, ""), CHOICES.get(name, ())) for name in names]


def kept_of(condition: Condition) -> dict[str, str]:
    """A condition as its form shows it."""
    kept = {"columns": ", ".join(condition.columns)}
    for name in ORDER[1:]:
        value = getattr(condition, name)
        shown = value * 100 if name in PERCENT and value is not None else value
        kept[name] = "" if shown is None else f"{shown:g}" if isinstance(shown, float) else str(shown)
    return kept


def condition_wire(kind: AlertKind, form: Mapping[str, str]) -> dict[str, Any]:
    """What the form says, as the API takes it. A number that is none is left to the API to refuse."""
    wire: dict[str, Any] = {}
    for name in USED[kind]:
        text = form.get(name, "").strip()
        if not text:
            continue
        if name == "columns":
            wire[name] = [part.strip() for part in text.split(",") if part.strip()]
        elif name in PERCENT or name in ("gaps", "limit"):
            wire[name] = _number(text, share=name in PERCENT)
        else:
            wire[name] = int(text) if name == "percentile" and text.isdigit() else text
    return wire


def _number(text: str, *, share: bool) -> float | str:
    try:
        value = float(text.replace("%", "").replace(",", "."))
    except ValueError:
        return text
    return value / 100 if share else value
