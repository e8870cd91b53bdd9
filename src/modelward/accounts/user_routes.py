"""People over HTTP: an admin manages those of the organisation, everybody their own name and password."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response, status

from modelward.accounts.api_route import ApiRoute
from modelward.accounts.change_password import change_own_password
from modelward.accounts.hashing import hash_password
from modelward.accounts.manage_users import (
    change_role,
    check_grant,
    create_user,
    delete_user,
    disable_user,
    enable_user,
    invite,
    managed_user,
    rename_user,
    reset_password,
    seen_user,
)
from modelward.accounts.passwords import checked_password
from modelward.accounts.permission import Admin, Reader
from modelward.accounts.queries import users_page
from modelward.accounts.schemas import (
    NewPassword,
    NewUser,
    NewUserAnswer,
    PasswordAnswer,
    UserAnswer,
    UserChanges,
    UserPage,
    UsersAsked,
)
from modelward.errors import FieldError, Invalid
from modelward.kit.clock import now
from modelward.kit.database import writing
from modelward.kit.paging import lead_on
from modelward.kit.web import Reading, Writing

router = APIRouter(route_class=ApiRoute, tags=["accounts"])

Id = Annotated[int, Path(ge=1, le=2**31 - 1)]  # what the column can be compared with


@router.get("/users")
def list_users(
    request: Request, response: Response, session: Reading, admin: Admin, asked: Annotated[UsersAsked, Query()]
) -> UserPage:
    """The people of the organisation."""
    page = users_page(session, organisation_id=admin.organisation_id, asked=asked)
    lead_on(request, response, page.next)
    return UserPage(items=[UserAnswer.of(user) for user in page.items], next=page.next)


@router.post("/users", status_code=status.HTTP_201_CREATED)
def create(body: NewUser, response: Response, session: Writing, admin: Admin) -> NewUserAnswer:
    """Add a person. Without a password, the answer has the path of a link by which they choose one."""
    check_grant(admin, body.role)
    given = body.password
    # Hashed before the first statement begins the transaction.
    hashed = hash_password(checked_password(given, email=body.email, name=body.name)) if given is not None else None
    organisation_id = admin.organisation_id
    user = create_user(
        session,
        organisation_id=organisation_id,
        email=body.email,
        name=body.name,
        role=body.role,
        password_hash=hashed,
        now=now(),
        author=admin.author,
    )
    link = f"/login?token={invite(session, user=user, now=now())}" if hashed is None else None
    response.headers["Cache-Control"] = "no-store"
    return NewUserAnswer(**UserAnswer.of(user).model_dump(), invitation=link)


@router.get("/users/{user_id}")
def read(user_id: Id, session: Reading, reader: Reader) -> UserAnswer:
    """One person: oneself, or as an admin anybody."""
    return UserAnswer.of(seen_user(session, by=reader, user_id=user_id))


@router.patch("/users/{user_id}")
def patch(user_id: Id, body: UserChanges, session: Writing, reader: Reader) -> UserAnswer:
    """Change a name (also one's own); as an admin, a role, or whether somebody is disabled."""
    user = managed_user(session, by=reader, user_id=user_id)
    if body.name is not None:
        rename_user(session, by=reader, user=user, name=body.name, now=now())
    if body.role is not None:
        change_role(session, by=reader, user=user, role=body.role, now=now())
    if body.disabled is not None:
        if body.disabled:
            disable_user(session, by=reader, user=user, now=now())
        else:
            enable_user(session, by=reader, user=user, now=now())
    return UserAnswer.of(user)


@router.delete("/users/{user_id}", status_code=status.HTTP_204_NO_CONTENT)
def delete(user_id: Id, session: Writing, admin: Admin) -> None:
    """Remove a person, and end all that they hold."""
    delete_user(session, by=admin, user=managed_user(session, by=admin, user_id=user_id), now=now())


@router.post("/users/{user_id}/password")
def password(user_id: Id, body: NewPassword, request: Request, response: Response, reader: Reader) -> PasswordAnswer:
    """Change one's own password, or as an admin end somebody's, which is answered with a link to choose a new one."""
    response.headers["Cache-Control"] = "no-store"
    database = request.app.state.database
    if user_id == reader.user_id:
        new, current = body.password, body.current_password
        if new is None:
            raise _missing()
        change_own_password(database, by=reader, current=current, new=new)
        return PasswordAnswer(changed=True, link=None)
    with writing(database) as session:
        user = managed_user(session, by=reader, user_id=user_id)
        link = reset_password(session, user=user, author=reader.author, now=now())
    return PasswordAnswer(changed=False, link=f"/login?token={link}")


def _missing() -> Invalid:
    field = FieldError("password", "it is missing", "add it, and the current one as current_password")
    return Invalid("Send the new password, and the current one as current_password.", fields=(field,))
