"""People, keys and versions of one model, for the tests of a version's life."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from modelward.accounts.keys import KeyKind
from modelward.accounts.principal import RIGHTS_OF_ROLE, Principal, Role, Scope
from modelward.accounts.service import authenticate, create_key, create_organisation
from modelward.accounts.tables import User
from modelward.governance.decide import approve
from modelward.governance.decide_deployment import Wish, deploy
from modelward.governance.lifecycle_tables import Transition
from modelward.governance.policy_tables import PolicyVersion
from modelward.governance.submit import submit
from modelward.kit.database import writing
from modelward.monitoring.tables import Fairness
from modelward.registry.service import register
from modelward.registry.tables import Model

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@dataclass
class Office:
    """One organisation: its people by name, and what they do."""

    engine: Engine
    organisation_id: int
    people: dict[str, Principal] = field(default_factory=dict)
    policies: int = 0

    @classmethod
    def opened(cls, engine: Engine) -> "Office":
        with writing(engine) as session:
            office = cls(engine, create_organisation(session, name="Acme", now=NOON).id)
        for name, role in (("ada", Role.ADMIN), ("ben", Role.OWNER), ("eve", Role.MEMBER), ("vic", Role.VIEWER)):
            office.hire(name, role)
        return office

    def hire(self, name: str, role: Role) -> Principal:
        email = f"{name}@example.org"
        with writing(self.engine) as session:
            user = User(organisation_id=self.organisation_id, email=email, name=name, role=role.value, created_at=NOON)
            session.add(user)
            session.flush()
            scope = Scope(self.organisation_id)
            self.people[name] = Principal(scope, RIGHTS_OF_ROLE[role], email, role.value, user_id=user.id)
        return self.people[name]

    def key_of(self, maker: Principal | None, name: str = "ci") -> Principal:
        """An admin key that this caller made."""
        with writing(self.engine) as session:
            _, token = create_key(
                session,
                organisation_id=self.organisation_id,
                kind=KeyKind.ADMIN,
                name=name,
                now=NOON,
                created_by=maker.title if maker else None,
            )
            return authenticate(session, token, now=NOON)

    def version(self, version: str = "1", **more: Any) -> int:
        """A draft of the model `churn`."""
        with writing(self.engine) as session:
            scope, key = Scope(self.organisation_id), f"churn-{version}"
            return register(session, scope=scope, key=key, name="churn", version=version, now=NOON, **more).id

    def policy(self, **body: Any) -> None:
        """From now on the organisation asks for this."""
        self.policies += 1
        with writing(self.engine) as session:
            session.add(
                PolicyVersion(
                    organisation_id=self.organisation_id,
                    scope="organisation",
                    scope_id=self.organisation_id,
                    number=self.policies,
                    body=body,
                    author="ben@example.org",
                    at=NOON,
                )
            )

    def measure(self, model_id: int, fairness: float) -> None:
        """Measure a fairness score without doubt, in the place of what was measured before."""
        with writing(self.engine) as session:
            for row in session.scalars(select(Fairness).where(Fairness.model_id == model_id)):
                session.delete(row)
            session.flush()
            session.add(
                Fairness(
                    model_id=model_id,
                    kind="day",
                    starts_at=NOON - 36 * HOUR,
                    ends_at=NOON - 12 * HOUR,
                    closed=True,
                    attribute="sex",
                    verdict="unfair" if fairness < 0.8 else "fair",
                    reason="f is selected less often than m",
                    rows=5_000,
                    labelled=0,
                    score=fairness,
                    low=fairness - 0.01,
                    high=fairness + 0.01,
                    measures={},
                    evaluated_at=NOON - 11 * HOUR,
                )
            )

    def stage(self, model_id: int) -> tuple[str, str | None]:
        """How far a version has come, and where it stands in production."""
        with Session(self.engine) as session:
            model = session.get_one(Model, model_id)
            return model.deployment_status, model.deployment_place

    def steps(self, model_id: int) -> list[Transition]:
        """Its steps, oldest first."""
        with Session(self.engine) as session:
            query = select(Transition).where(Transition.model_id == model_id).order_by(Transition.id)
            return list(session.scalars(query))

    def submit(self, model_id: int, who: str | Principal = "eve", at: datetime = NOON) -> Any:
        return self._do(submit, model_id, who, at, justification=None)

    def approve(self, model_id: int, who: str | Principal = "ada", at: datetime = NOON) -> Any:
        return self._do(approve, model_id, who, at, justification=None)

    def deploy(self, model_id: int, who: str | Principal = "eve", at: datetime = NOON, **wish: Any) -> Any:
        return self._do(deploy, model_id, who, at, wish=Wish(**wish))

    def do(self, what: Any, model_id: int, who: str | Principal = "ada", at: datetime = NOON, **more: Any) -> Any:
        return self._do(what, model_id, who, at, **more)

    def _do(self, what: Any, model_id: int, who: str | Principal, at: datetime, **more: Any) -> Any:
        principal = self.people[who] if isinstance(who, str) else who
        with writing(self.engine) as session:
            model = session.get_one(Model, model_id)
            return what(session, principal=principal, model=model, now=at, **more)
