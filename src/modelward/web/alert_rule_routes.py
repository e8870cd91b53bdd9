"""Alert rules: listed in words, tried on the past, written, changed, taken back."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import HTMLResponse
from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.responses import Response

from modelward.accounts.permission import Editor, Reader
from modelward.accounts.principal import Principal, Right
from modelward.alerting.manage_rules import answer_of, change_rule, create_rule, delete_rule, find_rule, rules_page
from modelward.alerting.preview_rule import preview_rule
from modelward.alerting.rule_schemas import (
    NewRule,
    Preview,
    PreviewAsked,
    RuleAnswer,
    RuleChanges,
    RulesAsked,
)
from modelward.errors import Conflict, Forbidden, Invalid
from modelward.kit.clock import now
from modelward.kit.database import reading, writing
from modelward.kit.web import Reading, Writing
from modelward.registry.tables import Model, Project
from modelward.rules.alert_rules import BUILT_IN, AlertKind, Condition
from modelward.web.errors import PageRoute
from modelward.web.forms import Done, done, told
from modelward.web.pages import page
from modelward.web.views.alert_rules import KINDS, condition_wire, form_fields, kept_of, rule_line
from modelward.web.views.settings import bindings

router = APIRouter(
    prefix="/alerts/rules", route_class=PageRoute, include_in_schema=False, default_response_class=HTMLResponse
)
_NOT_SO = "This rule cannot be meant so: numbers are numbers, shares lie between 0 and 100 %."
_EMPTY = {**kept_of(Condition()), "title": "", "severity": "", "wait": "0", "bound": "", "enabled": "true"}
_TITLES = {rule.key: rule for rule in BUILT_IN}


async def _sent(request: Request) -> dict[str, str]:
    return {name: value[:10_000] for name, value in (await request.form()).items() if isinstance(value, str)}


Sent = Annotated[dict[str, str], Depends(_sent)]
"""The fields of the form: which there are depends on the kind of the rule."""


@router.get("")
def rules(request: Request, session: Reading, reader: Reader, done: Done = None) -> Response:
    found = rules_page(session, reader.scope, RulesAsked(limit=1_000))
    models, projects = _names(session, reader)
    lines = [rule_line(rule, models, projects) for rule in (*found.items, *found.built_in)]
    kinds = {kind.value: words for kind, words in KINDS.items()}
    may_edit = reader.may(Right.EDIT)
    return page(request, "alert_rules.html", rules=lines, kinds=kinds, may_edit=may_edit, message=told(done))


@router.get("/new")
def new_rule(request: Request, editor: Editor, kind: Annotated[AlertKind, Query()]) -> Response:
    return _form(request, editor, kind, {})


@router.post("")
def write_rule(request: Request, editor: Editor, kept: Sent) -> Response:
    kind = AlertKind(kept["kind"]) if kept.get("kind") in set(AlertKind) else AlertKind.DRIFT
    if kept.get("act") == "preview":
        return _form(request, editor, kind, kept, tried=True)
    try:
        body = _asked(kind, kept)
        with writing(request.app.state.database) as session:
            create_rule(session, author=editor, body=body, now=now())
    except (Invalid, Conflict, Forbidden) as error:
        return _form(request, editor, kind, kept, failure=error.sentence)
    return done("/alerts/rules", "rule-written")


@router.get("/{rule}")
def rule(request: Request, rule: str, session: Reading, reader: Reader, done: Done = None) -> Response:
    found = answer_of(find_rule(session, reader.scope, rule))
    return _form(request, reader, found.kind, _kept(found), rule=found, message=told(done))


@router.post("/{rule}")
def edit_rule(request: Request, rule: str, editor: Editor, kept: Sent) -> Response:
    with reading(request.app.state.database) as session:
        found = answer_of(find_rule(session, editor.scope, rule))
    if kept.get("act") == "preview":
        return _form(request, editor, found.kind, {**_kept(found), **kept}, rule=found, tried=True)
    try:
        changes = _changes(found.kind, kept)
        with writing(request.app.state.database) as session:
            change_rule(session, author=editor, key=rule, changes=changes, now=now())
    except (Invalid, Conflict, Forbidden) as error:
        return _form(request, editor, found.kind, {**_kept(found), **kept}, rule=found, failure=error.sentence)
    return done("/alerts/rules", "rule-changed")


@router.post("/{rule}/remove")
def remove_rule(rule: str, session: Writing, editor: Editor, understood: Annotated[bool, Form()] = False) -> Response:
    if not understood:
        raise Invalid("Nothing was done: say first that you know what is no longer told.")
    delete_rule(session, author=editor, key=rule, now=now())
    return done("/alerts/rules", "rule-removed")


def _asked(kind: AlertKind, kept: dict[str, str]) -> NewRule:
    what, _, whose = kept.get("bound", "").partition(":")
    bound = {what: whose} if what in ("project", "model") else {}
    common = _common(kind, kept)
    try:
        return NewRule(title=kept.get("title", ""), kind=kind, **bound, **common)  # type: ignore[arg-type]
    except ValidationError:
        sentence = "Give the rule a title." if not kept.get("title", "").strip() else _NOT_SO
        raise Invalid(sentence) from None


def _changes(kind: AlertKind, kept: dict[str, str]) -> RuleChanges:
    try:
        return RuleChanges(
            title=kept.get("title") or None,
            enabled=kept.get("enabled") == "true",
            **_common(kind, kept),  # type: ignore[arg-type]
        )
    except ValidationError:
        raise Invalid(_NOT_SO) from None


def _common(kind: AlertKind, kept: dict[str, str]) -> dict[str, object]:
    wait = kept.get("wait", "0").strip() or "0"
    return {
        "condition": condition_wire(kind, kept),
        "severity": kept.get("severity") or None,
        "wait_seconds": int(wait) * 60 if wait.isdigit() and len(wait) < 6 else -1,
    }


def _kept(rule: RuleAnswer) -> dict[str, str]:
    condition = Condition.from_dict(rule.condition.model_dump(exclude_none=True))
    return {
        **kept_of(condition),
        "title": rule.title,
        "severity": rule.severity or "",
        "wait": str(rule.wait_seconds // 60),
        "enabled": "true" if rule.enabled else "false",
        "bound": "",
    }


def _form(
    request: Request,
    reader: Principal,
    kind: AlertKind,
    kept: dict[str, str],
    *,
    rule: RuleAnswer | None = None,
    tried: bool = False,
    failure: str = "",
    message: str | None = None,
) -> Response:
    kept = {**_EMPTY, **kept}
    preview: Preview | None = None
    with reading(request.app.state.database) as session:
        if tried or (rule is not None and not failure):
            preview, refused = _tried(session, reader, kind, kept, rule=rule)
            failure = failure or refused
        projects, models = bindings(session, reader.organisation_id)
        names = _names(session, reader)
    line = rule_line(rule, *names) if rule else None
    return page(
        request,
        "alert_rule.html",
        status=422 if failure else 200,
        kind=kind.value,
        kind_words=KINDS[kind],
        fields=form_fields(kind, kept),
        kept=kept,
        rule=rule,
        line=line,
        preview=preview,
        projects=projects,
        models=models,
        may_edit=reader.may(Right.EDIT),
        failure=failure,
        message=message,
        usual=_TITLES.get(rule.built_in or "") if rule else None,
    )


def _tried(
    session: Session, reader: Principal, kind: AlertKind, kept: dict[str, str], *, rule: RuleAnswer | None
) -> tuple[Preview | None, str]:
    """The preview, or why there is none."""
    what, _, whose = kept.get("bound", "").partition(":")
    bound: dict[str, object] = {what: whose} if what in ("project", "model") else {}
    if rule is not None:
        bound = {"model": rule.model_id, "project": rule.project_id}
    try:
        asked = PreviewAsked(kind=kind, **bound, **_common(kind, kept))  # type: ignore[arg-type]
        return preview_rule(session, scope=reader.scope, asked=asked, now=now()), ""
    except ValidationError:
        return None, _NOT_SO
    except (Invalid, Forbidden) as error:
        return None, error.sentence


def _names(session: Session, reader: Principal) -> tuple[dict[int, str], dict[int, str]]:
    models = select(Model.id, Model.key).where(Model.organisation_id == reader.organisation_id)
    projects = select(Project.id, Project.key).where(Project.organisation_id == reader.organisation_id)
    return tuple({row.id: row.key for row in session.execute(query)} for query in (models, projects))  # type: ignore[return-value]
