"""How often somebody may try to sign in or to register: guards against guessing, kept by each process for itself.

Five attempts a minute for a person from one address; beyond that, so many wrong ones a minute from one address, whoever
they try, and for one person, wherever they come from. The last would let a stranger shut a person out, so it does not
hold where that person has signed in before.
"""

import hashlib
import ipaddress
import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.strategies import SlidingWindowCounterRateLimiter

from modelward.errors import TooMany
from modelward.kit.rate_limit import Counters

FOR_A_PERSON_AND_ADDRESS = RateLimitItemPerMinute(5, namespace="attempts")
WRONG_FROM_AN_ADDRESS = RateLimitItemPerMinute(30, namespace="wrong")
WRONG_FOR_A_PERSON = RateLimitItemPerMinute(20, namespace="wrong")
REGISTRATIONS = RateLimitItemPerMinute(30, namespace="registrations")
_PLACES = 10_000  # remembered
_COUNTED = 100_000


class Attempts:
    """What was tried lately, in the memory of this process. `clock` gives seconds since 1970."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._limiter = SlidingWindowCounterRateLimiter(Counters(_COUNTED, clock))
        self._places: OrderedDict[tuple[str, str], None] = OrderedDict()
        self._lock = threading.Lock()

    def admit(self, email: str, address: str) -> None:
        """Count an attempt to sign in.

        Raises:
            TooMany: there were too many.
        """
        place = (_digest(email), _network(address))
        with self._lock:
            known = place in self._places
        if not known:
            self._test(WRONG_FROM_AN_ADDRESS, "address", place[1])
            self._test(WRONG_FOR_A_PERSON, "person", place[0])
        self._hit(FOR_A_PERSON_AND_ADDRESS, *place)

    def wrong(self, email: str, address: str) -> None:
        """The attempt was wrong."""
        self._limiter.hit(WRONG_FROM_AN_ADDRESS, "address", _network(address))
        self._limiter.hit(WRONG_FOR_A_PERSON, "person", _digest(email))

    def right(self, email: str, address: str) -> None:
        """The attempt was right: this person is at home at this address."""
        with self._lock:
            self._places[_digest(email), _network(address)] = None
            self._places.move_to_end((_digest(email), _network(address)))
            if len(self._places) > _PLACES:
                self._places.popitem(last=False)

    def register(self, address: str) -> None:
        """Count a registration.

        Raises:
            TooMany: there were too many from this address.
        """
        self._hit(REGISTRATIONS, "address", _network(address))

    def _test(self, limit: RateLimitItem, *whose: str) -> None:
        if not self._limiter.test(limit, *whose):
            raise self._refused(limit, *whose)

    def _hit(self, limit: RateLimitItem, *whose: str) -> None:
        if not self._limiter.hit(limit, *whose):
            raise self._refused(limit, *whose)

    def _refused(self, limit: RateLimitItem, *whose: str) -> TooMany:
        wait = max(1, math.ceil(self._limiter.get_window_stats(limit, *whose).reset_time - time.time()))
        return TooMany(f"Too many attempts: wait {wait} seconds, then try again.", retry_after=wait)


def _digest(email: str) -> str:
    return hashlib.sha256(email.encode(errors="surrogatepass")).hexdigest()


def _network(address: str) -> str:
    """The address; of IPv6 the network of 64 bits, all of which one household has."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if parsed.version == 4:
        return str(parsed)
    mapped = parsed.ipv4_mapped
    return str(mapped or ipaddress.ip_network((parsed, 64), strict=False))
