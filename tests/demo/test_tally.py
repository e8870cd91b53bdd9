import pyarrow as pa
import pytest

from modelward.demo.tally import Tally

CALLED = pa.chunked_array([[1.0, 1.0, 0.0], [0.0, 1.0]])
LATE = pa.chunked_array([[True, False, True], [False, None]])


def test_calls_and_outcomes_are_counted_and_what_is_not_known_is_left_out():
    tally = Tally.of(CALLED, LATE)
    assert tally == Tally(flights=5, called_late=3, known=4, were_late=2, calls_known=2, calls_right=1)
    assert (tally.share_called_late, tally.share_late, tally.share_right) == pytest.approx((0.6, 0.5, 0.5))


def test_two_days_add_up():
    day = Tally.of(CALLED, LATE)
    both = Tally.of(pa.chunked_array(CALLED.chunks * 2), pa.chunked_array(LATE.chunks * 2))
    assert day + day == both


def test_no_flights_have_no_shares():
    empty = Tally.of(pa.chunked_array([], pa.float64()), pa.chunked_array([], pa.bool_()))
    assert empty == Tally()
    assert (empty.share_called_late, empty.share_late, empty.share_right) == (0, 0, 0)
