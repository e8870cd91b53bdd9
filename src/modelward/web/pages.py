"""Templates into answers."""

import re
from datetime import datetime
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import HTMLResponse

from modelward.accounts.permission import session_token_of
from modelward.accounts.sessions import form_token
from modelward.kit.clock import now
from modelward.kit.secrets import secret_of
from modelward.report.charts.svg import tag
from modelward.web import writing
from modelward.web.assets import asset
from modelward.web.time_range import report_address
from modelward.web.views.naming import column_title

_QUOTED = re.compile(r"`([^`]{1,200})`")


@cache
def environment() -> Environment:
    """Everything is escaped unless it is markup that we made; a name that a page does not know is an error."""
    made = Environment(
        loader=PackageLoader("modelward.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters |= {
        "number": writing.number,
        "exact": writing.exact,
        "prose": prose,
        "sentence": sentence,
        "count": writing.count,
    }
    made.globals |= {"asset": asset, "moment": moment, "lasting": lasting, "clock": clock, "day": day}
    made.globals |= {"report_address": report_address}
    return made


def compile_templates() -> None:
    """Compile all of them, so that the first reader does not wait for it."""
    for name in environment().list_templates():
        environment().get_template(name)


def page(
    request: Request, template: str, *, status: int = 200, headers: dict[str, str] | None = None, **values: Any
) -> HTMLResponse:
    """A page, never kept by a cache: what it shows is the reader's own, and of this moment (or of `now`).

    Every template knows `viewer`, who is looking at it (None where nobody is known), and `form_token`.
    """
    token = session_token_of(request)
    known = {
        "now": now(),
        "viewer": getattr(request.state, "principal", None),
        "form_token": form_token(token, secret=secret_of(request.app.state.settings)) if token else "",
    }
    text = environment().get_template(template).render({**known, **values})
    return HTMLResponse(text, status_code=status, headers={"cache-control": "no-store", **(headers or {})})


def prose(text: str) -> Markup:
    """A sentence with its `names` set as code; everything else is escaped."""
    return Markup(_QUOTED.sub(lambda name: f"<code>{column_title(name[1])}</code>", str(escape(text))))  # noqa: S704 - escaped first


def sentence(text: str) -> Markup:
    """A reason as a sentence: it begins with a capital and ends with a full stop."""
    whole = text[:1].upper() + text[1:]
    return prose(whole if whole.endswith((".", "!", "?", "…")) else whole + ".")


def moment(when: datetime | None, at: datetime) -> Markup:
    """A time as "2 minutes ago"; the hover has it exactly, and the script turns it into the reader's own zone."""
    if when is None:
        return Markup("never")
    stamp = when.strftime("%Y-%m-%dT%H:%M:%SZ")
    return tag("time", writing.ago(when, at), datetime=stamp, title=writing.utc(when), data_ago="")


def lasting(since: datetime, at: datetime) -> Markup:
    """A time as "for 9 days", as exact on hover as `moment`."""
    stamp = since.strftime("%Y-%m-%dT%H:%M:%SZ")
    return tag("time", writing.lasting(since, at), datetime=stamp, title=f"since {writing.utc(since)}", data_ago="for")


def clock(when: datetime, at: datetime) -> Markup:
    """A time of the day, for tables; with the date unless it is today's."""
    stamp = when.strftime("%Y-%m-%dT%H:%M:%SZ")
    text = f"{when:%H:%M:%S}" if when.date() == at.date() else f"{when.day} {when:%b %Y %H:%M:%S}"
    return tag("time", text, datetime=stamp, title=writing.utc(when), data_ago="clock")


def day(when: datetime) -> Markup:
    """A date to come, with the exact time on hover."""
    stamp = when.strftime("%Y-%m-%dT%H:%M:%SZ")
    return tag("time", f"{when.day} {when:%B %Y}", datetime=stamp, title=writing.utc(when))
