"""An organisation with channels, a clock that is moved by hand, and the loop of jobs run by hand."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, func, select

from modelward.accounts.principal import Principal, Role, Scope, operator
from modelward.accounts.service import create_organisation
from modelward.accounts.tables import User
from modelward.alerting.channel_schemas import NewChannel
from modelward.alerting.channel_tables import Channel, Delivery
from modelward.alerting.deliver import Tools, deliver
from modelward.alerting.deliveries import QUICK, SLOW, queue
from modelward.alerting.delivery_jobs import SWEEP, sweep
from modelward.alerting.manage_channels import make_channel
from modelward.alerting.messages import Message
from modelward.alerting.post import Post
from modelward.jobs import loop
from modelward.jobs.loop import step
from modelward.jobs.tables import Job
from modelward.kit.database import reading, writing
from modelward.rules.delivery import Outcome, Result
from modelward.settings import Settings, settings_from

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
SECRET = "a secret of more than 32 characters, for tests"


class FakePost(Post):
    """Sends nowhere: notes what it is given, and answers as it was told."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.outcome: Callable[[Any], Outcome] = lambda _letter: Outcome(Result.SENT)
        self.sent: list[tuple[str, dict[str, str], Any]] = []

    def send(self, kind: Any, values: Any, letter: Any) -> Outcome:
        self.sent.append((kind.name, dict(values), letter))
        return self.outcome(letter)


@dataclass
class Outbox:
    """The organisation `ours`; `now` moves only when it is told to."""

    engine: Engine
    settings: Settings
    post: FakePost
    organisation_id: int
    now: datetime = NOON
    channels: dict[str, int] = field(default_factory=dict)

    @property
    def principal(self) -> Principal:
        return operator(self.organisation_id)

    def channel(self, name: str, kind: str = "slack", **config: str) -> int:
        given = config or {"url": f"https://hooks.slack.com/services/T/B/{name}"}
        with writing(self.engine) as session:
            body = NewChannel(kind=kind, name=name, config=given)
            made, _ = make_channel(session, maker=self.principal, body=body, settings=self.settings, now=self.now)
            self.channels[name] = made.id
            return made.id

    def person(self, email: str, role: Role) -> None:
        with writing(self.engine) as session:
            session.add(
                User(
                    organisation_id=self.organisation_id,
                    email=email,
                    name=email,
                    role=role.value,
                    token_version=1,
                    created_at=self.now,
                )
            )

    def tell(self, sentence: str, *names: str, **more: Any) -> None:
        message = Message("firing", "churn drifted", sentence, self.organisation_id, self.now, **more)
        ids = [self.channels[name] for name in names] or None
        with writing(self.engine) as session:
            queue(session, message=message, channel_ids=ids, now=self.now)

    def work(self) -> int:
        """Do all that is due now; answers how many jobs that was."""
        tools = Tools(self.settings, self.post, lambda: self.now, lambda: 0.0)
        handlers: dict[str, Any] = {
            lane: lambda claim, lane=lane: deliver(self.engine, tools, channel_id=int(claim.key), lane=lane)
            for lane in (QUICK, SLOW)
        }
        handlers[SWEEP] = lambda _claim: sweep(self.engine, now=self.now)
        done = 0
        while more := step(handlers, self.engine, owner="test", limit=1):
            done += more
            assert done < 1_000
        return done

    def after(self, span: timedelta) -> int:
        self.now += span
        return self.work()

    def to_the_next_job(self) -> None:
        """Move the clock to when there is work, and do it."""
        with reading(self.engine) as session:
            self.now = max(self.now, session.scalars(select(func.min(Job.run_at))).one())
        self.work()

    def deliveries(self) -> list[Delivery]:
        with reading(self.engine) as session:
            return list(session.scalars(select(Delivery).order_by(Delivery.id)))

    def row(self, name: str) -> Channel:
        with reading(self.engine) as session:
            return session.scalars(select(Channel).where(Channel.name == name)).one()

    def sentences(self) -> list[str]:
        return [letter.message.sentence for _, _, letter in self.post.sent]


@pytest.fixture
def outbox(each_database: Engine, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> Outbox:
    settings = settings_from(
        {
            "MODELWARD_SECRET_KEY": SECRET,
            "MODELWARD_DATA_DIR": str(tmp_path),
            "MODELWARD_PUBLIC_URL": "https://modelward.example.org",
        }
    )
    with writing(each_database) as session:
        ours = create_organisation(session, name="Ours", now=NOON).id
    made = Outbox(each_database, settings, FakePost(settings), ours)
    monkeypatch.setattr(loop, "now", lambda: made.now)
    return made


__all__ = ["NOON", "SECRET", "Outbox", "Scope", "outbox"]
