"""One try to send one message through one channel. It never raises: what went wrong is its outcome."""

import logging
from collections.abc import Mapping
from datetime import datetime
from email.message import EmailMessage
from email.utils import parseaddr
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from modelward.alerting.channels.contract import Kind, Letter
from modelward.alerting.channels.email import addresses
from modelward.alerting.channels.wording import printable
from modelward.alerting.messages import Message
from modelward.errors import ModelwardError, Unavailable
from modelward.kit.left_address import left_address
from modelward.kit.mail import Refused, mail_server, send_mail
from modelward.kit.outbound_rules import rules_of
from modelward.kit.outgoing import Outgoing
from modelward.rules.delivery import Outcome, Result
from modelward.settings import Settings

if TYPE_CHECKING:
    from modelward.kit.outbound import Outbound

log = logging.getLogger(__name__)

NO_MAIL_SERVER = "No mail server is set (MODELWARD_SMTP_URL), so e-mail is not sent."
NOBODY = "Nobody is an owner or admin of this organisation with an address."


class Post:
    """What messages are sent with. One may be used by many threads."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def send(self, kind: Kind, values: Mapping[str, str], letter: Letter) -> Outcome:
        """Try once."""
        try:
            written = kind.write(values, letter)
            if isinstance(written, EmailMessage):
                return self._mail(written, addresses(values))
            return self._call(kind, written)
        except Unavailable as error:
            return Outcome(Result.AGAIN, error.sentence)
        except ModelwardError as error:  # the address, or what was made of the message
            return Outcome(Result.GONE, error.sentence)
        except Exception as error:  # noqa: BLE001 - one message that no channel's code foresaw may not hold up the others
            # Neither its text nor its trace: they may hold what is secret of the channel.
            log.error("a message could not be put into the form of %s: %s", kind.name, type(error).__name__)  # noqa: TRY400
            return Outcome(Result.REFUSED, f"This message could not be put into the form of {kind.title}.")

    def letter(self, message: Message, message_id: str, *, now: datetime) -> Letter:
        """The message with whole addresses in it."""
        home = self._settings.public_url or left_address(self._settings.data_dir)
        link = f"{home}{message.link}" if home and message.link and message.link.startswith("/") else message.link
        whole = link if link and link.startswith(("http://", "https://")) else None
        return Letter(printable(message), message_id, now, whole, home)

    def _call(self, kind: Kind, outgoing: Outgoing) -> Outcome:
        return kind.judge(self._outbound.send(outgoing))

    def _mail(self, mail: EmailMessage, recipients: list[str]) -> Outcome:
        if self._settings.smtp_url is None:
            return Outcome(Result.NOWHERE, NO_MAIL_SERVER)
        if not recipients:
            return Outcome(Result.NOWHERE, NOBODY)
        sender = self.sender
        mail["From"] = sender
        server = mail_server(self._settings.smtp_url)
        try:
            missed = send_mail(server, mail, sender=sender, recipients=recipients)
        except Refused as error:
            return Outcome(Result.GONE if error.recipients else Result.REFUSED, error.sentence)
        return Outcome(Result.SENT, f"The mail server did not take {', '.join(missed)}." if missed else "")

    @property
    def sender(self) -> str:
        """Who mail is from."""
        host = urlsplit(self._settings.public_url or "").hostname or "localhost"
        given = self._settings.smtp_from or f"modelward@{host}"
        return given if parseaddr(given)[0] else f"Modelward <{given}>"

    @cached_property
    def _outbound(self) -> "Outbound":
        from modelward.kit.outbound import Outbound  # heavy, and needed only where something is sent

        return Outbound(rules_of(self._settings))
