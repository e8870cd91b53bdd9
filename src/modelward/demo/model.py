"""The demo's model: will this flight arrive more than 15 minutes late? Asked when it leaves the gate.

A logistic regression, fitted by L-BFGS when the demo starts. It reads the schedule's minutes beside the distance, as
anyone would who wants to know how much slack a flight has: so a distance in another unit makes every flight look
short of time, and the predictions worse, while nothing fails.

Training and scoring read a flight through the same function, so that they cannot differ.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

Floats = NDArray[np.float64]
Flight = Mapping[str, Any]

THRESHOLD = 0.5
PENALTY = 1e-5  # On squared weights: enough to hold carriers that fly rarely.
# Where a plane's papers are missing: the seats of a common narrow-body, a middle age.
USUAL_SEATS, USUAL_AGE = 150.0, 11.0


def measures(flight: Flight) -> list[float]:
    """The numbers that the model weighs, each near 1 in size. The delay counts anew once the flight is late at all."""
    delay = flight["departure_delay"]
    hour = flight["scheduled_hour"] * math.pi / 12
    seats, age = flight["seats"], flight["plane_age"]
    return [
        1.0,
        max(-20.0, min(delay, 180.0)) / 30,
        max(0.0, min(delay, 120.0)) / 30,
        1.0 if delay > 15 else 0.0,
        flight["distance"] / 1000,
        flight["scheduled_minutes"] / 100,
        math.sin(hour),
        math.cos(hour),
        (USUAL_SEATS if seats is None else seats) / 100,
        (USUAL_AGE if age is None else age) / 10,
    ]


@dataclass(frozen=True)
class LateArrival:
    """A fitted model: weights of the measures, and one for each carrier and origin (0 for one never seen)."""

    weights: tuple[float, ...]
    groups: Mapping[tuple[str, str], float]

    def score(self, flight: Flight) -> float:
        """The probability that a flight arrives late."""
        z = sum(weight * value for weight, value in zip(self.weights, measures(flight), strict=True))
        z += self.groups.get(("carrier", flight["carrier"]), 0.0) + self.groups.get(("origin", flight["origin"]), 0.0)
        return 1 / (1 + math.exp(-z)) if z >= 0 else math.exp(z) / (1 + math.exp(z))


def fit(flights: Sequence[Flight]) -> LateArrival:
    """Fit the model to flights whose `late` is known; others are left out."""
    known = [flight for flight in flights if flight["late"] is not None]
    groups = sorted({(name, flight[name]) for flight in known for name in ("carrier", "origin")})
    numbers = np.array([measures(flight) for flight in known])
    places = {group: place for place, group in enumerate(groups)}
    members = np.zeros((len(known), len(groups)))
    for name in ("carrier", "origin"):
        members[np.arange(len(known)), [places[name, flight[name]] for flight in known]] = 1
    late = np.array([flight["late"] for flight in known], dtype=float)
    weights = _minimise(np.hstack([numbers, members]), late)
    cut = numbers.shape[1]
    return LateArrival(tuple(weights[:cut].tolist()), dict(zip(groups, weights[cut:].tolist(), strict=True)))


def _minimise(rows: Floats, late: Floats) -> Floats:
    """The weights of least mean log loss plus penalty.

    Distance and schedule go hand in hand, which makes the loss a long narrow valley. The search runs in coordinates
    in which the flights have no correlations, where it is nearly round: a fifth of the steps.
    """
    triangle = np.linalg.cholesky(rows.T @ rows / len(rows) + PENALTY * np.eye(rows.shape[1]))
    turn = np.linalg.inv(triangle).T

    def loss(turned: Floats) -> tuple[float, Floats]:
        weights = turn @ turned
        z = rows @ weights
        value = (np.logaddexp(0, z) - late * z).mean() + PENALTY * weights @ weights
        slope = rows.T @ (1 / (1 + np.exp(-z)) - late) / len(late) + 2 * PENALTY * weights
        return float(value), turn.T @ slope

    found = minimize(loss, np.zeros(rows.shape[1]), jac=True, method="L-BFGS-B", options={"maxiter": 500})
    return turn @ np.asarray(found.x, dtype=np.float64)
