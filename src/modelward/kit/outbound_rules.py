"""Which addresses of others the service may call, when people other than its operator give them.

An address is refused that leads to this machine, to its network, or to nowhere: from there the service could be made to
read what only it can reach. The list is written out, because `ipaddress.is_global` lets some of these through, and
others depending on Python's version. What the operator allows by network is allowed.
"""

from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Final
from urllib.parse import SplitResult, urlsplit

from modelward.errors import Invalid
from modelward.settings import Settings

Network = IPv4Network | IPv6Network

PORTS: Final = frozenset({80, 443, 8443})

DENIED: Final[tuple[Network, ...]] = tuple(
    ip_network(network)
    for network in (
        "0.0.0.0/8",  # "this" network: Linux takes 0.0.0.0 for itself
        "10.0.0.0/8",  # private (RFC 1918)
        "100.64.0.0/10",  # carriers' shared space (RFC 6598), and metadata at some clouds
        "127.0.0.0/8",  # loopback
        "169.254.0.0/16",  # link-local: the metadata of clouds
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # relays of 6to4
        "192.168.0.0/16",  # private
        "198.18.0.0/15",  # benchmarks of network devices
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
        "::/96",  # unspecified, loopback, and IPv4 written as IPv6
        "::ffff:0:0/96",  # IPv4 mapped
        "::ffff:0:0:0/96",  # IPv4 translated
        "64:ff9b::/96",  # NAT64
        "64:ff9b:1::/48",  # NAT64 of a site
        "100::/64",  # discarded
        "2001::/23",  # protocol assignments; Teredo among them
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4
        "3fff::/20",  # documentation
        "5f00::/16",  # segment routing
        "fc00::/7",  # unique local
        "fe80::/10",  # link-local
        "fec0::/10",  # site-local, as it once was
        "ff00::/8",  # multicast
    )
)
_UNICAST6: Final = IPv6Network("2000::/3")


@dataclass(frozen=True)
class OutboundRules:
    """What the operator allows beyond the public internet over HTTPS."""

    networks: tuple[Network, ...] = ()
    ports: frozenset[int] = field(default=PORTS)
    http: bool = False
    ca_file: str | None = None

    def allow_address(self, address: str) -> bool:
        """Whether a connection to this numeric address may be opened."""
        try:
            found = ip_address(address)
        except ValueError:
            return False
        if any(found.version == network.version and found in network for network in self.networks):
            return True
        if any(found.version == network.version and found in network for network in DENIED):
            return False
        return found.is_global and (found.version == 4 or found in _UNICAST6)

    def check(self, address: str) -> None:
        """Refuse what can be seen to be wrong without asking for the name's address.

        Raises:
            Invalid: with what to write instead.
        """
        parts = _split(address)
        if parts.scheme != "https" and not (self.http and parts.scheme == "http"):
            raise Invalid("The address must begin with https:// (the operator can allow http).")
        if parts.port == 0 or (parts.port or (443 if parts.scheme == "https" else 80)) not in self.ports:
            ports = ", ".join(str(port) for port in sorted(self.ports))
            raise Invalid(f"The address names a port that is not allowed: these are {ports}.")
        host = parts.hostname or ""
        if _is_numeric(host) and not self.allow_address(host):
            raise Invalid(
                "The address leads to a private or reserved network: use a public one, "
                "or let the operator allow that network (MODELWARD_WEBHOOK_ALLOW_CIDRS)."
            )


def rules_of(settings: Settings) -> OutboundRules:
    """The rules that the settings make."""
    return OutboundRules(
        networks=tuple(ip_network(network) for network in settings.webhook_allow_cidrs),
        ports=PORTS.union(int(port) for port in settings.webhook_ports),
        http=settings.webhook_allow_http,
        ca_file=str(settings.webhook_ca_file) if settings.webhook_ca_file else None,
    )


def _split(address: str) -> SplitResult:
    """The address in its parts.

    Raises:
        Invalid: it is none, or programs do not agree on what it names.
    """
    plain = address.isascii() and address.isprintable() and not set(address) & set(" \\#")
    try:
        parts = urlsplit(address)
        sound = plain and parts.hostname and "@" not in parts.netloc and parts.port != 0
    except ValueError:
        sound = False
    if not sound:
        raise Invalid("That is no address: write it as https://name.example/path, without a user, password or #.")
    return parts


def _is_numeric(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
