"""The audit chain's due work: every night it is verified, every hour its heads are kept outside of the database."""

import logging
from collections.abc import Callable
from datetime import datetime, time, timedelta

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from modelward.audit.check import keep, last_check, verify_all
from modelward.audit.heads import append_heads, as_line, file_of, heads_of, kept_heads
from modelward.audit.verify import Verified
from modelward.audit.walk import KnownHead
from modelward.jobs.loop import Handler, Together
from modelward.jobs.schedule import every
from modelward.kit import clock
from modelward.kit.database import reading, writing
from modelward.settings import Settings
from modelward.signals.service import emit

log = logging.getLogger("modelward.audit")

NIGHT = time(3)
"""In UTC: when most services have little to do."""

Write = Callable[[Session], object]


def handlers(engine: Engine, settings: Settings) -> dict[str, Handler | Together]:
    """What to do for each kind of job. Asks for the recurring ones too, so that whoever runs jobs has them."""
    now = clock.now()
    with writing(engine) as session:
        every(session, "audit heads", kind="audit_heads", seconds=3_600, first_at=now)
        every(session, "audit verification", kind="audit_verification", seconds=86_400, first_at=_night_after(now))
    kept = dict[int, tuple[int, str]]()
    return {
        "audit_heads": lambda _claim: keep_heads(engine, settings, kept, now=clock.now()),
        "audit_verification": lambda _claim: verify(engine, settings, now=clock.now()),
    }


def keep_heads(engine: Engine, settings: Settings, kept: dict[int, tuple[int, str]], *, now: datetime) -> None:
    """Add the heads to the log and the file; one that is as it was the last time (`kept`) to the log alone."""
    with reading(engine) as session:
        heads = heads_of(session, now=now)
    for head in heads:
        log.info("audit head", extra=as_line(head))
    append_heads(file_of(settings.data_dir), [one for one in heads if kept.get(one.organisation_id) != _place(one)])
    kept.update((one.organisation_id, _place(one)) for one in heads)


def verify(engine: Engine, settings: Settings, *, now: datetime) -> Write:
    """Verify every chain, also against the heads that were kept. One that breaks is a signal, and an error."""
    known = kept_heads(settings.data_dir)
    with reading(engine) as session:
        found = verify_all(session, known=known)

    def write(writer: Session) -> None:
        for one in found:
            note(writer, one, now=now)

    return write


def note(session: Session, found: Verified, *, now: datetime) -> None:
    """Keep what was found, and tell where that is something else than the time before."""
    _tell(session, found, now)
    keep(session, found, now=now)


def _tell(session: Session, found: Verified, now: datetime) -> None:
    before = last_check(session, organisation_id=found.organisation_id)
    was_whole = before is None or before.code is None
    if found.wrong is not None:
        facts = {"organisation_id": found.organisation_id, "position": found.wrong.position, "code": found.wrong.code}
        log.error("the audit chain is broken: %s", found.wrong.sentence, extra=facts)
    if found.whole == was_whole:
        return
    states = ("whole", "broken") if was_whole else ("broken", "whole")
    emit(
        session,
        organisation_id=found.organisation_id,
        model_id=None,
        kind="audit",
        subject="the audit chain",
        before=states[0],
        after=states[1],
        reason=found.wrong.sentence if found.wrong else "Every entry is there again, as it was written.",
        at=now,
        evidence={"position": found.wrong.position, "code": found.wrong.code} if found.wrong else None,
    )


def _place(head: KnownHead) -> tuple[int, str]:
    return head.position, head.hash


def _night_after(now: datetime) -> datetime:
    tonight = datetime.combine(now.date(), NIGHT, tzinfo=now.tzinfo)
    return tonight if tonight > now else tonight + timedelta(days=1)
