"""Reading people for pages and the API."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from modelward.accounts.schemas import UsersAsked
from modelward.accounts.tables import User
from modelward.kit.paging import Page, listed

_COLUMNS = {
    "id": User.id,
    "email": User.email,
    "name": User.name,
    "role": User.role,
    "created_at": User.created_at,
}


def users_page(session: Session, *, organisation_id: int, asked: UsersAsked) -> Page[User]:
    """The people of an organisation, disabled ones too."""
    query = select(User).where(User.organisation_id == organisation_id)
    return listed(session, query, asked, columns=_COLUMNS, key=User.id)
