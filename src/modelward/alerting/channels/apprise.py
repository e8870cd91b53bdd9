"""Other services, named by an address of apprise (github.com/caronc/apprise/wiki), as far as they are on a list here.

apprise words the request and sends nothing: its plugins' HTTP library is exchanged for one that notes what would be
sent, and the guarded sender sends that. So a service is on the list only if its message is one request, and a test
holds each of them to that.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from importlib import import_module
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from modelward.alerting.channels.contract import Field, Kind, Letter, Values, judged
from modelward.alerting.channels.wording import cut, ending, harmless, heading, plain
from modelward.errors import Invalid
from modelward.kit.outbound_rules import OutboundRules
from modelward.kit.outgoing import Answer, Outgoing
from modelward.rules.delivery import Outcome

PLUGINS: Final = {
    "discord": ("discord", "NotifyDiscord"),
    "flock": ("flock", "NotifyFlock"),
    "gchat": ("google_chat", "NotifyGoogleChat"),
    "gotify": ("gotify", "NotifyGotify"),
    "gotifys": ("gotify", "NotifyGotify"),
    "mmost": ("mattermost", "NotifyMattermost"),
    "mmosts": ("mattermost", "NotifyMattermost"),
    "ntfy": ("ntfy", "NotifyNtfy"),
    "ntfys": ("ntfy", "NotifyNtfy"),
    "pagerduty": ("pagerduty", "NotifyPagerDuty"),
    "pover": ("pushover", "NotifyPushover"),
    "rocket": ("rocketchat", "NotifyRocketChat"),
    "rockets": ("rocketchat", "NotifyRocketChat"),
    "slack": ("slack", "NotifySlack"),
    "workflows": ("workflows", "NotifyWorkflows"),
    "wxteams": ("webexteams", "NotifyWebexTeams"),
    "zulip": ("zulip", "NotifyZulip"),
}
"""The schemes that are allowed, and apprise's module and class for each: nothing else of its 170 is loaded."""
PARAMETERS: Final = frozenset({"channel", "format", "mode", "priority", "region", "thread", "to"})
"""What may stand behind a `?`: others (`template`, `attach`) would make apprise read files of this machine."""
LONGEST = 10_000

_noted: ContextVar[list[Outgoing] | None] = ContextVar("noted", default=None)


class _Noting:
    """What stands in the place of the module `requests` in a plugin of apprise."""

    def __init__(self, real: Any) -> None:
        self._real = real

    def __getattr__(self, name: str) -> Any:
        if name in ("Session", "session", "head", "options"):
            raise AttributeError(f"a plugin may not use requests.{name} here")
        return getattr(self._real, name)

    def request(self, method: str, url: str, **given: Any) -> Any:
        """Note the request, and answer as if it had been taken."""
        noted = _noted.get()
        if noted is None:
            raise RuntimeError("a plugin of apprise sends nothing by itself here")
        kept = {name: given[name] for name in ("data", "json", "params", "headers", "auth", "files") if name in given}
        prepared = self._real.Request(method.upper(), url, **kept).prepare()
        body = prepared.body or b""
        content = body.encode() if isinstance(body, str) else bytes(body)
        headers = {name: value for name, value in prepared.headers.items() if name.lower() != "content-length"}
        noted.append(Outgoing(prepared.url, content, headers, method.upper()))
        response = self._real.Response()
        response.status_code, response._content = 200, b"ok"  # noqa: SLF001 - there is no other way to make one
        return response

    def get(self, url: str, **given: Any) -> Any:
        return self.request("GET", url, **given)

    def post(self, url: str, **given: Any) -> Any:
        return self.request("POST", url, **given)

    def put(self, url: str, **given: Any) -> Any:
        return self.request("PUT", url, **given)

    def patch(self, url: str, **given: Any) -> Any:
        return self.request("PATCH", url, **given)

    def delete(self, url: str, **given: Any) -> Any:
        return self.request("DELETE", url, **given)


def write(values: Values, letter: Letter) -> Outgoing:
    """The one request in which apprise would send it.

    Raises:
        Invalid: there is none, or there are several.
    """
    plugin = _plugin(values["url"])
    letter = harmless(letter)
    message = letter.message
    kind = {"info": "info", "warning": "warning", "critical": "failure"}[message.severity]
    with _noting() as noted:
        plugin.send(
            body=cut(plain(letter), min(LONGEST, plugin.body_maxlen)),
            title=cut(heading(message), max(plugin.title_maxlen, 100)),
            notify_type=_types()("success" if message.kind == "resolved" else kind),
        )
    if len(noted) != 1:
        raise Invalid("apprise makes no single request of this address: give it one recipient.")
    return noted[0]


@contextmanager
def _noting() -> Iterator[list[Outgoing]]:
    noted: list[Outgoing] = []
    token = _noted.set(noted)
    try:
        yield noted
    finally:
        _noted.reset(token)


def _plugin(url: str) -> Any:
    """Apprise's own object for the address, whose HTTP library is exchanged.

    Raises:
        Invalid: apprise does not understand it, or it is not on the list.
    """
    module_name, class_name = PLUGINS[_checked_scheme(url)]
    import requests
    from apprise import AppriseAsset

    logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)  # its lines hold addresses, which are secrets
    module = import_module(f"apprise.plugins.{module_name}")
    if not isinstance(module.requests, _Noting):
        module.requests = _Noting(requests)  # type: ignore[attr-defined]
    asset = AppriseAsset(app_id="Modelward", app_desc="Modelward", app_url="", image_url_mask="", image_url_logo="")
    make = getattr(module, class_name)
    try:
        plugin = make(**{**make.parse_url(url), "asset": asset})
    except (
        TypeError,
        ValueError,
        AttributeError,
    ):  # it parses what it does not know to None, and complains by errors of its own
        raise _not_understood() from None
    plugin.request_rate_per_sec = 0  # it would sleep between two messages
    return plugin


def _not_understood() -> Invalid:
    return Invalid("apprise does not understand this address: its wiki says what is written for each service.")


def _types() -> Any:
    from apprise import NotifyType

    return NotifyType


def _checked_scheme(url: str) -> str:
    scheme = url.partition("://")[0].lower()
    if scheme not in PLUGINS:
        raise Invalid(f"The service {cut(scheme, 20)!r} is not among these: {', '.join(sorted(PLUGINS))}.")
    query = url.partition("?")[2]
    strange = {name.lower() for name, _ in parse_qsl(query, keep_blank_values=True)} - PARAMETERS
    if strange or set(query) & set(";?"):  # apprise divides at a ; too, where others read on
        raise Invalid(f"Behind the ? of this address only these are understood: {', '.join(sorted(PARAMETERS))}.")
    return scheme


def judge(answer: Answer) -> Outcome:
    """By the status alone."""
    return judged(answer)


def check(values: Values, rules: OutboundRules) -> None:
    """Raises Invalid for what makes no request, or one to an address that may not be called."""
    from modelward.alerting.channels.sample import sample

    outgoing = write(values, sample())
    rules.check(outgoing.address)


KIND = Kind(
    name="apprise",
    title="Another service",
    help=f"By its address in apprise's form. The services are: {', '.join(sorted(PLUGINS))}.",
    fields=(Field("url", "Address for apprise", secret=True, example="mmosts://mattermost.example.org/XXXXXXXX"),),
    write=write,
    judge=judge,
    check=check,
    hint=lambda values: f"{urlsplit(values['url']).scheme} {ending(values['url'])}",
)
