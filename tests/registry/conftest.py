"""An organisation with one model, for the tests of this room."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine

from modelward.accounts.principal import Scope
from modelward.accounts.service import create_organisation
from modelward.kit.database import writing
from modelward.registry.service import register

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


@pytest.fixture
def organisation(each_database: Engine) -> Callable[[str], int]:
    """Makes an organisation, and answers its id."""

    def make(name: str) -> int:
        with writing(each_database) as session:
            return create_organisation(session, name=name, now=NOON).id

    return make


@pytest.fixture
def ours(organisation: Callable[[str], int]) -> int:
    """The id of our organisation."""
    return organisation("Ours")


@pytest.fixture
def churn(each_database: Engine, ours: int) -> int:
    """The id of our model `churn`."""
    with writing(each_database) as session:
        return register(session, scope=Scope(ours), key="churn", now=NOON).id
