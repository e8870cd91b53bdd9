"""A model of which monitoring has written what the test says, on a real database, and looks at its risk."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Engine, select

from modelward.accounts.principal import Scope
from modelward.accounts.service import create_organisation
from modelward.governance.refresh_risk import refresh_risk
from modelward.governance.risk_tables import GovernanceState, RiskRecord
from modelward.governance.standing import Standing, standing
from modelward.kit.database import insert_into, reading, writing
from modelward.monitoring.tables import ColumnEvaluation, Evaluation, Fairness, Performance
from modelward.registry.service import register
from modelward.registry.tables import Model
from modelward.signals.tables import Signal

DAY = timedelta(days=1)
START = datetime(2026, 3, 2, tzinfo=UTC)
CALM = {"age": 0.01, "town": 0.02, "vip": 0.0, "fare": 0.01}


@dataclass
class MeasuredWorld:
    engine: Engine
    organisation_id: int
    model_id: int

    @classmethod
    def make(cls, engine: Engine, *, key: str = "churn", **attributes: Any) -> "MeasuredWorld":
        with writing(engine) as session:
            organisation = create_organisation(session, name="Acme", now=START)
            model = register(session, scope=Scope(organisation.id), key=key, now=START, attributes=attributes)
            return cls(engine, organisation.id, model.id)

    def another(self, key: str, *, project: str | None = None) -> "MeasuredWorld":
        """Another model of the same organisation."""
        with writing(self.engine) as session:
            scope = Scope(self.organisation_id)
            model = register(session, scope=scope, key=key, now=START, project=project)
            return MeasuredWorld(self.engine, self.organisation_id, model.id)

    def window(
        self,
        day: float,
        columns: dict[str, float] | None = None,
        *,
        prediction: float = 0.0,
        closed: bool = True,
        p_value: float = 1e-9,
        level: str | None = None,
        at: datetime | None = None,
        baseline_id: int = 1,
    ) -> None:
        """A day held against the reference; a PSI from 0.1 on is moderate, from 0.25 on strong."""
        psi = {**(columns or CALM), "@prediction": prediction}
        start = START + day * DAY
        worst = max(psi.values())
        values = {
            "ends_at": start + DAY,
            "closed": closed,
            "verdict": _level(worst),
            "level": level or _level(worst),
            "drifted": worst >= 0.25,
            "rows": 1000,
            "rows_reference": 1000,
            "psi": worst,
            "ks": None,
            "reason": "as the test says",
            "measures": {},
            "comparison": {"columns": []},
            "evaluated_at": at or start + DAY,
            "baseline_id": baseline_id,
            "baseline_status": "confirmed",
        }
        key = {"model_id": self.model_id, "kind": "day", "starts_at": start}
        with writing(self.engine) as session:
            insert = insert_into(session, Evaluation).values(**key, **values)
            upsert = insert.on_conflict_do_update(index_elements=list(key), set_=values).returning(Evaluation.id)
            evaluation_id = session.execute(upsert).scalar_one()
            session.execute(
                ColumnEvaluation.__table__.delete().where(ColumnEvaluation.evaluation_id == evaluation_id)  # type: ignore[attr-defined]
            )
            for column, figure in psi.items():
                session.add(
                    ColumnEvaluation(
                        evaluation_id=evaluation_id,
                        column=column,
                        kind="numeric",
                        level=_level(figure),
                        drifted=figure >= 0.25,
                        psi=figure,
                        ks=None,
                        p_value=p_value,
                        reason="as the test says",
                    )
                )

    def fairness(
        self, day: float, score: float, *, low: float = 0.0, high: float = 1.0, attribute: str = "sex", **more: Any
    ) -> None:
        """How a day treated the groups of an attribute."""
        start = START + day * DAY
        values = {
            "ends_at": start + DAY,
            "closed": True,
            "verdict": "fair",
            "reason": "as the test says",
            "rows": 1000,
            "labelled": 0,
            "score": score,
            "low": low,
            "high": high,
            "measures": {},
            "evaluated_at": start + DAY,
            **more,
        }
        key = {"model_id": self.model_id, "kind": "day", "starts_at": start, "attribute": attribute}
        self._upsert(Fairness, key, values)

    def performance(self, day: float, accuracy: float, *, standard: float = 0.9, at: datetime | None = None) -> None:
        """The accuracy of a day whose outcomes are known."""
        start = START + day * DAY
        metric = {"value": accuracy, "low": accuracy - 0.02, "high": accuracy + 0.02}
        values = {
            "ends_at": start + DAY,
            "closed": True,
            "task": "binary",
            "state": "final",
            "verdict": "ok",
            "reason": "as the test says",
            "rows": 1000,
            "labelled": 1000,
            "metric": "accuracy",
            "value": accuracy,
            "parted": False,
            "calibrated_on": False,
            "measures": {
                "metrics": {"accuracy": metric},
                "standards": {"accuracy": {"value": standard, "source": "given at registration"}},
            },
            "evaluated_at": at or start + DAY,
        }
        self._upsert(Performance, {"model_id": self.model_id, "kind": "day", "starts_at": start}, values)

    def _upsert(self, table: Any, key: dict[str, Any], values: dict[str, Any]) -> None:
        with writing(self.engine) as session:
            insert = insert_into(session, table).values(**key, **values)
            session.execute(insert.on_conflict_do_update(index_elements=list(key), set_=values))

    def look(self, now: datetime) -> None:
        """What the job `measured` does."""
        write = refresh_risk(self.engine, model_id=self.model_id, now=now)
        if write is not None:
            with writing(self.engine) as session:
                write(session)

    def after(self, day: float) -> datetime:
        """The moment just after so many days."""
        return START + day * DAY + timedelta(minutes=1)

    def history(self) -> list[RiskRecord]:
        """The steps, oldest first."""
        with reading(self.engine) as session:
            query = select(RiskRecord).where(RiskRecord.model_id == self.model_id)
            return list(session.scalars(query.order_by(RiskRecord.at, RiskRecord.id)))

    def state(self) -> GovernanceState:
        with reading(self.engine) as session:
            return session.get_one(GovernanceState, self.model_id)

    def standing(self) -> Standing:
        with reading(self.engine) as session:
            return standing(session, session.get_one(Model, self.model_id))

    def told(self, kind: str = "governance_status") -> list[tuple[str | None, str | None]]:
        """What others were told, as before and after."""
        with reading(self.engine) as session:
            found = session.scalars(select(Signal).where(Signal.kind == kind).order_by(Signal.id))
            return [(signal.before, signal.after) for signal in found]


def _level(psi: float) -> str:
    return "drifted" if psi >= 0.25 else "warning" if psi >= 0.1 else "ok"
