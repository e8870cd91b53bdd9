from datetime import date

import numpy as np
import pytest
from scipy.stats import rankdata

from modelward.demo.flights import between
from modelward.demo.model import PENALTY, fit, measures


@pytest.fixture(scope="module")
def february(year):
    """Its second half: ten thousand flights."""
    return between(year, date(2013, 2, 15), date(2013, 3, 1)).to_pylist()


@pytest.fixture(scope="module")
def model(february):
    return fit(february)


def test_it_ranks_flights_it_has_never_seen_well(year, model):
    unseen = [row for row in between(year, date(2013, 5, 1), date(2013, 5, 8)).to_pylist() if row["late"] is not None]
    late = np.array([row["late"] for row in unseen])
    ranks = rankdata([model.score(row) for row in unseen])
    auc = (ranks[late].sum() - late.sum() * (late.sum() + 1) / 2) / (late.sum() * (~late).sum())
    assert auc > 0.85


def test_its_mean_score_is_the_share_of_late_flights_it_learned_from(february, model):
    """A logistic regression with a constant reproduces the rate it was fitted to, but for the small penalty."""
    known = [row for row in february if row["late"] is not None]
    rate = np.mean([row["late"] for row in known])
    assert np.mean([model.score(row) for row in known]) == pytest.approx(rate, abs=1e-3)


def test_the_fit_is_at_the_bottom(february, model):
    """No weight can be moved a little either way for a smaller loss."""
    known = [row for row in february if row["late"] is not None]
    rows, late = np.array([measures(row) for row in known]), np.array([row["late"] for row in known], dtype=float)
    rest = np.array([model.groups["carrier", row["carrier"]] + model.groups["origin", row["origin"]] for row in known])

    def loss(weights):
        z = rows @ weights + rest
        return (np.logaddexp(0, z) - late * z).mean() + PENALTY * weights @ weights

    fitted = np.array(model.weights)
    for place in range(len(fitted)):
        for step in (-0.05, 0.05):
            moved = fitted.copy()
            moved[place] += step
            assert loss(moved) > loss(fitted)


def test_the_same_flights_give_the_same_model(february, model):
    assert fit(february) == model


def test_a_distance_in_kilometres_makes_a_flight_look_short_of_time(february, model):
    flight = february[0]
    assert model.score({**flight, "distance": flight["distance"] * 1.609344}) > model.score(flight)


def test_what_is_missing_or_never_seen_is_scored_all_the_same(february, model):
    strange = {**february[0], "seats": None, "plane_age": None, "carrier": "ZZ"}
    assert 0 < model.score(strange) < 1


@pytest.mark.parametrize("delay", [-1e6, 1e6])
def test_a_score_is_a_probability_at_any_delay(february, model, delay):
    assert 0 <= model.score({**february[0], "departure_delay": delay, "distance": delay}) <= 1
