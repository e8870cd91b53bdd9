"""What the audit chain is told of models, their references, and projects."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from modelward.audit.author import Author
from modelward.audit.service import record
from modelward.registry.tables import Baseline, Model, Project


def about_model(
    session: Session,
    model: Model,
    *,
    author: Author,
    action: str,
    at: datetime,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    reason: str | None = None,
) -> None:
    """Somebody did something to a model."""
    record(
        session,
        organisation_id=model.organisation_id,
        author=author,
        action=action,
        object_kind="model",
        object_id=model.id,
        object_title=model.key,
        at=at,
        before=before,
        after=after,
        reason=reason,
        model_id=model.id,
    )


def about_reference(
    session: Session,
    model: Model,
    baseline: Baseline,
    *,
    author: Author,
    action: str,
    at: datetime,
    before: Mapping[str, Any] | None = None,
    reason: str | None = None,
) -> None:
    """Somebody gave a model a reference, or confirmed the one that it has."""
    record(
        session,
        organisation_id=model.organisation_id,
        author=author,
        action=action,
        object_kind="reference",
        object_id=baseline.id,
        object_title=f"the reference of {model.key}",
        at=at,
        before=before,
        after=facts_of(baseline),
        reason=reason,
        model_id=model.id,
    )


def facts_of(baseline: Baseline | None) -> dict[str, Any] | None:
    """What a person would want to know of a reference, years later."""
    if baseline is None:
        return None
    named = ("id", "status", "source", "rows", "starts_at", "ends_at")
    return {name: value for name in named if (value := getattr(baseline, name)) is not None}


def about_project(
    session: Session,
    project: Project,
    *,
    author: Author,
    action: str,
    at: datetime,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Somebody did something to a project."""
    record(
        session,
        organisation_id=project.organisation_id,
        author=author,
        action=action,
        object_kind="project",
        object_id=project.id,
        object_title=project.key,
        at=at,
        before=before,
        after=after,
    )
