"""What a service has from its first start, where only this machine reaches it and where others do."""

from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select
from tests.accounts.conftest import PASSWORD, SECRET

from modelward.accounts.first_start import check_settings, first_start
from modelward.accounts.hashing import verify, waited
from modelward.accounts.keys import is_wellformed
from modelward.accounts.operate import add_user, end_password, give_password, link_for
from modelward.accounts.principal import Role
from modelward.accounts.service import first_organisation
from modelward.accounts.sessions import holder_of, redeem_login_link
from modelward.accounts.tables import ApiKey, Organisation, User
from modelward.errors import Conflict, Invalid, NotFound
from modelward.kit.clock import now
from modelward.kit.database import reading, writing
from modelward.kit.left_address import address_left, left_address
from modelward.settings import Settings, settings_from

OWNER = {"MODELWARD_OWNER_EMAIL": "Ada@example.org", "MODELWARD_OWNER_PASSWORD": PASSWORD}


def configured(folder: Path, **environment: str) -> Settings:
    return settings_from(environment, data_dir=folder)


def start(database: Engine, folder: Path, *, reachable: bool, **environment: str) -> str | None:
    return first_start(database, configured(folder, **environment), host="0.0.0.0", reachable=reachable)


def counted(database: Engine, table: type) -> int:
    with reading(database) as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_on_loopback_there_are_no_questions(each_database: Engine, tmp_path: Path) -> None:
    key = start(each_database, tmp_path, reachable=False)
    assert key
    assert is_wellformed(key)
    assert start(each_database, tmp_path, reachable=False) is None, "it is shown once"
    assert (counted(each_database, Organisation), counted(each_database, User)) == (1, 0)


def test_the_owner_of_the_settings_is_made_once(each_database: Engine, tmp_path: Path) -> None:
    for password in (PASSWORD, "another of nine badgers"):
        environment = {**OWNER, "MODELWARD_OWNER_PASSWORD": password}
        assert start(each_database, tmp_path, reachable=True, **environment) is None
    with reading(each_database) as session:
        owner = session.scalars(select(User)).one()
    assert (owner.email, owner.role) == ("ada@example.org", "owner")
    assert waited(verify(PASSWORD, owner.password_hash)).right
    assert counted(each_database, ApiKey) == 0, "no key is printed where others may read it"


def test_without_an_owner_others_do_not_reach_it(each_database: Engine, tmp_path: Path) -> None:
    with pytest.raises(Invalid) as refusal:
        start(each_database, tmp_path, reachable=True)
    for remedy in ("MODELWARD_OWNER_EMAIL", "MODELWARD_OWNER_PASSWORD", "admin create-user --role owner", "127.0.0.1"):
        assert remedy in refusal.value.sentence
    assert counted(each_database, Organisation) == 0
    add_user(each_database, email="ada@example.org", name="", role=Role.MEMBER, password=PASSWORD)
    with pytest.raises(Invalid):
        start(each_database, tmp_path, reachable=True)
    add_user(each_database, email="eve@example.org", name="", role=Role.OWNER, password=PASSWORD)
    assert start(each_database, tmp_path, reachable=True) is None


def test_without_a_secret_one_sentence_names_both_remedies(tmp_path: Path) -> None:
    with pytest.raises(Invalid) as refusal:
        check_settings(configured(tmp_path), host="0.0.0.0")
    assert "MODELWARD_SECRET_KEY" in refusal.value.sentence
    assert "MODELWARD_OWNER_EMAIL" in refusal.value.sentence
    check_settings(configured(tmp_path, SECRET_KEY=SECRET), host="0.0.0.0")


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        ({"MODELWARD_OWNER_EMAIL": "ada@example.org"}, "set both"),
        ({"MODELWARD_OWNER_PASSWORD": PASSWORD}, "set both"),
        ({**OWNER, "MODELWARD_OWNER_PASSWORD": "password1234"}, "easily guessed"),
        ({**OWNER, "MODELWARD_OWNER_EMAIL": "ada"}, "not an email address"),
    ],
)
def test_half_an_owner_is_none(database: Engine, tmp_path: Path, environment: dict[str, str], sentence: str) -> None:
    with pytest.raises(Invalid, match=sentence) as refusal:
        start(database, tmp_path, reachable=False, **environment)
    assert PASSWORD not in refusal.value.sentence


def test_the_operator_gives_and_ends_passwords(each_database: Engine) -> None:
    assert "ada@example.org is now viewer" in add_user(
        each_database, email="Ada@example.org", name="Ada", role=Role.VIEWER, password=PASSWORD
    )
    give_password(each_database, email="ADA@example.org", password="eight purple herons")
    token = end_password(each_database, email="ada@example.org")
    with writing(each_database) as session:
        holder = holder_of(session, redeem_login_link(session, token, now=now()), now=now())
        organisation = first_organisation(session)
        assert organisation
        assert link_for(session, organisation_id=organisation.id, email="ada@example.org")
        assert link_for(session, organisation_id=organisation.id, email=None)
    assert holder
    assert holder[0].title == "ada@example.org"


def test_the_operator_is_told_who_is_not_there(each_database: Engine) -> None:
    with pytest.raises(NotFound, match="Nobody has the email"):
        end_password(each_database, email="nobody@example.org")
    add_user(each_database, email="ada@example.org", name="", role=Role.VIEWER, password=PASSWORD)
    with pytest.raises(Conflict):
        add_user(each_database, email="ada@example.org", name="", role=Role.VIEWER, password=PASSWORD)
    with writing(each_database) as session:
        session.scalars(select(User)).one().disabled_at = now()
    with pytest.raises(Conflict, match="disabled"):
        end_password(each_database, email="ada@example.org")


def test_the_address_is_left_while_the_service_answers(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    assert left_address(tmp_path) is None
    with address_left(tmp_path, "http://127.0.0.1:8123"):
        assert left_address(tmp_path) == "http://127.0.0.1:8123"
    assert left_address(tmp_path) is None
