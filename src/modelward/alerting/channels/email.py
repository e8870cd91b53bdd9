"""E-mail, through the operator's mail server; and the default, e-mail to an organisation's owners and admins."""

from email.message import EmailMessage
from email.utils import format_datetime
from html import escape

from modelward.alerting.channels.contract import Field, Kind, Letter, Values
from modelward.alerting.channels.wording import colour, cut, heading, plain
from modelward.errors import Invalid
from modelward.kit.mail import is_address
from modelward.kit.outbound_rules import OutboundRules

MOST_RECIPIENTS = 50
PAGE = """\
<!doctype html><html lang="en"><body style="margin:0;padding:24px;font:15px/1.5 system-ui,sans-serif;color:#1c2024">
<div style="max-width:600px;border-left:4px solid {colour};padding-left:16px">
<h1 style="font-size:18px;margin:0 0 8px">{title}</h1>
<p style="margin:0 0 12px">{sentence}</p>
{details}{picture}{link}</div>
<p style="margin:24px 0 0;color:#60646c;font-size:13px">{footer}</p></body></html>
"""


def write(values: Values, letter: Letter) -> EmailMessage:
    """Text and HTML with the picture in it. Its id is the same over all tries; those of an incident are one thread.

    The sender is whoever sends it.
    """
    message = letter.message
    mail = EmailMessage()
    mail["To"] = ", ".join(addresses(values))
    mail["Subject"] = cut(heading(message), 200)
    mail["Date"] = format_datetime(message.at)
    mail["Message-ID"] = f"<{letter.id}@modelward>"
    mail["Auto-Submitted"] = "auto-generated"
    if message.incident_id is not None:
        mail["References"] = f"<incident-{message.organisation_id}-{message.incident_id}@modelward>"
    mail.set_content(f"{plain(letter)}\n\n-- \n{_footer(letter)}\n")
    mail.add_alternative(_html(letter), subtype="html")
    if message.picture:
        [_, html] = mail.iter_parts()
        html.add_related(message.picture, "image", "png", cid="<picture>", filename="picture.png", disposition="inline")
    return mail


def _html(letter: Letter) -> str:
    message = letter.message
    details = "".join(f"<li>{escape(detail)}</li>" for detail in message.details)
    return PAGE.format(
        colour=colour(message),
        title=escape(heading(message)),
        sentence=escape(message.sentence),
        details=f"<ul>{details}</ul>" if details else "",
        picture='<p><img src="cid:picture" alt="Drawn: what this message speaks of" width="480"></p>'
        if message.picture
        else "",
        link=f'<p><a href="{escape(letter.link)}">Open in Modelward</a></p>' if letter.link else "",
        footer=escape(_footer(letter)),
    )


def _footer(letter: Letter) -> str:
    place = f" at {letter.home}" if letter.home else ""
    return (
        f"Sent by Modelward{place}. Who gets this is decided by your organisation's admins, under Settings, Channels."
    )


def addresses(values: Values) -> list[str]:
    """Whom it goes to."""
    return [address.strip() for address in values.get("to", "").split(",") if address.strip()]


def check(values: Values, _rules: OutboundRules) -> None:
    """Raises Invalid for what is no address."""
    found = addresses(values)
    strange = [address for address in found if not is_address(address)]
    if strange or not found:
        raise Invalid(f"This is no e-mail channel yet: {', '.join(strange) or 'nothing'} is no address.")
    if len(found) > MOST_RECIPIENTS:
        raise Invalid(f"An e-mail channel has at most {MOST_RECIPIENTS} addresses: use a list.")


KIND = Kind(
    name="email",
    title="E-mail",
    help="Through the mail server that the operator has set (MODELWARD_SMTP_URL).",
    fields=(Field("to", "Addresses", example="ml-team@example.org, ada@example.org"),),
    write=write,
    check=check,
    hint=lambda values: cut(", ".join(addresses(values)), 200),
    shows_pictures=True,
)
ADMINS = Kind(
    name="admins",
    title="Owners and admins",
    help="E-mail to whoever is an owner or admin at that moment. Used while there is no other channel.",
    fields=(),
    write=write,
    hint=lambda _values: "",
    shows_pictures=True,
)
