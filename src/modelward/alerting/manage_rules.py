"""Writing, changing and taking back alert rules. Each change is in the audit, and the rules are asked again at once."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from modelward.accounts.principal import Principal, Scope
from modelward.alerting.channel_tables import Channel
from modelward.alerting.rule_schemas import ConditionBody, NewRule, RuleAnswer, RuleChanges, RulePage, RulesAsked
from modelward.alerting.rules_in_force import rule_of
from modelward.alerting.tables import Rule
from modelward.audit.service import record
from modelward.errors import Conflict, Forbidden, Invalid, NotFound
from modelward.jobs.service import enqueue
from modelward.kit.paging import listed
from modelward.registry.projects import resolve_project
from modelward.registry.service import LARGEST_ID, resolve
from modelward.registry.tables import Model
from modelward.rules.alert_rules import BUILT_IN, AlertKind, AlertRule, problems

RULES_CHANGED: Final = "alert_rules_changed"
"""The job that has every model of an organisation looked at again; its key is the organisation's id."""
_BUILT_IN: Final = {rule.key: rule for rule in BUILT_IN}
_COLUMNS = {"id": Rule.id, "kind": Rule.kind, "changed_at": Rule.changed_at, "model_id": Rule.model_id}


def rules_page(session: Session, scope: Scope, asked: RulesAsked) -> RulePage:
    """The rules that the caller sees."""
    query = select(Rule).where(*_seen(scope))
    if asked.model is not None:
        query = query.where(Rule.model_id == resolve(session, scope, asked.model).id)
    page = listed(session, query, asked, columns=_COLUMNS, key=Rule.id)
    return RulePage(items=[answer_of(row) for row in page.items], built_in=_unchanged(session, scope), next=page.next)


def find_rule(session: Session, scope: Scope, key: str) -> Rule | AlertRule:
    """The rule with this id, or the built-in one of this name: as somebody changed it for the organisation, or as is.

    Raises:
        NotFound: there is none in the scope.
    """
    if key in _BUILT_IN:
        return _override(session, scope.organisation_id, key) or _BUILT_IN[key]
    number = int(key[:11]) if key.isascii() and key.isdigit() else 0
    query = select(Rule).where(*_seen(scope), Rule.id == (number if 0 < number <= LARGEST_ID else 0))
    row = session.scalars(query).first()
    if row is None:
        raise NotFound(f"There is no alert rule {key[:80]!r}: GET /api/v1/alert-rules lists those that there are.")
    return row


def create_rule(session: Session, *, author: Principal, body: NewRule, now: datetime) -> Rule:
    """Write a rule.

    Raises:
        Invalid: its condition cannot be meant, or a channel is not there.
        Forbidden: it would hold beyond what the caller may change.
        Conflict: the built-in rule has been replaced in this scope already.
    """
    project_id, model_id = scope_of(session, author.scope, project=body.project, model=body.model)
    row = Rule(
        organisation_id=author.organisation_id,
        built_in=_known_built_in(session, body, author.organisation_id, project_id, model_id),
        title=body.title,
        kind=body.kind.value,
        condition=body.condition.condition().to_dict(),
        severity=body.severity.value if body.severity else None,
        wait_seconds=body.wait_seconds,
        enabled=body.enabled,
        project_id=project_id,
        model_id=model_id,
        channel_ids=_known_channels(session, author.organisation_id, body.channel_ids),
        created_by=author.title,
        created_at=now,
        changed_at=now,
    )
    _check(row)
    session.add(row)
    session.flush()
    _tell(session, author, "alert_rule.created", row, now, after=_told(row))
    return row


def change_rule(session: Session, *, author: Principal, key: str, changes: RuleChanges, now: datetime) -> Rule:
    """Change a rule. A built-in one is written down for the whole organisation with the change.

    Raises:
        NotFound: there is none. Invalid: it could not be meant so. Forbidden: it holds beyond the caller's scope.
    """
    found = find_rule(session, author.scope, key)
    row = found if isinstance(found, Rule) else _written(session, author, found, now)
    _check_may(author.scope, row)
    before, named = _told(row), changes.model_dump(exclude_unset=True)
    if "condition" in named:
        row.condition = (changes.condition or ConditionBody()).condition().to_dict()
    if "severity" in named:
        row.severity = changes.severity.value if changes.severity else None
    if "channel_ids" in named:
        row.channel_ids = _known_channels(session, author.organisation_id, changes.channel_ids)
    for name in ("title", "wait_seconds", "enabled"):
        if named.get(name) is not None:
            setattr(row, name, named[name])
    row.changed_at = now
    _check(row)
    session.flush()
    _tell(session, author, "alert_rule.changed", row, now, before=before, after=_told(row))
    return row


def delete_rule(session: Session, *, author: Principal, key: str, now: datetime) -> None:
    """Take a rule back. A built-in one holds as it came again.

    Raises:
        NotFound: there is none, or nobody changed the built-in one.
    """
    row = find_rule(session, author.scope, key)
    if not isinstance(row, Rule):
        raise NotFound(f"The built-in rule {key!r} is as it came: switch it off with PATCH and `enabled` false.")
    _check_may(author.scope, row)
    before = _told(row)
    session.delete(row)
    session.flush()
    _tell(session, author, "alert_rule.deleted", row, now, before=before)


def answer_of(found: Rule | AlertRule) -> RuleAnswer:
    """A rule as answers show it."""
    return RuleAnswer.of(found, rule_of(found)) if isinstance(found, Rule) else RuleAnswer.of_built_in(found)


def scope_of(
    session: Session, scope: Scope, *, project: int | str | None, model: int | str | None
) -> tuple[int | None, int | None]:
    """The ids of the project or the model that something is for.

    Raises:
        Invalid: both are named. Forbidden: it reaches beyond the caller's scope.
    """
    if project is not None and model is not None:
        raise Invalid("Name a project or a model, not both: a model is in one project.")
    if model is not None:
        return None, resolve(session, scope, model).id
    if project is not None and scope.model_id is None:
        return resolve_project(session, scope, project).id, None
    if not scope.whole:
        raise Forbidden("This key is bound to a part of the organisation: name a model (or its project) in that part.")
    return None, None


def may_change(scope: Scope, *, project_id: int | None, model_id: int | None) -> bool:
    """Whether what holds for this project or model lies in the caller's scope. A model was looked up in it before."""
    if scope.whole:
        return True
    if scope.model_id is not None:
        return model_id == scope.model_id
    return project_id == scope.project_id or (project_id is None and model_id is not None)


def _seen(scope: Scope) -> list[ColumnElement[bool]]:
    """Rules of the organisation, and those of the part that the caller sees."""
    bounds: list[ColumnElement[bool]] = [Rule.organisation_id == scope.organisation_id]
    if scope.project_id is not None:
        bounds.append(or_(Rule.project_id.is_(None), Rule.project_id == scope.project_id))
        bounds.append(
            or_(
                Rule.model_id.is_(None), Rule.model_id.in_(select(Model.id).where(Model.project_id == scope.project_id))
            )
        )
    if scope.model_id is not None:
        bounds.append(or_(Rule.model_id.is_(None), Rule.model_id == scope.model_id))
    return bounds


def _unchanged(session: Session, scope: Scope) -> list[RuleAnswer]:
    whole = (Rule.organisation_id == scope.organisation_id, Rule.project_id.is_(None), Rule.model_id.is_(None))
    changed = set(session.scalars(select(Rule.built_in).where(*whole)))
    return [RuleAnswer.of_built_in(rule) for rule in BUILT_IN if rule.key not in changed]


def _override(
    session: Session, organisation_id: int, key: str, project_id: int | None = None, model_id: int | None = None
) -> Rule | None:
    same = (
        Rule.organisation_id == organisation_id,
        Rule.built_in == key,
        Rule.project_id.is_(None) if project_id is None else Rule.project_id == project_id,
        Rule.model_id.is_(None) if model_id is None else Rule.model_id == model_id,
    )
    return session.scalars(select(Rule).where(*same)).first()


def _known_built_in(
    session: Session, body: NewRule, organisation_id: int, project_id: int | None, model_id: int | None
) -> str | None:
    if body.built_in is None:
        return None
    replaced = _BUILT_IN.get(body.built_in)
    if replaced is None or replaced.kind is not body.kind:
        names = ", ".join(_BUILT_IN)
        raise Invalid(f"There is no built-in rule {body.built_in!r} of the kind {body.kind.value}; there are {names}.")
    if _override(session, organisation_id, body.built_in, project_id, model_id) is not None:
        raise Conflict(f"The built-in rule {body.built_in!r} has been replaced here already: change that rule.")
    return body.built_in


def _written(session: Session, author: Principal, rule: AlertRule, now: datetime) -> Rule:
    """The row of a built-in rule that is changed for the first time."""
    row = Rule(
        organisation_id=author.organisation_id,
        built_in=rule.key,
        title=rule.title,
        kind=rule.kind.value,
        condition=rule.condition.to_dict(),
        severity=rule.severity.value if rule.severity else None,
        wait_seconds=round(rule.wait.total_seconds()),
        enabled=rule.enabled,
        created_by=author.title,
        created_at=now,
        changed_at=now,
    )
    _check_may(author.scope, row)
    session.add(row)
    session.flush()
    return row


def _check(row: Rule) -> None:
    rule = rule_of(row)
    found = problems(rule.kind, rule.condition, timedelta(seconds=row.wait_seconds))
    scoped = row.project_id is not None or row.model_id is not None
    if rule.kind is AlertKind.MONITOR and scoped:
        found.append("a rule on the monitor itself is for the whole organisation")
    if found:
        raise Invalid(f"This rule cannot be meant so: {found[0]}.")


def _check_may(scope: Scope, row: Rule) -> None:
    if not may_change(scope, project_id=row.project_id, model_id=row.model_id):
        raise Forbidden(
            "This key is bound to a part of the organisation and changes no rule beyond it: use one of all."
        )


def _known_channels(session: Session, organisation_id: int, channel_ids: Sequence[int] | None) -> list[int] | None:
    if channel_ids is None:
        return None
    wanted = {number for number in channel_ids if 0 < number <= LARGEST_ID}
    known = set(
        session.scalars(select(Channel.id).where(Channel.organisation_id == organisation_id, Channel.id.in_(wanted)))
    )
    if strangers := sorted(set(channel_ids) - known):
        raise Invalid(f"There is no channel {strangers[0]}: GET /api/v1/channels lists those that there are.")
    return sorted(known)


def _told(row: Rule) -> dict[str, Any]:
    shown = ("title", "kind", "condition", "severity", "wait_seconds", "enabled", "project_id", "channel_ids")
    return {name: getattr(row, name) for name in shown}


def _tell(
    session: Session,
    author: Principal,
    action: str,
    row: Rule,
    now: datetime,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    """Put it into the audit, and ask the rules again."""
    if before is not None and after is not None:
        changed = {name for name in after if after[name] != before[name]}
        before, after = ({name: side[name] for name in sorted(changed)} for side in (before, after))
    record(
        session,
        organisation_id=row.organisation_id,
        author=author.author,
        action=action,
        object_kind="alert_rule",
        object_id=row.built_in or row.id,
        object_title=row.title,
        at=now,
        before=before,
        after=after,
        model_id=row.model_id,
    )
    enqueue(session, RULES_CHANGED, str(row.organisation_id), run_at=now)


def titles_of(session: Session, scope: Scope) -> dict[str, str]:
    """What the rules are called, by the keys that their alerts know them by."""
    written = session.scalars(select(Rule).where(Rule.organisation_id == scope.organisation_id)).all()
    own = {rule_of(row).key: row.title for row in written if row.built_in is None}
    return {**{rule.key: rule.title for rule in BUILT_IN}, **own}
