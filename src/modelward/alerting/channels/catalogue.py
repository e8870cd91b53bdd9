"""Every kind of channel there is."""

from typing import Final

from modelward.alerting.channels import apprise, discord, email, ntfy, pagerduty, slack, sns, teams, telegram, webhook
from modelward.alerting.channels.contract import Kind
from modelward.errors import Invalid

KINDS: Final[dict[str, Kind]] = {
    module.KIND.name: module.KIND
    for module in (slack, email, teams, discord, pagerduty, telegram, ntfy, sns, webhook, apprise)
}
"""Those that people make, in the order in which they are offered."""
ALL: Final[dict[str, Kind]] = {**KINDS, email.ADMINS.name: email.ADMINS}


def kind_of(name: str) -> Kind:
    """The kind of this name.

    Raises:
        Invalid: there is none; it names those that there are.
    """
    found = ALL.get(name)
    if found is None:
        raise Invalid(f"There is no kind of channel {name!r}: there are {', '.join(KINDS)}.")
    return found
