import pytest

from modelward.demo.flights import read_flights


@pytest.fixture(scope="session")
def year():
    """All flights of 2013 that left."""
    return read_flights()
