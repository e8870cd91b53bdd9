"""The browsers that a person is signed in with, by names that they recognise."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from modelward.accounts.tables import DashboardSession

# The first that fits: every browser also claims to be those that came before it.
_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
    ("curl/", "curl"),
)
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


@dataclass(frozen=True)
class BrowserView:
    """One session."""

    id: int
    name: str
    agent: str
    here: bool
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime


def browsers_of(sessions: Sequence[DashboardSession], here: int | None) -> list[BrowserView]:
    """Each session; `here` is the id of the one that asks."""
    return [
        BrowserView(
            one.id,
            browser_name(one.agent),
            one.agent,
            one.id == here,
            one.created_at,
            one.last_seen_at,
            one.expires_at,
        )
        for one in sessions
    ]


def browser_name(agent: str) -> str:
    """What the browser says it is, in short: "Firefox on Linux"."""
    browser = next((name for sign, name in _BROWSERS if sign in agent), None)
    system = next((name for sign, name in _SYSTEMS if sign in agent), None)
    if browser and system:
        return f"{browser} on {system}"
    return browser or system or agent[:40] or "A browser that does not say its name"
