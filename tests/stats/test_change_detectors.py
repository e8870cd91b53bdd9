"""Changes inside a stream of losses: found soon where there are any, seldom where there are none."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelward.stats import Adwin, PageHinkley, adwin, page_hinkley


def losses(seed, *rates, rows=2000):
    rng = np.random.default_rng(seed)
    return np.concatenate([(rng.random(rows) < rate).astype(float) for rate in rates])


@settings(max_examples=25)
@given(st.lists(st.integers(0, 10), min_size=1, max_size=300), st.integers(1, 97))
def test_a_stream_in_pieces_is_the_stream(values, size):
    stream = np.array(values) / 10
    wide = page_hinkley(stream, threshold=0.5)
    window = adwin(stream)
    hinkley, adaptive = PageHinkley(threshold=0.5), Adwin()
    for start in range(0, stream.size, size):
        hinkley, adaptive = hinkley.after(stream[start : start + size]), adaptive.after(stream[start : start + size])
        # What is kept between two pieces is the document.
        hinkley, adaptive = PageHinkley.from_bytes(hinkley.to_bytes()), Adwin.from_bytes(adaptive.to_bytes())
    assert hinkley.changes == wide.changes
    assert hinkley.statistic == pytest.approx(wide.statistic, abs=1e-9)
    assert adaptive == window


def by_hand(values, delta, threshold, minimum):
    """The test as the papers write it, a row at a time."""
    found, n, mean, total, least = [], 0, 0.0, 0.0, 0.0
    for row, value in enumerate(values):
        n += 1
        mean += (value - mean) / n
        total += value - mean - delta
        least = min(least, total)
        if n >= minimum and total - least > threshold:
            found.append(row)
            n, mean, total, least = 0, 0.0, 0.0, 0.0
    return found


@given(st.lists(st.integers(0, 10), min_size=1, max_size=200), st.sampled_from([0.5, 2.0, 5.0]))
def test_page_hinkley_is_the_recursion_of_the_papers(values, threshold):
    stream = np.array(values) / 8  # Eighths add up without rounding.
    found = page_hinkley(stream, delta=0.0625, threshold=threshold, minimum=10).changes
    assert [change.at for change in found] == by_hand(stream.tolist(), 0.0625, threshold, 10)


def test_a_rise_of_the_error_is_found_by_both():
    for seed in range(20):
        stream = losses(seed, 0.1, 0.3)
        found = page_hinkley(stream, threshold=25)
        assert 2000 <= found.changes[0].at < 2400
        seen = [change for change in adwin(stream).changes if change.at >= 2000]
        assert seen[0].at < 2400
        assert seen[0].rose


def test_after_a_change_the_window_holds_the_new_mean():
    found = adwin(losses(1, 0.1, 0.5))
    assert found.statistic == pytest.approx(0.5, abs=0.05)
    assert found.changes[-1].since == pytest.approx(2000, abs=300)


def test_a_fall_is_found_by_adwin_and_is_no_alarm_of_page_hinkley():
    stream = losses(2, 0.5, 0.1)
    assert page_hinkley(stream).changes == ()
    assert not adwin(stream).changes[0].rose


def test_without_a_change_there_are_few_alarms():
    quiet = [losses(seed, 0.2, 0.2) for seed in range(60)]
    assert sum(bool(adwin(stream).changes) for stream in quiet) <= 3
    assert sum(bool(page_hinkley(stream).changes) for stream in quiet) <= 3


def test_a_long_window_takes_few_buckets():
    found = adwin(losses(3, 0.2, rows=20_000))
    assert found.width == 20_000
    assert sum(map(len, found.levels)) <= 5 * 15
    assert found.statistic == pytest.approx(losses(3, 0.2, rows=20_000).mean())


def test_missing_losses_change_nothing_but_the_places():
    stream = losses(4, 0.1, 0.6, rows=500)
    gaps = np.insert(stream, 0, [np.nan] * 40)
    for detector in (lambda rows: page_hinkley(rows, threshold=20), adwin):
        plain, later = detector(stream).changes, detector(gaps).changes
        assert len(plain) == len(later) > 0
        assert [change.at + 40 for change in plain] == [change.at for change in later]


def test_a_damaged_state_is_refused():
    for state in (page_hinkley(losses(5, 0.1, 0.6)), adwin(losses(5, 0.1, 0.6))):
        assert type(state).from_bytes(state.to_bytes()) == state
        with pytest.raises(ValueError, match="document"):
            type(state).from_bytes(state.to_bytes()[:-1])


def test_settings_that_mean_nothing_are_refused():
    with pytest.raises(ValueError, match="threshold is a number above 0"):
        page_hinkley([0.1], threshold=0)
    with pytest.raises(ValueError, match="chance between 0 and 1"):
        adwin([0.1], delta=2)
    assert (page_hinkley([]).changes, adwin([]).changes) == ((), ())
