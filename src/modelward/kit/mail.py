"""Handing mail over to the operator's mail server."""

import re
import smtplib
import ssl
from collections.abc import Sequence
from email.message import EmailMessage
from email.utils import parseaddr
from typing import Final, Literal, NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

from modelward.errors import Invalid, Unavailable

SECONDS: Final = 10.0  # for each answer of the server
_ADDRESS = re.compile(r"[^\s@,;<>\"()\[\]\\:]{1,64}@[^\s@,;<>\"()\[\]\\:]{1,255}", re.ASCII)


class MailServer(NamedTuple):
    """Where mail is handed over. `starttls`: required, never, or where the server offers it."""

    host: str
    port: int
    tls: bool
    starttls: Literal["required", "offered", "never"]
    user: str | None
    password: str | None


class Refused(Invalid):
    """The mail server does not take it. `recipients`: because of whom it is for, and not of what it is."""

    def __init__(self, sentence: str, *, recipients: bool) -> None:
        super().__init__(sentence)
        self.recipients = recipients


def mail_server(address: str) -> MailServer:
    """What `smtp://user:password@host:587?starttls=required` or `smtps://host` says; the settings have checked it."""
    parts = urlsplit(address)
    tls = parts.scheme == "smtps"
    asked = dict(parse_qsl(parts.query)).get("starttls")
    starttls: Literal["required", "offered", "never"] = (
        "never" if tls or asked == "never" else "required" if asked == "required" else "offered"
    )
    user, password = (unquote(name) if name else None for name in (parts.username, parts.password))
    return MailServer(parts.hostname or "", parts.port or (465 if tls else 25), tls, starttls, user, password)


def is_address(text: str) -> bool:
    """Whether mail can be addressed to it. (Whether somebody reads it there, nobody knows.)"""
    return bool(_ADDRESS.fullmatch(text))


def send_mail(server: MailServer, mail: EmailMessage, *, sender: str, recipients: Sequence[str]) -> list[str]:
    """Hand the mail over; answers which recipients the server did not take, where it took some.

    Raises:
        Refused: it takes none of them, or not this mail.
        Unavailable: it cannot be reached, does not let us in, or says "later".
    """
    try:
        with _connected(server) as smtp:
            _secure(smtp, server)
            if server.user is not None:
                smtp.login(server.user, server.password or "")
            return sorted(smtp.send_message(mail, from_addr=parseaddr(sender)[1], to_addrs=list(recipients)))
    except smtplib.SMTPRecipientsRefused as error:
        codes = [code for code, _ in error.recipients.values()]
        if any(code < 500 for code in codes):
            raise Unavailable("The mail server does not take the recipients now.") from None
        raise Refused("The mail server takes none of the recipients.", recipients=True) from None
    except (smtplib.SMTPDataError, smtplib.SMTPSenderRefused) as error:
        if error.smtp_code < 500:
            raise Unavailable(f"The mail server says later ({error.smtp_code}).") from None
        raise Refused(f"The mail server does not take this mail ({error.smtp_code}).", recipients=False) from None
    except smtplib.SMTPAuthenticationError:
        raise Unavailable("The mail server does not take the password in MODELWARD_SMTP_URL.") from None
    except (smtplib.SMTPException, OSError) as error:
        raise Unavailable(f"The mail server cannot be used ({type(error).__name__}).") from None


def _connected(server: MailServer) -> smtplib.SMTP:
    if server.tls:
        context = ssl.create_default_context()
        return smtplib.SMTP_SSL(server.host, server.port, timeout=SECONDS, context=context)
    return smtplib.SMTP(server.host, server.port, timeout=SECONDS)


def _secure(smtp: smtplib.SMTP, server: MailServer) -> None:
    """Encrypt where that was asked for. A password never goes over an open line, unless it was said `never`."""
    if server.starttls == "never":
        return
    smtp.ehlo_or_helo_if_needed()
    if smtp.has_extn("starttls"):
        smtp.starttls(context=ssl.create_default_context())
    elif server.starttls == "required" or server.user is not None:
        raise Unavailable("The mail server does not offer STARTTLS: nothing was sent over an open line.")
