"""Sessions of the metadata database for FastAPI: one request, one transaction, committed before the answer is sent."""

from collections.abc import Iterator
from typing import Annotated

from fastapi import Depends
from sqlalchemy.orm import Session
from starlette.requests import HTTPConnection

from modelward.kit.database import reading, writing


def _reading(connection: HTTPConnection) -> Iterator[Session]:
    with reading(connection.app.state.database) as session:
        yield session


def _writing(connection: HTTPConnection) -> Iterator[Session]:
    with writing(connection.app.state.database) as session:
        yield session


# The scope "function" ends the transaction before the answer leaves: what was answered is kept, and a commit that
# fails is an error of its request.
Reading = Annotated[Session, Depends(_reading, scope="function")]
Writing = Annotated[Session, Depends(_writing, scope="function")]
