"""The overview: every model with its state, why, since when, and how it went lately."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup

from modelward.governance.risk_tables import GovernanceState
from modelward.monitoring.readings import ModelCard, WindowPoint
from modelward.web.charts import sparkline
from modelward.web.states import STATES, TOO_FEW, State, state_of
from modelward.web.time_range import model_path
from modelward.web.views.risk_words import GOVERNANCE, risk_told
from modelward.web.writing import count


@dataclass(frozen=True)
class ModelRow:
    """One model."""

    name: str
    project: str | None
    version: str | None
    address: str
    state: State
    reason: str
    since: datetime | None
    volume: Markup
    volume_told: str
    drift: Markup
    drift_told: str
    events: int
    last_event_at: datetime | None
    reference: str
    risk: str
    governance: State


@dataclass(frozen=True)
class Overview:
    """`sentence` says in words how all of them are."""

    sentence: str
    rows: tuple[ModelRow, ...]


def overview_of(cards: Sequence[ModelCard], governed: Mapping[int, GovernanceState] | None = None) -> Overview:
    """Models in need of attention first; `governed` is what was told last of their risk, by id."""
    rows = sorted((_row(card, (governed or {}).get(card.id)) for card in cards), key=lambda row: -row.state.severity)
    return Overview(_sentence([row.state for row in rows]), tuple(rows))


def _sentence(states: Sequence[State]) -> str:
    counts = [(sum(s is state for s in states), state) for state in sorted(STATES, key=lambda s: -s.severity)]
    told = [f"{many} {_counted(state)}" for many, state in counts if many]
    if len(told) == 1 and len(states) > 1:
        return f"All {len(states)} models: {_counted(states[0])}."
    return f"{count(len(states), 'model')}: {', '.join(told)}."


def _counted(state: State) -> str:
    return "with too few data" if state is TOO_FEW else state.word.lower()


def _row(card: ModelCard, governed: GovernanceState | None) -> ModelRow:
    volumes = [point.rows for point in card.recent]
    return ModelRow(
        name=card.name or card.key,
        project=card.project,
        version=card.version,
        address=model_path(card.key),
        state=state_of(card.health),
        reason=card.health_reason or reason_without_one(card.health, card.reference, card.event_count),
        since=card.health_since,
        volume=sparkline.bars(volumes, label=f"Events in each of the last {len(volumes)} windows"),
        volume_told=f"newest: {count(card.latest.rows, 'event')}" if card.latest else "no events yet",
        drift=_drift(card.recent),
        drift_told=_drift_told(card),
        events=card.event_count,
        last_event_at=card.last_event_at,
        reference=card.reference,
        risk=risk_told(governed),
        governance=GOVERNANCE[governed.status if governed else None],
    )


def reason_without_one(health: str, reference: str, events: int) -> str:
    """What to say of a model that nobody judged yet."""
    if not events:
        return "No event has arrived yet: send the first one."
    if reference in ("none", "building"):
        return "Events arrive; there is no reference yet to hold them against."
    return state_of(health).meaning


def _drift(points: Sequence[WindowPoint]) -> Markup:
    alarmed = sum(bool(p.drifted_columns) for p in points)
    label = f"Drift in the last {len(points)} windows: {alarmed} with drifted columns"
    return sparkline.strip([state_of(p.level).slug for p in points], label=label)


def _drift_told(card: ModelCard) -> str:
    if card.drifted_columns:
        names = ", ".join(f"`{name}`" for name in card.drifted_columns[:2])
        more = len(card.drifted_columns) - 2
        return names + (f" and {more} more" if more > 0 else "")
    return "too few to tell" if state_of(card.health) is TOO_FEW else "no column in alarm"
