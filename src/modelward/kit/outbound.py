"""The one sender of requests to addresses that people give.

A name is resolved once; each of its addresses is checked, and the connection goes to the very one that was checked, so
that a name which changes its mind between the two leads nowhere (apprise's `HTTPPolicySession`). There are no redirects
and no proxies of the environment; a call ends after 10 seconds, and 64 KB are read of its answer.

Import this where it is used: it loads an HTTP library and a part of apprise.
"""

import time
from typing import Any, Final

import requests
from apprise.utils.http import ConnectionTracker, HTTPPolicy, HTTPPolicySession, track_connections

from modelward.errors import Invalid, Unavailable
from modelward.kit.outbound_rules import OutboundRules
from modelward.kit.outgoing import Answer, Outgoing

CONNECT_SECONDS: Final = 5.0
SECONDS: Final = 10.0
LARGEST_ANSWER: Final = 64 * 1024
AGENT: Final = "Modelward"


class Outbound:
    """Sends within the rules. One may be used by many threads."""

    def __init__(self, rules: OutboundRules, *, seconds: float = SECONDS) -> None:
        self._rules = rules
        self._seconds = seconds

    def send(self, outgoing: Outgoing) -> Answer:
        """Send it once.

        Raises:
            Invalid: the address is not allowed.
            Unavailable: nobody answered.
        """
        response = self.call(outgoing.method, outgoing.address, data=outgoing.body, headers=dict(outgoing.headers))
        return Answer(response.status_code, response.content, _seconds_in(response.headers.get("Retry-After")))

    def call(self, method: str, address: str, **given: Any) -> requests.Response:
        """The same in the form of `requests.request`, for code that expects that. Raises as `send` does."""
        self._rules.check(address)
        refused: list[str] = []
        with _Session(self._rules, refused, self._seconds) as session:
            try:
                response: requests.Response = session.request(method, address, **given)
            except requests.RequestException as error:
                raise _explained(error, refused) from None  # its text holds the address, which may be a secret
        return response


class _Session(HTTPPolicySession):  # type: ignore[misc] # apprise has no types
    """For one call: what the caller asks of redirects, time limits, proxies and certificates does not count."""

    def __init__(self, rules: OutboundRules, refused: list[str], seconds: float) -> None:
        def allow(address: str) -> bool:
            allowed = rules.allow_address(address)
            if not allowed:
                refused.append(address)
            return allowed

        policy = HTTPPolicy(address_filter=allow, resolve_timeout=CONNECT_SECONDS)
        super().__init__(policy)
        self._ca: str | bool = rules.ca_file or True
        self._limit = seconds

    def get_redirect_target(self, resp: requests.Response) -> None:
        """None is followed, or looked at: to do so would read the whole body of the answer."""

    def send(self, request: requests.PreparedRequest, **_ignored: Any) -> requests.Response:
        # A packed answer could grow to any size when it is unpacked.
        request.headers["Accept-Encoding"] = "identity"
        request.headers.setdefault("User-Agent", AGENT)
        tracker = ConnectionTracker()
        with track_connections(tracker, time.monotonic() + self._limit):
            response: requests.Response = super().send(
                request,
                allow_redirects=False,
                stream=True,
                timeout=(min(CONNECT_SECONDS, self._limit), self._limit),
                verify=self._ca,
                cert=None,
                proxies={},
            )
            try:
                response._content = _start_of(response)  # noqa: SLF001 - so that `.content` is this and no more
            finally:
                response.close()
        return response


def _start_of(response: requests.Response) -> bytes:
    try:
        return bytes(response.raw.read(LARGEST_ANSWER, decode_content=False) or b"")
    except Exception as error:  # urllib3 has many; all mean that the answer broke off
        raise requests.exceptions.ConnectionError("the answer broke off") from error


def _explained(error: requests.RequestException, refused: list[str]) -> Invalid | Unavailable:
    if refused and isinstance(error, requests.exceptions.ConnectionError):
        return Invalid(
            "The name of this address leads to a private or reserved network: use a public one, "
            "or let the operator allow that network (MODELWARD_WEBHOOK_ALLOW_CIDRS)."
        )
    if isinstance(error, requests.exceptions.SSLError):
        return Unavailable("The receiver's certificate is not valid.")
    if isinstance(error, requests.exceptions.Timeout):
        return Unavailable("The receiver did not answer in time.")
    if isinstance(error, requests.exceptions.InvalidURL | requests.exceptions.InvalidSchema):
        return Invalid("That is no address that can be called.")
    return Unavailable("The receiver cannot be reached, or broke off.")


def _seconds_in(header: str | None) -> float | None:
    """What `Retry-After` says, where it says it in seconds."""
    try:
        return min(max(float(header or ""), 0.0), 3_600.0)
    except ValueError:
        return None
