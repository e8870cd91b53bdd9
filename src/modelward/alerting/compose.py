"""What people are told of an incident: its title, its sentence, and the message."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, cast

from modelward.alerting.messages import Message, MessageKind
from modelward.rules import phrases
from modelward.rules.alert_rules import AlertKind
from modelward.rules.alert_states import Alert
from modelward.rules.incidents import Decision, Reason, gravest

MOST_DETAILS: Final = 10

_NOUNS: Final = {
    AlertKind.DRIFT: ("a column has drifted", "{n} columns have drifted"),
    AlertKind.PREDICTION_DRIFT: ("the predictions have drifted", "the predictions have drifted"),
    AlertKind.SEGMENTS: ("a segment has moved by itself", "{n} things have moved in segments"),
    AlertKind.QUALITY: ("the data is broken", "the data is broken in {n} ways"),
    AlertKind.VOLUME: ("the number of events is unusual", "the number of events is unusual"),
    AlertKind.SILENCE: ("no events arrive", "no events arrive"),
    AlertKind.LATENCY: ("it answers slowly", "it answers slowly"),
    AlertKind.PERFORMANCE: ("it is no longer right", "it is no longer right"),
    AlertKind.ESTIMATED_PERFORMANCE: ("its estimated performance has fallen", "its estimated performance has fallen"),
    AlertKind.FAIRNESS: ("groups are treated unequally", "groups are treated unequally by {n} attributes"),
    AlertKind.RISK: ("its risk is too high", "its risk is too high"),
    AlertKind.GOVERNANCE_STATUS: ("its status has fallen", "its status has fallen"),
    AlertKind.COST: ("costs have jumped", "costs have jumped in {n} places"),
    AlertKind.MONITOR: ("the monitor itself does not run as it should", "the monitor itself does not run as it should"),
}
_ORDER: Final = (
    AlertKind.MONITOR,
    AlertKind.SILENCE,
    AlertKind.QUALITY,
    AlertKind.VOLUME,
    AlertKind.DRIFT,
    AlertKind.SEGMENTS,
    AlertKind.PERFORMANCE,
    AlertKind.FAIRNESS,
    AlertKind.LATENCY,
    AlertKind.PREDICTION_DRIFT,
    AlertKind.ESTIMATED_PERFORMANCE,
    AlertKind.COST,
    AlertKind.GOVERNANCE_STATUS,
    AlertKind.RISK,
)
"""What is the likelier cause comes first, and what follows from others last."""


def in_order(alerts: Sequence[Alert]) -> list[Alert]:
    """The gravest first; of what is equally grave the likelier cause, then what began first."""
    return sorted(alerts, key=lambda a: (-a.severity.rank, _ORDER.index(a.kind), a.since, a.subject))


def title_of(alerts: Sequence[Alert]) -> str:
    """What the alerts amount to, without a name before it: "200 columns have drifted and no events arrive"."""
    kinds: dict[AlertKind, int] = {}
    for alert in in_order(alerts):
        kinds[alert.kind] = kinds.get(alert.kind, 0) + 1
    said = [_NOUNS[kind][0 if n == 1 else 1].format(n=f"{n:,}") for kind, n in kinds.items()]
    shown = said[:2] + ([f"{len(said) - 2} more"] if len(said) > 2 else [])
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown) or "nothing fires"


def sentence_of(alerts: Sequence[Alert]) -> str:
    """The gravest alert in its own words, and how many more there are."""
    ordered = in_order(alerts)
    if not ordered:
        return "nothing fires"
    more = len(ordered) - 1
    return ordered[0].sentence + (f"; and {more:,} other alert{'s' if more > 1 else ''}" if more else "")


def message_of(
    decision: Decision,
    *,
    organisation_id: int,
    incident_id: int,
    name: str,
    model_key: str | None,
    opened_at: datetime,
    now: datetime,
) -> Message:
    """The message that a decision sends. `name` is the model's, or that of the organisation."""
    kind = decision.sends
    assert kind is not None
    over = decision.reason is Reason.ALL_RESOLVED
    alerts = list(decision.over) if over else list(decision.told)
    lasted = phrases.lasting(now - opened_at)
    details = [alert.sentence for alert in in_order(alerts)]
    return Message(
        kind=cast("MessageKind", kind),
        title=f"{name}: {title_of(alerts)}",
        sentence=f"all of it is over after {lasted}" if over else sentence_of(alerts),
        details=tuple(_details(decision, details)),
        link=f"/alerts/{incident_id}",
        severity="info" if over else gravest(alerts).value,
        incident_id=incident_id,
        model_key=model_key,
        organisation_id=organisation_id,
        at=now,
    )


def _details(decision: Decision, sentences: Sequence[str]) -> list[str]:
    shown = list(sentences[:MOST_DETAILS])
    if len(sentences) > MOST_DETAILS:
        shown.append(f"and {len(sentences) - MOST_DETAILS:,} more")
    if decision.reason is not Reason.ALL_RESOLVED and decision.over:
        names = phrases.quoted(sorted({alert.title or alert.kind.replace("_", " ") for alert in decision.over}), most=8)
        shown.append(f"no longer: {names}")
    return shown
