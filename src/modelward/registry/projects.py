"""Projects: groups of models, to which keys can be bound."""

from datetime import datetime

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from modelward.accounts.principal import Principal, Scope
from modelward.errors import Conflict, Forbidden, NotFound
from modelward.kit.database import insert_into
from modelward.kit.paging import Page, listed
from modelward.registry.entries import about_project
from modelward.registry.names import key_of
from modelward.registry.project_schemas import ProjectAnswer, ProjectsAsked
from modelward.registry.service import LARGEST_ID
from modelward.registry.tables import Model, Project

_COLUMNS = {"id": Project.id, "key": Project.key, "created_at": Project.created_at}


def projects_page(session: Session, scope: Scope, asked: ProjectsAsked) -> Page[Project]:
    """The projects that the caller sees."""
    return listed(session, select(Project).where(*_within(scope)), asked, columns=_COLUMNS, key=Project.id)


def resolve_project(session: Session, scope: Scope, name: str | int) -> Project:
    """The project with this key or id. A number is an id; a text is a key first, because a key may be all digits.

    Raises:
        NotFound: there is none in the scope; what lies outside of it is not there.
    """
    named = select(Project).where(*_within(scope), _named(name))
    by_key = Project.key != str(name)  # False sorts first
    project = session.scalars(named.order_by(by_key)).first()
    if project is None:
        raise NotFound(f"There is no project {str(name)[:80]!r}: GET /api/v1/projects lists those that there are.")
    return project


def create_project(session: Session, *, by: Principal, key: str, now: datetime) -> Project:
    """A new project. All digits are refused here, so that nobody takes its key for an id.

    Raises:
        Forbidden: the caller is bound to a part of the organisation.
        Conflict: there is one of this key.
    """
    scope = by.scope
    if not scope.whole:
        raise Forbidden("This key is bound to a part of the organisation and makes no projects: use one of the whole.")
    wanted = key_of(key, what="A project")
    values = {"organisation_id": scope.organisation_id, "key": wanted, "created_at": now}
    made = session.execute(
        insert_into(session, Project).values(values).on_conflict_do_nothing().returning(Project.id)
    ).first()
    if made is None:
        raise Conflict(f"There is a project {wanted!r} already: use it, or choose another name.")
    project = session.get_one(Project, made[0])
    about_project(session, project, author=by.author, action="project.created", at=now, after={"key": wanted})
    return project


def rename_project(session: Session, *, by: Principal, project: Project, key: str, now: datetime) -> None:
    """Give the project another key. Programs that send the old one begin a new project of that name.

    Raises:
        Forbidden: the caller is bound to one model of it.
        Conflict: another project has this key.
    """
    if by.scope.model_id is not None:
        raise Forbidden("This key is bound to one model and changes no project: use a key of the project, or of all.")
    wanted = key_of(key, what="A project")
    others = select(Project.id).where(Project.organisation_id == project.organisation_id, Project.id != project.id)
    if session.scalar(others.where(Project.key == wanted)) is not None:
        raise Conflict(f"There is a project {wanted!r} already: choose another name.")
    if project.key == wanted:
        return
    before, project.key = {"key": project.key}, wanted
    session.flush()
    about_project(
        session, project, author=by.author, action="project.renamed", at=now, before=before, after={"key": wanted}
    )


def project_answers(session: Session, projects: list[Project]) -> list[ProjectAnswer]:
    """The projects, each with the number of its models."""
    counted = select(Model.project_id, func.count().label("models")).where(
        Model.project_id.in_([one.id for one in projects])
    )
    models = {row.project_id: row.models for row in session.execute(counted.group_by(Model.project_id))}
    return [
        ProjectAnswer(id=one.id, key=one.key, name=one.key, models=models.get(one.id, 0), created_at=one.created_at)
        for one in projects
    ]


def _named(name: str | int) -> ColumnElement[bool]:
    if isinstance(name, int):
        return Project.id == (name if 0 < name <= LARGEST_ID else 0)
    by_id = name.isascii() and name.isdigit() and 0 < int(name[:11]) <= LARGEST_ID
    by_key = Project.key == key_of(name, what="A project", digits=True)
    return or_(by_key, Project.id == int(name)) if by_id else by_key


def _within(scope: Scope) -> list[ColumnElement[bool]]:
    """A caller who is bound to a model sees the project that it is in."""
    bounds = [Project.organisation_id == scope.organisation_id]
    if scope.project_id is not None:
        bounds.append(Project.id == scope.project_id)
    if scope.model_id is not None:
        bounds.append(Project.id.in_(select(Model.project_id).where(Model.id == scope.model_id)))
    return bounds
