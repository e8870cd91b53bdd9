"""What an incident's timeline says of its alerts: many that change together are one line."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from modelward.alerting.tables import AlertRow, IncidentEvent, IncidentRow
from modelward.rules import phrases
from modelward.rules.alert_states import AlertState

MOST_NAMES: Final = 8
_WORDS: Final = {
    AlertState.FIRING: ("fired", "fires", "fire"),
    AlertState.FADING: ("fading", "is no longer seen", "are no longer seen"),
    AlertState.RESOLVED: ("resolved", "is over", "are over"),
}


def note_states(session: Session, incident: IncidentRow, changed: Sequence[AlertRow], *, now: datetime) -> None:
    """Write which alerts of the incident came into which state."""
    for state, (kind, one, many) in _WORDS.items():
        mine = [row for row in changed if row.state == state.value and row.incident_id == incident.id]
        if mine:
            sentence = _said(mine, one if len(mine) == 1 else many)
            session.add(IncidentEvent(incident_id=incident.id, at=now, kind=kind, sentence=sentence))


def _said(rows: Sequence[AlertRow], words: str) -> str:
    if len(rows) == 1 and words == "fires":
        return rows[0].sentence
    columns = sorted({row.title for row in rows if row.title})
    others = sorted({row.kind.replace("_", " ") for row in rows if not row.title})
    names = [*([phrases.quoted(columns, most=MOST_NAMES)] if columns else []), *others]
    return f"{', '.join(names)} {words}"
