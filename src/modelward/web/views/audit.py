"""The audit chain as lines that a person reads: who did what, for whom, from where, what changed, and why."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from modelward.audit.tables import AuditCheck, AuditEntry
from modelward.web.states import HEALTHY, SILENT, State
from modelward.web.writing import count, utc

_PHRASES: Final[Mapping[str, str]] = {
    "user.password_changed": "chose another password for",
    "user.password_reset": "ended the password of",
    "user.role_changed": "changed the role of",
    "user.joined_to_provider": "joined to the identity provider",
    "user.link_made": "made a link that signs in",
    "operator.link_made": "made a link that opens",
    "operator.opened_organisation": "opened",
    "monitor.changed": "changed how the monitor watches",
    "constraints.changed": "changed the constraints on",
    "ingestion.retried": "asked to try again",
    "audit.head_doubted": "found a head that is not its own in",
    "audit.key_changed": "found another key for",
}
"""Where the two words of an action do not make a phrase by themselves."""
_KINDS: Final = ("model", "reference", "project", "key", "user", "organisation", "policy", "version", "channel", "rule")
_NAMED_ALREADY: Final = ("key", "reference", "organisation", "ingestion", "audit chain")
"""Kinds whose titles say what they are."""
_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?\+00:00")
"""As the chain keeps a moment."""
_LONGEST = 160  # characters of a value that are shown at once


@dataclass(frozen=True)
class ChangeView:
    """One field: what it was, and what it is. None where there was, or is, nothing."""

    name: str
    before: str | None
    after: str | None
    long: bool


@dataclass(frozen=True)
class EntryView:
    """One line of the chain."""

    position: int
    at: datetime
    author: str
    author_kind: str
    on_behalf_of: str | None
    address: str | None
    phrase: str
    title: str
    action: str
    changes: tuple[ChangeView, ...]
    reason: str | None
    hash: str


@dataclass(frozen=True)
class CheckView:
    """The state of the last verification, in a word and a sentence."""

    state: State
    word: str
    sentence: str
    checked_at: datetime | None


def entry_view(entry: AuditEntry) -> EntryView:
    """A row as a line."""
    return EntryView(
        position=entry.position,
        at=entry.at,
        author=entry.author_title,
        author_kind=entry.author_kind,
        on_behalf_of=entry.on_behalf_of,
        address=entry.address,
        phrase=phrase(entry.action, entry.object_kind),
        title=entry.object_title,
        action=entry.action,
        changes=tuple(_changes(entry.before or {}, entry.after or {})),
        reason=entry.reason,
        hash=entry.hash,
    )


def phrase(action: str, kind: str) -> str:
    """`model.registered` as "registered the model"; an action that nobody named is said by its own words."""
    known = _PHRASES.get(action)
    if known is not None:
        return known
    verb = action.rpartition(".")[2].replace("_", " ")
    return verb if kind in _NAMED_ALREADY else f"{verb} the {kind.replace('_', ' ')}"


def actions_by_kind() -> list[tuple[str, str]]:
    """What the chain can be asked for: the beginning of an action, and its words."""
    return [(f"{kind}.", f"of a {kind}" if kind != "organisation" else "of the organisation") for kind in _KINDS]


def check_view(check: AuditCheck | None) -> CheckView:
    """What to say of the last verification."""
    if check is None:
        never = "The chain was not verified yet: that happens every night, and whenever you ask for it."
        return CheckView(SILENT, "Not verified yet", never, None)
    if check.code is None:
        said = (
            f"{count(check.entries, 'entry', 'entries')} verified, each as it was written, in its place, none missing."
        )
        return CheckView(HEALTHY, "Whole", said, check.checked_at)
    return CheckView(BROKEN, "Broken", f"At position {check.position}: {check.sentence}", check.checked_at)


BROKEN = State("drifted", "Broken", "Broken", "The chain is not what was written.", 5)


def _changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[ChangeView]:
    for name in {**before, **after}:
        was, now = _shown(before.get(name)), _shown(after.get(name))
        if was is not None or now is not None:
            yield ChangeView(name.replace("_", " "), was, now, max(len(was or ""), len(now or "")) > _LONGEST)


def _shown(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, str):
        return utc(datetime.fromisoformat(value)) if _MOMENT.fullmatch(value) else value
    if isinstance(value, bool):
        return "yes" if value else "no"
    return json.dumps(value, ensure_ascii=False)
