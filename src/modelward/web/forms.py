"""What the forms of the pages share: what they take, and what is said once they are done.

After a form comes a redirect, so that loading the page again repeats nothing. The message of the next page is a word
from a closed set in its address: nobody can put other words into a page by a link.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Final, TypeVar

from fastapi import Form, Query
from pydantic import BaseModel, ValidationError
from starlette.responses import RedirectResponse, Response

from modelward.errors import Invalid

T = TypeVar("T", bound=BaseModel)
Text = Annotated[str, Form(max_length=1_000)]
Done = Annotated[str | None, Query(max_length=40)]

_TOLD: Final[Mapping[str, str]] = {
    "renamed": "The organisation has its new name.",
    "person-added": "The account is there: tell them their password, which they can change under My account.",
    "role-changed": "The role is changed, and holds from now on. Access tokens of that person ended.",
    "person-renamed": "The name is changed.",
    "person-disabled": "That person is shut out: all their browsers and tokens are signed out.",
    "person-enabled": "That person may sign in again.",
    "person-removed": "That person is removed, and everything that they held ended.",
    "key-revoked": "The key is revoked: within 5 seconds it opens nothing any more.",
    "password-changed": "Your password is changed. Every other browser and program of yours is signed out.",
    "browser-ended": "That browser is signed out.",
    "browsers-ended": "All your other browsers are signed out.",
    "choose-password": "Welcome. Choose a password now: the link that brought you here does not work again.",
    "acknowledged": "You have acknowledged it: reminders stop, and what gets worse is told all the same.",
    "unacknowledged": "The acknowledgement is taken back: reminders go on.",
    "rule-written": "The rule holds from now on.",
    "rule-changed": "The rule is changed, and holds from now on.",
    "rule-removed": "The rule is taken back.",
    "silence-made": "It is kept quiet until the silence ends.",
    "silence-ended": "The silence is over: what still fires is told.",
    "signed-out": "You are signed out.",
    "monitor-changed": "The settings hold from now on. The history is judged anew by them.",
    "constraints-changed": "These constraints are in force. The history is judged anew by them.",
    "policy-changed": "The policy has a new version. Every model under it is looked at anew.",
    "audit-verified": "The chain was verified just now.",
    "decided": "It is decided, and written down below with what was known at this moment.",
    "channel-made": "The channel is there. Send a test, and see below whether it arrives.",
    "channel-changed": "The channel is changed, and what waits for it is tried at once.",
    "channel-tested": "A test is on its way: what comes of it is shown below.",
    "channel-on": "The channel is on.",
    "channel-paused": "The channel is paused: it is told nothing until you switch it on.",
    "channel-deleted": "The channel is deleted.",
    "resent": "The message is on its way again.",
    "switched": "You look at another organisation now.",
}

FOLLOW = "That address is not understood: follow a link of the page instead."


def told(word: str | None) -> str | None:
    """The message for this word; None where there is none."""
    return _TOLD.get(word or "")


def done(address: str, word: str) -> Response:
    """On to this page, which says that it is done."""
    assert word in _TOLD
    return RedirectResponse(f"{address}?done={word}", status_code=303)


def shaped(shape: type[T], sentence: str, **values: Any) -> T:
    """What was asked for, in the shape in which the service takes it.

    Raises:
        Invalid: it does not fit; `sentence` says what to do.
    """
    try:
        return shape(**values)
    except ValidationError:
        raise Invalid(sentence) from None
