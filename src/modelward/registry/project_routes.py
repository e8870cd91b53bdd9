"""Projects over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response, status

from modelward.accounts.api_route import ApiRoute
from modelward.accounts.permission import Editor, Reader
from modelward.kit.clock import now
from modelward.kit.paging import lead_on
from modelward.kit.web import Reading, Writing
from modelward.registry import projects
from modelward.registry.project_schemas import NewProject, ProjectAnswer, ProjectPage, ProjectsAsked

router = APIRouter(route_class=ApiRoute, tags=["projects"])


@router.get("/projects")
def list_projects(
    request: Request, response: Response, session: Reading, reader: Reader, asked: Annotated[ProjectsAsked, Query()]
) -> ProjectPage:
    """The projects of the organisation."""
    page = projects.projects_page(session, reader.scope, asked)
    lead_on(request, response, page.next)
    return ProjectPage(items=projects.project_answers(session, list(page.items)), next=page.next)


@router.post("/projects", status_code=status.HTTP_201_CREATED)
def create_project(body: NewProject, session: Writing, editor: Editor) -> ProjectAnswer:
    """Make a project. One that an event or a new model names is made by itself."""
    made = projects.create_project(session, by=editor, key=body.name, now=now())
    return projects.project_answers(session, [made])[0]


@router.get("/projects/{project}")
def read_project(project: str, session: Reading, reader: Reader) -> ProjectAnswer:
    """One project, by its key or id."""
    found = projects.resolve_project(session, reader.scope, project)
    return projects.project_answers(session, [found])[0]


@router.patch("/projects/{project}")
def rename_project(project: str, body: NewProject, session: Writing, editor: Editor) -> ProjectAnswer:
    """Rename a project. Programs that send its old name begin a new project."""
    found = projects.resolve_project(session, editor.scope, project)
    projects.rename_project(session, by=editor, project=found, key=body.name, now=now())
    return projects.project_answers(session, [found])[0]
