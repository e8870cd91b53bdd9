"""A company's admin sets the provider and restarts; a colleague presses the button of the real service."""

from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
from tests.accounts.identity_provider import CLIENT_ID, CLIENT_SECRET, identity_provider
from tests.journeys.running import running


def test_a_colleague_signs_in_and_nothing_of_it_stays_in_log_or_folder(tmp_path: Path) -> None:
    folder, log = tmp_path / "data", tmp_path / "log"
    with identity_provider() as provider, log.open("w") as file:
        provider.person = {"sub": "ada-7", "email": "ada@example.org", "email_verified": True, "groups": ["ml-admins"]}
        settings: dict[str, Any] = {
            "MODELWARD_OIDC_ISSUER": provider.address,
            "MODELWARD_OIDC_CLIENT_ID": CLIENT_ID,
            "MODELWARD_OIDC_CLIENT_SECRET": CLIENT_SECRET,
            "MODELWARD_OIDC_ROLES": "ml-admins=admin,ml=member,*=viewer",
            "MODELWARD_LOG_LEVEL": "debug",
            "MODELWARD_LOG_FORMAT": "json",
        }
        with running(folder, log=file, **settings) as service, service.http() as browser:
            browser.headers["accept"] = "text/html"
            assert 'href="/login/oidc?next=/dashboard"' in browser.get("/login").text
            page = browser.get("/login/oidc", params={"next": "/settings"}, follow_redirects=True)
            assert (page.status_code, page.url.path) == (200, "/settings")
            assert provider.asked[0]["redirect_uri"] == f"{service.url}/login/oidc/callback"
            assert browser.get("/api/v1/auth/me").json()["role"] == "admin"
            for wrong in ("wrong nonce", "alg none", "expired"):
                provider.misbehave = wrong
                assert browser.get("/login/oidc", follow_redirects=True).status_code == 401
            provider.misbehave = ""
            through_a_proxy = {"x-forwarded-proto": "https", "host": f"localhost:{urlsplit(service.url).port}"}
            begun = httpx2.get(f"{service.url}/login/oidc", headers=through_a_proxy, verify=False)
            here = f"https://{through_a_proxy['host']}/login/oidc/callback"
            assert parse_qs(urlsplit(begun.headers["location"]).query)["redirect_uri"] == [here]
            assert begun.headers["set-cookie"].startswith("__Host-modelward_oidc=")
        kept = log.read_bytes() + b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    assert b"GET /login/oidc/callback" in kept
    assert b"ada@example.org" in kept
    assert len(provider.sent) == 12
    for secret in [*provider.sent, CLIENT_SECRET]:
        assert secret.encode() not in kept
