"""What a provider's word is worth here: signatures, roles of groups, and whom it may not demote."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from sqlalchemy import Engine, select
from tests.accounts.conftest import Town
from tests.accounts.identity_provider import CLIENT_ID, CLIENT_SECRET, IdentityProvider, identity_provider, key_for

from modelward.accounts import oidc_attempt
from modelward.accounts.oidc import ALGORITHMS, Provider
from modelward.accounts.oidc_attempt import Finished, new_attempt, opened, sealed
from modelward.accounts.oidc_people import Told, admit, role_for, roles_of
from modelward.accounts.principal import Role
from modelward.accounts.service import create_organisation
from modelward.accounts.sessions import begin_session, holder_of
from modelward.accounts.tables import User
from modelward.errors import Unauthorized
from modelward.kit.clock import now
from modelward.kit.database import reading, writing
from modelward.kit.secrets import sign
from modelward.settings import settings_from

HERE = "http://127.0.0.1:8000/login/oidc/callback"
ROLES = {"owners": Role.OWNER, "ml-admins": Role.ADMIN, "ml": Role.MEMBER}
SECRET = "s" * 40


def told(name: str = "ada", *groups: str, verified: bool | None = True) -> Told:
    """What the provider says of `name@example.org`."""
    return Told(f"https://login.example {name}", f"{name}@example.org", verified, name.title(), groups)


def let_in(town: Town, who: Told) -> int | None:
    with writing(town.database) as session:
        return admit(session, who, roles=ROLES, now=now())


def user_of(town: Town, user_id: int) -> User:
    with reading(town.database) as session:
        return session.get_one(User, user_id)


@pytest.fixture
def provider() -> Iterator[IdentityProvider]:
    with identity_provider() as provider:
        yield provider


def asked_by(provider: IdentityProvider, folder: Path) -> Provider:
    return Provider(
        settings_from(
            {},
            data_dir=folder,
            oidc_issuer=provider.address,
            oidc_client_id=CLIENT_ID,
            oidc_client_secret=CLIENT_SECRET,
            oidc_roles="*=viewer",
        )
    )


def person_from(asking: Provider) -> Told:
    attempt = new_attempt("/dashboard", now=now())
    address = asking.address_of(attempt, redirect_uri=HERE, now=now())
    back = httpx2.get(address, verify=False).headers["location"]
    code = parse_qs(urlsplit(back).query)["code"][0]
    return asking.person_of(attempt, code=code, iss=None, redirect_uri=HERE, now=now())


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_every_algorithm_that_we_name_is_understood(provider: IdentityProvider, tmp_path: Path, algorithm: str) -> None:
    provider.algorithm, provider.key = algorithm, key_for(algorithm)
    assert person_from(asked_by(provider, tmp_path)).identity == f"{provider.address} subject-of-nobody"


def test_a_signature_of_an_algorithm_that_its_key_is_not_made_for_is_none(
    provider: IdentityProvider, tmp_path: Path
) -> None:
    provider.algorithm = "ES256"
    provider.key, provider.published = key_for("ES256"), [key_for("RS256")]
    with pytest.raises(Unauthorized):
        person_from(asked_by(provider, tmp_path))


@pytest.mark.parametrize(
    ("verified", "understood"),
    [(True, True), ("true", True), (False, False), ("false", False), (1, True), (None, None)],
)
def test_some_providers_write_true_as_a_word(
    provider: IdentityProvider, tmp_path: Path, verified: object, understood: bool | None
) -> None:
    provider.person = {"sub": "ada", "email": "ada@example.org", "email_verified": verified}
    assert person_from(asked_by(provider, tmp_path)).email_verified is understood


def test_the_highest_role_of_all_groups_counts() -> None:
    roles = roles_of(["ml-admins=admin", " ml = member", "cn=chess=owner", "*=viewer"])
    assert roles == {"ml-admins": Role.ADMIN, "ml": Role.MEMBER, "cn=chess": Role.OWNER, "*": Role.VIEWER}
    assert role_for([], roles) == Role.VIEWER
    assert role_for(["ML", "m"], roles) == Role.VIEWER
    assert role_for(["ml", "ml-admins", "ml"], roles) == Role.ADMIN
    assert role_for(["cn=chess"], roles) == Role.OWNER
    assert role_for(["other"], {"ml": Role.MEMBER}) is None


def test_a_group_called_star_is_everybody_and_nothing_more() -> None:
    assert role_for(["*"], {"*": Role.VIEWER}) == Role.VIEWER
    assert role_for(["*"], {"ml": Role.MEMBER}) is None


def test_an_attempt_is_read_only_as_it_was_written() -> None:
    attempt = new_attempt("/dashboard?a=ü", now=now())
    kept = sealed(attempt, secret=SECRET)
    assert opened(kept, secret=SECRET, now=now()) == attempt
    assert opened(kept, secret="t" * 40, now=now()) is None
    assert opened(kept, secret=SECRET, now=now() + oidc_attempt.LASTS) is None
    assert opened(sign(b'["a"]', secret=SECRET, purpose="form token"), secret=SECRET, now=now()) is None


def test_each_attempt_is_remembered_and_the_oldest_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(oidc_attempt, "_REMEMBERED", 3)
    finished, attempts = Finished(), [new_attempt("/", now=now()) for _ in range(5)]
    assert [finished.first(attempt) for attempt in attempts] == [True] * 5
    assert [finished.first(attempt) for attempt in attempts[2:]] == [False] * 3
    assert len(finished._states) == 3


def test_an_owner_who_has_a_password_is_not_demoted_and_not_signed_out(town: Town) -> None:
    ada = town.person("ada", Role.OWNER)
    town.person("bob", Role.OWNER)
    assert let_in(town, told("ada", "ml")) == ada.id
    assert user_of(town, ada.id).role == "owner"
    with writing(town.database) as session:
        token = begin_session(session, organisation_id=town.organisation_id, user_id=ada.id, now=now())
    assert let_in(town, told("ada")) is None, "the provider has the last word on who comes in through it"
    with reading(town.database) as session:
        assert holder_of(session, token, now=now()) is not None
    assert town.log_in("ada"), "and the password none on who comes in by password"


def test_an_owner_by_group_is_demoted_unless_they_are_the_last(town: Town) -> None:
    ada = let_in(town, told("ada", "owners"))
    assert ada is not None
    assert let_in(town, told("ada", "ml")) == ada
    assert user_of(town, ada).role == "owner", "the last one stays"
    bob = town.person("bob", Role.OWNER)
    assert let_in(town, told("ada", "ml")) == ada
    assert user_of(town, ada).role == "member"
    assert user_of(town, bob.id).role == "owner"


def test_another_role_ends_the_tokens_and_keeps_the_sessions(town: Town) -> None:
    town.person("ada", Role.ADMIN)
    caller = town.signed_in("ada")
    assert caller.get("/auth/me").status_code == 200
    ada = let_in(town, told("ada", "ml"))
    assert ada is not None
    with writing(town.database) as session:
        token = begin_session(session, organisation_id=town.organisation_id, user_id=ada, now=now())
    assert caller.get("/auth/me").status_code == 401
    let_in(town, told("ada", "ml-admins"))
    with reading(town.database) as session:
        holder = holder_of(session, token, now=now())
    assert holder is not None
    assert holder[0].role == "admin"


def test_who_loses_every_role_loses_tokens_and_sessions(town: Town) -> None:
    town.person("ada", Role.MEMBER)
    assert let_in(town, told("ada", "ml")) is not None
    caller = town.signed_in("ada")
    assert let_in(town, told("ada")) is None
    assert caller.get("/auth/me").status_code == 401


def test_people_of_other_organisations_are_not_joined(town: Town) -> None:
    with writing(town.database) as session:
        theirs = create_organisation(session, name="Theirs", now=now())
    ada = town.person("ada", Role.OWNER, organisation_id=theirs.id)
    with pytest.raises(Unauthorized, match="cannot be joined"):
        let_in(town, told("ada", "ml"))
    assert user_of(town, ada.id).identity is None


def test_one_who_is_joined_already_is_not_joined_to_somebody_else(town: Town) -> None:
    ada = let_in(town, told("ada", "ml"))
    assert ada is not None
    thief = told("ada", "ml-admins")._replace(identity="https://login.example somebody-else")
    with pytest.raises(Unauthorized, match="cannot be joined"):
        let_in(town, thief)
    assert user_of(town, ada).role == "member"


def test_subjects_are_told_apart_by_every_character(town: Town) -> None:
    """`Ada` and `ada` are two people to the provider (Core 1.0, 2: a case-sensitive string)."""
    small = let_in(town, told("ada", "ml"))
    large = told("ada", "ml")._replace(identity="https://login.example ADA", email="ada2@example.org")
    assert let_in(town, large) != small


def test_a_name_that_cannot_be_printed_is_mended(town: Town) -> None:
    ada = let_in(town, told("ada", "ml")._replace(name="\x00 A\u202eda\n" + "x" * 300))
    bob = let_in(town, told("bob", "ml")._replace(name="\n"))
    assert ada is not None
    assert bob is not None
    assert user_of(town, ada).name.startswith("Adax")
    assert len(user_of(town, ada).name) == 200
    assert user_of(town, bob).name == "bob"


def test_the_first_person_makes_the_organisation_of_a_service_that_has_none(each_database: Engine) -> None:
    with writing(each_database) as session:
        ada = admit(session, told("ada", "ml"), roles=ROLES, now=now())
    with reading(each_database) as session:
        assert session.scalars(select(User.id)).all() == [ada]
