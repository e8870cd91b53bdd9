"""Verifying all chains, and keeping what was found."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from modelward.audit.tables import AuditCheck
from modelward.audit.verify import Verified, organisations_with_a_chain, verify_chain
from modelward.audit.walk import KnownHead


def verify_all(session: Session, *, known: Sequence[KnownHead] = ()) -> list[Verified]:
    """Every chain that there is, or was when one of the heads was kept."""
    return [
        verify_chain(session, organisation_id=organisation_id, known=known)
        for organisation_id in organisations_with_a_chain(session, known)
    ]


def last_check(session: Session, *, organisation_id: int) -> AuditCheck | None:
    """What was found the last time."""
    return session.get(AuditCheck, organisation_id)


def keep(session: Session, found: Verified, *, now: datetime) -> AuditCheck:
    """Keep what was found, in the place of the time before."""
    check = session.get(AuditCheck, found.organisation_id)
    if check is None:
        check = AuditCheck(organisation_id=found.organisation_id)
        session.add(check)
    check.checked_at, check.entries, check.hash = now, found.entries, found.hash
    wrong = found.wrong
    check.position, check.code, check.sentence = (
        (None, None, None) if wrong is None else (wrong.position, wrong.code, wrong.sentence)
    )
    session.flush()
    return check
