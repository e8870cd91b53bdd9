"""Alert rules over HTTP. A built-in rule is named by its name, one that somebody wrote by its id."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response, status

from modelward.accounts.api_route import ApiRoute
from modelward.accounts.permission import Editor, Reader
from modelward.alerting import manage_rules
from modelward.alerting.preview_rule import preview_rule
from modelward.alerting.rule_schemas import (
    NewRule,
    Preview,
    PreviewAsked,
    RuleAnswer,
    RuleChanges,
    RulePage,
    RulesAsked,
)
from modelward.kit.clock import now
from modelward.kit.paging import lead_on
from modelward.kit.web import Reading, Writing

router = APIRouter(route_class=ApiRoute, tags=["alerting"])


@router.get("/alert-rules")
def list_alert_rules(
    request: Request, response: Response, session: Reading, reader: Reader, asked: Annotated[RulesAsked, Query()]
) -> RulePage:
    """The rules that people wrote, and the built-in ones that hold as they came."""
    page = manage_rules.rules_page(session, reader.scope, asked)
    lead_on(request, response, page.next)
    return page


@router.post("/alert-rules", status_code=status.HTTP_201_CREATED)
def create_alert_rule(body: NewRule, session: Writing, editor: Editor) -> RuleAnswer:
    """Write a rule, for the organisation, a project or a model; or one in the place of a built-in rule."""
    return manage_rules.answer_of(manage_rules.create_rule(session, author=editor, body=body, now=now()))


@router.post("/alert-rules/preview")
def preview_alert_rule(body: PreviewAsked, session: Reading, editor: Editor) -> Preview:
    """When a rule would have fired lately. Nothing is written."""
    return preview_rule(session, scope=editor.scope, asked=body, now=now())


@router.get("/alert-rules/{rule}")
def read_alert_rule(rule: str, session: Reading, reader: Reader) -> RuleAnswer:
    """One rule, by its id, or a built-in one by its name."""
    return manage_rules.answer_of(manage_rules.find_rule(session, reader.scope, rule))


@router.patch("/alert-rules/{rule}")
def change_alert_rule(rule: str, body: RuleChanges, session: Writing, editor: Editor) -> RuleAnswer:
    """Change what is named. A built-in rule is changed, or switched off, for the whole organisation."""
    return manage_rules.answer_of(manage_rules.change_rule(session, author=editor, key=rule, changes=body, now=now()))


@router.delete("/alert-rules/{rule}", status_code=status.HTTP_204_NO_CONTENT)
def delete_alert_rule(rule: str, session: Writing, editor: Editor) -> None:
    """Take a rule back; its alerts are over. A built-in rule holds as it came again."""
    manage_rules.delete_rule(session, author=editor, key=rule, now=now())
