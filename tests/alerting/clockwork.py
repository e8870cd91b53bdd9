"""A model whose alerts come and go when the test says so, and a clock that the test moves: incidents are decided on at
the moment at which they ask for it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine, select

from modelward.accounts.principal import Scope
from modelward.accounts.service import create_organisation
from modelward.alerting.channel_tables import Delivery
from modelward.alerting.move import move_due
from modelward.alerting.rules_in_force import ALWAYS
from modelward.alerting.settle import Fired, Look, settle
from modelward.alerting.tables import AlertRow, IncidentEvent, IncidentRow, SilenceRow
from modelward.kit.database import reading, writing
from modelward.registry.service import register
from modelward.rules.alert_episodes import Episode
from modelward.rules.alert_rules import BUILT_IN, AlertKind, AlertRule, Severity

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
DAY = timedelta(days=1)
RULES = {rule.kind: rule for rule in BUILT_IN}


def episode(
    subject: str = "age",
    *,
    at: datetime = NOON,
    severity: Severity = Severity.WARNING,
    window: datetime = NOON - timedelta(hours=12),
) -> Episode:
    """A rule that fires for a subject, by the window (a day) that ended at noon unless said otherwise."""
    named = f"`{subject}` moved" if subject else "it happened"
    return Episode(subject, subject, severity, window, at, None, named, window - DAY / 2, window + DAY / 2)


@dataclass
class Clockwork:
    engine: Engine
    organisation_id: int
    model_id: int
    now: datetime = NOON
    seen: list[Fired] = field(default_factory=list)
    replayed: bool = False
    known_until: datetime | None = None

    @classmethod
    def make(cls, engine: Engine, *, key: str = "churn") -> "Clockwork":
        with writing(engine) as session:
            organisation = create_organisation(session, name="Acme", now=NOON)
            model = register(session, scope=Scope(organisation.id), key=key, now=NOON)
            return cls(engine, organisation.id, model.id)

    @classmethod
    def make_many(cls, engine: Engine, count: int) -> "list[Clockwork]":
        with writing(engine) as session:
            scope = Scope(create_organisation(session, name="Acme", now=NOON).id)
            keys = [f"model-{n}" for n in range(count)]
            ids = [register(session, scope=scope, key=key, now=NOON).id for key in keys]
        return [cls(engine, scope.organisation_id, model_id) for model_id in ids]

    def sees(self, *subjects: str, kind: AlertKind = AlertKind.DRIFT, severity: Severity = Severity.WARNING) -> None:
        """A look that shows these alerts of a kind, and what other kinds showed before."""
        found = [episode(subject, severity=severity) for subject in subjects]
        self.looks(
            [*(f for f in self.seen if f.rule.kind is not kind), *(Fired(RULES[kind], ALWAYS, e) for e in found)]
        )

    def looks(self, fired: Iterable[Fired]) -> None:
        """A look that shows exactly this."""
        self.seen = list(fired)
        look = Look(
            f"model:{self.model_id}",
            self.organisation_id,
            self.model_id,
            self.known_until,
            self.replayed,
            tuple(self.seen),
            self.now,
        )
        with writing(self.engine) as session:
            settle(session, look)

    def rule(self, rule: AlertRule, *found: Episode, changed_at: datetime = ALWAYS) -> list[Fired]:
        return [Fired(rule, changed_at, one) for one in found]

    def passes(self, span: timedelta) -> None:
        """Time passes; whenever an incident asks to be decided on, it is."""
        until = self.now + span
        while (due := self._next_due(until)) is not None:
            self.now = max(self.now, due)
            self.decides()
        self.now = until

    def decides(self) -> None:
        """Decide on every open incident, as the job would."""
        with writing(self.engine) as session:
            for incident_id in session.scalars(select(IncidentRow.id).where(IncidentRow.state == "open")).all():
                move_due(session, incident_id=incident_id, now=self.now)

    def _next_due(self, until: datetime) -> datetime | None:
        with reading(self.engine) as session:
            moments = session.scalars(select(IncidentRow.due_at).where(IncidentRow.state == "open")).all()
        return min((moment for moment in moments if moment is not None and moment <= until), default=None)

    def messages(self) -> list[tuple[str, float]]:
        """Kind of each message in the outbox, and when, in seconds after noon."""
        with reading(self.engine) as session:
            rows = session.scalars(select(Delivery).order_by(Delivery.id)).all()
        return [(row.kind, (row.created_at - NOON).total_seconds()) for row in rows]

    def told(self) -> list[dict[str, object]]:
        """The messages themselves."""
        with reading(self.engine) as session:
            return list(session.scalars(select(Delivery.message).order_by(Delivery.id)))

    def reasons(self) -> list[str]:
        """Every decision's reason, in order."""
        query = select(IncidentEvent.reason).where(IncidentEvent.kind == "decided").order_by(IncidentEvent.id)
        with reading(self.engine) as session:
            return [reason for reason in session.scalars(query) if reason]

    def incidents(self) -> list[IncidentRow]:
        with reading(self.engine) as session:
            return list(session.scalars(select(IncidentRow).order_by(IncidentRow.id)))

    def alerts(self) -> dict[str, str]:
        """The state of the newest alert of each subject."""
        with reading(self.engine) as session:
            rows = session.scalars(select(AlertRow).order_by(AlertRow.id)).all()
        return {row.subject: row.state for row in rows}

    def silences(self, *, ends: timedelta, column: str | None = None, kind: str | None = None) -> None:
        with writing(self.engine) as session:
            row = SilenceRow(
                organisation_id=self.organisation_id,
                model_id=self.model_id,
                kind=kind,
                column=column,
                author="ada@acme.example",
                reason="we know",
                created_at=self.now,
                starts_at=self.now,
                ends_at=self.now + ends,
            )
            session.add(row)
