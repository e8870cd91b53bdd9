"""People sign in at an identity provider, which is a real one on loopback, and nobody else does."""

import logging
from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, select
from tests.accounts.identity_provider import CLIENT_ID, CLIENT_SECRET, IdentityProvider, identity_provider
from tests.accounts.whole import Whole, whole_service

from modelward.accounts import oidc_http
from modelward.accounts.manage_users import create_user
from modelward.accounts.principal import Role
from modelward.accounts.tables import DashboardSession, User
from modelward.kit import clock
from modelward.kit.database import reading, writing
from modelward.web import oidc_routes

ADA = {
    "sub": "ada-7",
    "email": "Ada@example.org",
    "email_verified": True,
    "name": "Ada Lovelace",
    "groups": ["ml", "chess"],
}
ROLES = "owners=owner, ml-admins=admin, ml=member, guests=viewer"
SECURE = "https://models.example.org"


@pytest.fixture
def provider() -> Iterator[IdentityProvider]:
    with identity_provider() as provider:
        provider.person = dict(ADA)
        yield provider


class Serving(Protocol):
    def __call__(self, **settings: Any) -> AbstractContextManager[Whole]: ...


@pytest.fixture
def serving(tmp_path: Path, database: Engine, provider: IdentityProvider) -> Serving:
    def start(**settings: Any) -> AbstractContextManager[Whole]:
        known: dict[str, Any] = {
            "oidc_issuer": provider.address,
            "oidc_client_id": CLIENT_ID,
            "oidc_client_secret": CLIENT_SECRET,
            "oidc_roles": ROLES,
        }
        return whole_service(tmp_path, database, **{**known, **settings})

    return start


@pytest.fixture
def service(serving: Serving) -> Iterator[Whole]:
    with serving() as service:
        yield service


def browser_of(service: Whole, url: str = "http://testserver") -> TestClient:
    browser = service.client(url=url)
    browser.headers["accept"] = "text/html"
    return browser


@pytest.fixture
def browser(service: Whole) -> TestClient:
    return browser_of(service)


def go_to_provider(browser: TestClient, back: str | None = None) -> str:
    """Press the button; where the provider sends the browser back to."""
    begun = browser.get("/login/oidc", params={"next": back} if back else {})
    assert begun.status_code == 303, begun.text
    return httpx2.get(begun.headers["location"], verify=False).headers["location"]


def sign_in(browser: TestClient, back: str | None = None) -> httpx2.Response:
    answer: httpx2.Response = browser.get(go_to_provider(browser, back))
    return answer


def refused(answer: httpx2.Response, sentence: str, status: int = 401) -> None:
    assert answer.status_code == status, answer.text
    assert sentence in answer.text
    assert 'action="/login"' in answer.text, "the form is there to go on with"
    assert not [name for name in answer.cookies if name.endswith("session")]


def person(service: Whole, email: str = "ada@example.org") -> User | None:
    with reading(service.database) as session:
        return session.scalars(select(User).where(User.email == email)).first()


def add_person(service: Whole, role: Role, *, password_hash: str | None = None, **changes: Any) -> int:
    with writing(service.database) as session:
        user = create_user(
            session,
            organisation_id=service.organisation_id,
            email="ada@example.org",
            role=role,
            now=clock.now(),
            password_hash=password_hash,
        )
        for name, value in changes.items():
            setattr(user, name, value)
        return user.id


def test_the_button_stands_on_the_login_page_and_keeps_the_way_back(browser: TestClient) -> None:
    page = browser.get("/login", params={"next": "/dashboard/models/churn?range=7d&column=age"})
    assert 'href="/login/oidc?next=/dashboard/models/churn%3Frange%3D7d%26column%3Dage"' in page.text


def test_without_a_provider_there_is_neither_button_nor_route(serving: Serving) -> None:
    with serving(oidc_issuer=None, oidc_client_id=None, oidc_roles="") as service:
        browser = browser_of(service)
        assert "/login/oidc" not in browser.get("/login").text
        assert browser.get("/login/oidc").status_code == 404
        assert browser.get("/login/oidc/callback?code=1&state=2").status_code == 404


def test_somebody_new_is_signed_in_with_the_role_of_their_group(browser: TestClient, service: Whole) -> None:
    answer = sign_in(browser, "/settings")
    assert (answer.status_code, answer.headers["location"]) == (303, "/settings")
    assert browser.get("/dashboard").status_code == 200
    me = browser.get("/api/v1/auth/me").json()
    assert (me["role"], me["organisation_id"]) == ("member", service.organisation_id)
    user = person(service)
    assert user is not None
    assert (user.name, user.role, user.password_hash) == ("Ada Lovelace", "member", None)
    assert user.last_login_at is not None


def test_the_provider_is_asked_as_it_should_be(browser: TestClient, provider: IdentityProvider) -> None:
    sign_in(browser)
    asked = provider.asked[0]
    assert asked["redirect_uri"] == "http://testserver/login/oidc/callback"
    assert asked["scope"].split() == ["openid", "email", "profile", "groups"]
    assert len({asked["state"], asked["nonce"], asked["code_challenge"]}) == 3
    assert all(len(asked[name]) >= 43 for name in ("state", "nonce", "code_challenge"))


def test_what_the_provider_says_of_itself_is_asked_for_once(browser: TestClient, provider: IdentityProvider) -> None:
    for _ in range(2):
        sign_in(browser)
    assert provider.seen.count("/.well-known/openid-configuration") == 1
    assert provider.seen.count("/keys") == 1


def test_the_same_person_has_one_account_whatever_their_address_becomes(
    browser: TestClient, service: Whole, provider: IdentityProvider
) -> None:
    sign_in(browser)
    provider.person["email"] = "ada@elsewhere.example"
    assert sign_in(browser).status_code == 303
    assert person(service, "ada@elsewhere.example") is None
    with reading(service.database) as session:
        assert len(session.scalars(select(User)).all()) == 1


def test_over_https_the_address_and_the_cookies_are_those_of_https(service: Whole, provider: IdentityProvider) -> None:
    browser = browser_of(service, SECURE)
    begun = browser.get("/login/oidc")
    cookie = begun.headers["set-cookie"]
    assert cookie.startswith("__Host-modelward_oidc=")
    for word in ("HttpOnly", "Secure", "SameSite=lax", "Path=/", "Max-Age=600"):
        assert word in cookie
    assert f"{SECURE}/login/oidc/callback" in parse_qs(urlsplit(begun.headers["location"]).query)["redirect_uri"]
    answer = sign_in(browser)
    assert answer.status_code == 303
    cookies = answer.headers.get_list("set-cookie")
    assert any(text.startswith("__Host-modelward_session=") and "Secure" in text for text in cookies)
    assert any(text.startswith('__Host-modelward_oidc=""') for text in cookies), "it is forgotten"
    assert browser.get("/dashboard").status_code == 200


def test_a_public_client_proves_itself_by_pkce_alone(serving: Serving, provider: IdentityProvider) -> None:
    provider.client_secret = None
    with serving(oidc_client_secret=None) as service:
        assert sign_in(browser_of(service)).status_code == 303


def test_the_secret_goes_into_the_form_where_the_provider_takes_it_only_there(
    browser: TestClient, provider: IdentityProvider
) -> None:
    provider.token_auth = ("client_secret_post",)
    assert sign_in(browser).status_code == 303


def test_a_wrong_secret_is_told_to_the_log_by_its_code_alone(
    serving: Serving, caplog: pytest.LogCaptureFixture
) -> None:
    with serving(oidc_client_secret="not-the-secret-of-the-client") as service:
        refused(sign_in(browser_of(service)), "could not be confirmed")
    assert "invalid_client" in caplog.text
    assert "code-" not in caplog.text, "the description that the provider sent quotes the code"


@pytest.mark.parametrize(
    "wrong",
    [
        "wrong nonce",
        "no nonce",
        "wrong audience",
        "no audience",
        "to another party from us",
        "audiences without azp",
        "for another party",
        "expired",
        "never expires",
        "not yet valid",
        "issued tomorrow",
        "issuer of the token",
        "another access token",
        "no subject",
        "empty subject",
        "subject is a number",
        "subject too long",
        "alg none",
        "alg HS256 with the client's secret",
        "alg HS256 with the public key",
        "signed with another key",
        "brings its own key",
        "changed afterwards",
        "unknown kid",
        "no id token",
        "broken token",
        "listed token",
        "huge token",
    ],
)
def test_what_does_not_prove_who_they_are_signs_nobody_in(
    browser: TestClient, service: Whole, provider: IdentityProvider, wrong: str
) -> None:
    provider.misbehave = wrong
    answer = sign_in(browser)
    if wrong == "huge token":
        refused(answer, "does not answer as it should", 503)
    else:
        refused(answer, "could not be confirmed")
    assert person(service) is None
    assert browser.get("/dashboard").status_code == 303, "nobody is signed in"
    provider.misbehave = ""
    assert sign_in(browser).status_code == 303, "the same browser, once all is right"


@pytest.mark.parametrize("part", ["discovery", "keys", "token", "userinfo"])
@pytest.mark.parametrize("wrong", ["slow", "trickling", "huge", "compressed", "redirected", "failing"])
def test_a_provider_that_does_not_answer_as_it_should_is_a_sentence(
    browser: TestClient, provider: IdentityProvider, monkeypatch: pytest.MonkeyPatch, wrong: str, part: str
) -> None:
    monkeypatch.setattr(oidc_http, "PATIENCE", 0.5)
    provider.person.pop("groups")
    provider.userinfo = {**ADA}
    provider.misbehave = f"{wrong} {part}"
    answer = browser.get("/login/oidc") if part == "discovery" else sign_in(browser)
    refused(answer, "does not answer as it should", 503)
    assert answer.headers["retry-after"] == "60"
    assert "/elsewhere" not in provider.seen


@pytest.mark.parametrize("wrong", ["broken discovery", "listed discovery", "another issuer"])
def test_a_provider_that_is_not_the_one_of_the_settings_is_not_gone_to(
    browser: TestClient, provider: IdentityProvider, wrong: str
) -> None:
    provider.misbehave = wrong
    refused(browser.get("/login/oidc"), "does not answer as it should", 503)
    provider.misbehave = ""
    assert sign_in(browser).status_code == 303, "the mistake is not remembered"


@pytest.mark.parametrize("wrong", ["broken keys", "listed keys"])
def test_keys_that_are_none_are_the_providers_fault(
    browser: TestClient, provider: IdentityProvider, wrong: str
) -> None:
    provider.misbehave = wrong
    refused(sign_in(browser), "does not answer as it should", 503)


@pytest.mark.parametrize(
    "wrong",
    [
        {"token_endpoint": None},
        {"token_endpoint": "ftp://127.0.0.1/token"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"jwks_uri": 7},
        {"userinfo_endpoint": "//no.scheme"},
    ],
)
def test_addresses_of_the_provider_that_are_none_are_not_gone_to(
    browser: TestClient, provider: IdentityProvider, wrong: dict[str, Any]
) -> None:
    provider.metadata = wrong
    refused(browser.get("/login/oidc"), "does not answer as it should", 503)


def test_a_provider_that_is_not_there_is_a_sentence(serving: Serving) -> None:
    with serving(oidc_issuer="http://127.0.0.1:9") as service:
        refused(browser_of(service).get("/login/oidc"), "does not answer as it should", 503)


def test_keys_that_changed_are_asked_for_once_more(browser: TestClient, provider: IdentityProvider) -> None:
    assert sign_in(browser).status_code == 303
    provider.rotate("second")
    assert sign_in(browser).status_code == 303
    assert provider.seen.count("/keys") == 2
    provider.rotate("third")
    provider.misbehave = "unknown kid"
    refused(sign_in(browser), "could not be confirmed")
    assert provider.seen.count("/keys") == 3, "once more, and not again and again"
    provider.misbehave = ""
    assert sign_in(browser).status_code == 303


@pytest.mark.parametrize(
    ("part", "wrong"),
    [
        ("token", {"token_type": 7}),
        ("token", {"token_type": "mac"}),
        ("token", {"access_token": 7}),
        ("token", {"access_token": None}),
        ("token", {"expires_in": "soon"}),
        ("token", {"expires_in": 1e400}),
        ("token", {"id_token": 7}),
        ("token", {"id_token": None}),
        ("token", {"id_token": "a.b.c"}),
        ("token", {"id_token": "x" * 100_000}),
        ("token", {"error": ["invalid_grant"]}),
        ("keys", {"keys": 7}),
        ("keys", {"keys": []}),
        ("keys", {"keys": [7, None, "x", {}]}),
        ("keys", {"keys": [{"kty": ["RSA"]}]}),
        ("keys", {"keys": [{"kty": "RSA", "kid": "first", "n": 7, "e": "AQAB"}]}),
        ("keys", {"keys": [{"kty": "RSA", "kid": "first", "n": "", "e": ""}]}),
        ("keys", {"keys": [{"kty": "oct", "kid": "first", "k": "A" * 43}]}),
        ("userinfo", {"sub": None}),
        ("userinfo", {"sub": ["ada-7"]}),
    ],
)
def test_an_answer_in_another_form_than_the_standards_is_never_a_fault_of_ours(
    browser: TestClient, provider: IdentityProvider, part: str, wrong: dict[str, Any]
) -> None:
    provider.person, provider.userinfo = {"sub": ADA["sub"]}, dict(ADA)
    provider.answers = {part: wrong}
    answer = sign_in(browser)
    assert answer.status_code in (401, 503), answer.text
    assert browser.get("/dashboard").status_code == 303, "nobody is signed in"


@pytest.mark.parametrize("error", ["access_denied", "server_error", "<script>alert(1)</script>", ""])
def test_an_error_of_the_provider_is_a_sentence_that_does_not_repeat_it(
    browser: TestClient, error: str, caplog: pytest.LogCaptureFixture
) -> None:
    state = parse_qs(urlsplit(go_to_provider(browser)).query)["state"][0]
    query = urlencode({"state": state, "error": error, "error_description": "call 0800 SWINDLE"})
    answer = browser.get(f"/login/oidc/callback?{query}")
    refused(answer, "did not let you in" if error == "access_denied" else "could not be confirmed")
    assert "SWINDLE" not in answer.text + caplog.text
    assert "<script>alert" not in answer.text + caplog.text


def test_who_is_not_let_in_there_is_not_let_in_here(browser: TestClient, provider: IdentityProvider) -> None:
    provider.misbehave = "access denied"
    refused(sign_in(browser), "did not let you in")


def test_the_answer_to_another_browser_is_not_taken(service: Whole) -> None:
    attacker, victim = browser_of(service), browser_of(service)
    link = go_to_provider(attacker)
    refused(victim.get(link), "begun in another browser")
    mine = go_to_provider(victim)
    refused(victim.get(link), "begun in another browser")
    assert victim.get(mine).status_code == 303, "the link of the attacker did not end what the victim was doing"


def test_a_code_with_another_state_is_not_taken(browser: TestClient) -> None:
    code = parse_qs(urlsplit(go_to_provider(browser)).query)["code"][0]
    for state in ({}, {"state": ""}, {"state": "guessed"}):
        refused(browser.get("/login/oidc/callback", params={"code": code, **state}), "begun in another browser")


def test_a_code_of_another_attempt_is_not_taken(service: Whole, provider: IdentityProvider) -> None:
    """PKCE and nonce: a stolen code is of no use with one's own state."""
    thief = browser_of(service)
    stolen = parse_qs(urlsplit(go_to_provider(browser_of(service))).query)["code"][0]
    state = parse_qs(urlsplit(go_to_provider(thief)).query)["state"][0]
    refused(thief.get("/login/oidc/callback", params={"code": stolen, "state": state}), "could not be confirmed")


def test_an_attempt_ends_once_even_where_cookie_and_code_are_kept(
    browser: TestClient, provider: IdentityProvider
) -> None:
    provider.misbehave = "code used twice"
    link = go_to_provider(browser)
    kept = dict(browser.cookies)
    assert browser.get(link).status_code == 303
    browser.cookies.clear()
    browser.cookies.update(kept)
    refused(browser.get(link), "finished already")


def test_a_second_tap_on_back_does_no_harm(browser: TestClient) -> None:
    link = go_to_provider(browser)
    assert browser.get(link).status_code == 303
    refused(browser.get(link), "finished already")
    assert browser.get("/dashboard").status_code == 200, "the session stands"


def test_who_only_looks_uses_nothing_up(browser: TestClient) -> None:
    link = go_to_provider(browser)
    assert browser.head(link).status_code == 200
    assert browser.get(link).status_code == 303


def test_an_attempt_is_over_after_10_minutes(browser: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    link, late = go_to_provider(browser), clock.now() + timedelta(minutes=10, seconds=1)
    monkeypatch.setattr(oidc_routes, "now", lambda: late)
    refused(browser.get(link), "more than 10 minutes ago")


def test_a_cookie_that_was_changed_is_none(browser: TestClient) -> None:
    link = go_to_provider(browser)
    (name, value), *_ = browser.cookies.items()
    for forged in (value[1:], "", ".", "a.b", value.replace(".", ".."), "W10." + value.partition(".")[2]):
        browser.cookies.clear()
        browser.cookies.set(name, forged)
        refused(browser.get(link), "begun in another browser")


def test_where_the_provider_sends_people_elsewhere_nothing_of_use_goes_along(
    browser: TestClient, provider: IdentityProvider
) -> None:
    provider.misbehave = "redirect elsewhere"
    caught = parse_qs(urlsplit(go_to_provider(browser)).query)
    stranger = httpx2.post(
        f"{provider.address}/token",
        data={"grant_type": "authorization_code", "code": caught["code"][0], "redirect_uri": "https://evil.example"},
        auth=(CLIENT_ID, CLIENT_SECRET),
    )
    assert stranger.json()["error"] == "invalid_grant", "even with the client's secret the verifier is missing"


@pytest.mark.parametrize(
    ("told", "status"), [({"iss": "https://elsewhere.example"}, 401), ({"iss": None}, 303), ({}, 303)]
)
def test_an_answer_that_names_its_issuer_must_name_ours(
    browser: TestClient, provider: IdentityProvider, told: dict[str, str | None], status: int
) -> None:
    link = go_to_provider(browser)
    assert browser.get(link + (f"&iss={told['iss']}" if told.get("iss") else "")).status_code == status


def test_a_provider_that_promises_to_name_itself_must(browser: TestClient, provider: IdentityProvider) -> None:
    provider.metadata = {"authorization_response_iss_parameter_supported": True}
    refused(sign_in(browser), "could not be confirmed")
    link = go_to_provider(browser)
    assert browser.get(f"{link}&iss={provider.address}").status_code == 303


@pytest.mark.parametrize(
    "back",
    ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)", "/" + "x" * 5_000, "/login"],
)
def test_the_way_back_stays_on_this_server(browser: TestClient, back: str) -> None:
    assert sign_in(browser, back).headers["location"] == "/dashboard"


def test_groups_decide_anew_at_every_sign_in(service: Whole, provider: IdentityProvider) -> None:
    browser = browser_of(service)
    sign_in(browser)
    before = person(service)
    provider.person["groups"] = ["chess", "guests", "ml-admins"]
    assert sign_in(browser).status_code == 303
    after = person(service)
    assert before is not None
    assert after is not None
    assert (before.role, after.role) == ("member", "admin")
    assert after.token_version == before.token_version + 1, "tokens of the old role ended"
    sign_in(browser)
    same = person(service)
    assert same is not None
    assert same.token_version == after.token_version, "the same role ends nothing"


def test_whose_groups_have_no_role_is_refused_and_signed_out_everywhere(
    service: Whole, provider: IdentityProvider
) -> None:
    elsewhere, browser = browser_of(service), browser_of(service)
    sign_in(elsewhere)
    for groups in (["chess"], [], None, "chess", {"ml": True}, [["ml"]]):
        provider.person["groups"] = groups
        refused(sign_in(browser), "None of your groups has a role here")
    assert elsewhere.get("/dashboard").status_code == 303, "the session in the other browser ended"


def test_a_stranger_without_a_role_leaves_no_account(
    browser: TestClient, service: Whole, provider: IdentityProvider
) -> None:
    provider.person["groups"] = ["chess"]
    refused(sign_in(browser), "None of your groups has a role here")
    assert person(service) is None


def test_a_star_gives_everybody_a_role(serving: Serving, provider: IdentityProvider) -> None:
    provider.person.pop("groups")
    with serving(oidc_roles="*=viewer,ml=admin") as service:
        assert sign_in(browser_of(service)).status_code == 303
        user = person(service)
        assert user is not None
        assert user.role == "viewer"


def test_the_groups_may_be_in_another_claim(serving: Serving, provider: IdentityProvider) -> None:
    provider.person |= {"https://example.org/teams": "ml-admins", "groups": ["owners"]}
    with serving(oidc_groups_claim="https://example.org/teams") as service:
        assert sign_in(browser_of(service)).status_code == 303
        user = person(service)
        assert user is not None
        assert user.role == "admin"


def test_what_the_token_does_not_say_is_asked_for(
    browser: TestClient, service: Whole, provider: IdentityProvider
) -> None:
    provider.person, provider.userinfo = {"sub": ADA["sub"]}, dict(ADA)
    assert sign_in(browser).status_code == 303
    user = person(service)
    assert user is not None
    assert (user.role, user.name) == ("member", "Ada Lovelace")


def test_information_of_somebody_else_is_not_taken(browser: TestClient, provider: IdentityProvider) -> None:
    provider.person, provider.userinfo = {"sub": ADA["sub"]}, {**ADA, "sub": "bob-8"}
    refused(sign_in(browser), "could not be confirmed")


def test_an_account_is_joined_by_an_address_that_the_provider_has_verified(
    browser: TestClient, service: Whole, provider: IdentityProvider
) -> None:
    user_id = add_person(service, Role.VIEWER, password_hash="a hash")
    assert sign_in(browser).status_code == 303
    user = person(service)
    assert user is not None
    assert (user.id, user.role, user.password_hash) == (user_id, "member", "a hash")
    assert user.identity == f"{provider.address} ada-7"


@pytest.mark.parametrize("verified", [False, None, "yes", 0])
def test_an_account_is_not_joined_by_an_address_that_anybody_may_have_typed(
    browser: TestClient, service: Whole, provider: IdentityProvider, verified: object
) -> None:
    add_person(service, Role.ADMIN, password_hash="a hash")
    provider.person["email_verified"] = verified
    refused(sign_in(browser), "cannot be joined to this sign-in")
    user = person(service)
    assert user is not None
    assert (user.identity, user.role) == (None, "admin")


def test_the_word_that_an_address_is_verified_counts_for_that_address_alone(
    browser: TestClient, service: Whole, provider: IdentityProvider
) -> None:
    add_person(service, Role.ADMIN, password_hash="a hash")
    provider.person.pop("email_verified")  # the token tells Ada's address, the information verifies another
    provider.userinfo = {"sub": ADA["sub"], "email": "mallory@example.org", "email_verified": True}
    assert sign_in(browser).status_code == 303
    assert person(service, "mallory@example.org") is not None
    user = person(service)
    assert user is not None
    assert user.identity is None


def test_a_new_account_needs_an_address_that_is_not_said_to_be_unverified(
    browser: TestClient, service: Whole, provider: IdentityProvider
) -> None:
    provider.person["email_verified"] = False
    refused(sign_in(browser), "has not verified your email yet")
    provider.person.pop("email_verified")
    assert sign_in(browser).status_code == 303


@pytest.mark.parametrize("email", [None, "", "ada", 7, ["ada@example.org"], "a b@example.org", "x" * 400 + "@e.org"])
def test_without_an_address_there_is_no_account(browser: TestClient, provider: IdentityProvider, email: object) -> None:
    provider.person["email"] = email
    refused(sign_in(browser), "did not tell your email")


def test_a_disabled_person_stays_out(browser: TestClient, service: Whole) -> None:
    user_id = add_person(service, Role.MEMBER, disabled_at=clock.now())
    refused(sign_in(browser), "Your account is disabled here")
    with reading(service.database) as session:
        user = session.get_one(User, user_id)
        assert user.last_login_at is None
        assert not session.scalars(select(DashboardSession)).all()


def test_a_session_from_a_provider_lasts_half_a_day(browser: TestClient, service: Whole) -> None:
    sign_in(browser)
    with reading(service.database) as session:
        row = session.scalars(select(DashboardSession)).one()
    assert row.expires_at - row.created_at == timedelta(hours=12)


def test_many_who_wait_for_the_provider_do_not_take_all_threads(
    service: Whole, provider: IdentityProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    from modelward.accounts import oidc

    monkeypatch.setattr(oidc, "AT_ONCE", 0)
    oidc.provider_of.cache_clear()
    answer = browser_of(service).get("/login/oidc")
    oidc.provider_of.cache_clear()
    refused(answer, "Too many people wait for the identity provider", 503)


def test_nothing_that_the_provider_handed_out_is_logged_or_kept(
    browser: TestClient, service: Whole, provider: IdentityProvider, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    provider.userinfo = dict(ADA)
    provider.person.pop("groups")
    for wrong in ("", "wrong nonce", "unknown kid", "broken token", "no id token", "failing userinfo"):
        provider.misbehave = wrong
        sign_in(browser)
    # As the service's own log does: its own lines, and of the libraries warnings. (This test's client logs too.)
    logged = "\n".join(
        caplog.handler.format(record)
        for record in caplog.records
        if record.name.startswith("modelward") or record.levelno >= logging.WARNING
    )
    with service.database.connect() as connection:
        raw = connection.connection.dbapi_connection
        assert raw is not None
        kept = "\n".join(raw.iterdump())
    assert "ada@example.org" in kept
    assert "/login/oidc/callback" in logged
    assert len(provider.sent) >= 15
    for secret in [*provider.sent, CLIENT_SECRET]:
        assert secret not in kept
        assert secret not in logged
