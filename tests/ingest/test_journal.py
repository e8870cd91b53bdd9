"""What is appended is read back, moved exactly, bounded and swept; nobody waits for anybody."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelward.errors import Unavailable
from modelward.ingest.journal import ATTEMPTS, Journal, JournalReader
from modelward.ingest.progress import _with
from modelward.ingest.segments import Entry, Kind, numbers_in

NOW = datetime(2026, 6, 1, tzinfo=UTC)
EVERYTHING = 1 << 40


def entry(body=b"x", *, model=1, kind=Kind.EVENTS, events=1):
    return Entry(kind, 7, model, events, 1_000, body)


@pytest.fixture
def journal(tmp_path):
    journal = Journal(tmp_path)
    yield journal
    journal.close()


@pytest.fixture
def reader(tmp_path):
    reader = JournalReader(tmp_path)
    yield reader
    reader.close()


def bodies(reader):
    return [waiting.body for waiting in reader.waiting(max_bytes=EVERYTHING)]


def test_what_was_appended_is_read_in_order_and_unpacked(journal, reader):
    large = b"long enough to be packed " * 1_000
    for body in (b"first", large, b"third"):
        journal.append([entry(body)])
    assert bodies(reader) == [b"first", large, b"third"]
    assert len(reader.waiting(max_bytes=EVERYTHING)[1].stored) < len(large) / 5


def test_small_entries_of_one_commit_are_joined_by_model_and_kind(journal, reader):
    journal.append([entry(b"a", model=1), entry(b"b", model=2), entry(b"c", model=1), entry(b"A", kind=Kind.ARROW)])
    read = reader.waiting(max_bytes=EVERYTHING)
    assert sorted((one.body, one.events, one.model_id) for one in read) == [(b"A", 1, 1), (b"ac", 2, 1), (b"b", 1, 2)]


def test_exactly_what_was_moved_is_forgotten(journal, reader, tmp_path):
    for n in range(10):
        journal.append([entry(b"%d" % n)])
    waiting = reader.waiting(max_bytes=EVERYTHING)
    reader.mark([waiting[1], waiting[2], waiting[7]])
    assert bodies(reader) == [b"0", b"3", b"4", b"5", b"6", b"8", b"9"]
    again = JournalReader(tmp_path)  # a mover that was started anew
    assert bodies(again) == bodies(reader)
    again.mark(again.waiting(max_bytes=EVERYTHING))
    again.close()
    assert bodies(reader) == []


@given(st.lists(st.sets(st.integers(1, 60)), max_size=6))
def test_ranges_hold_exactly_what_was_added(additions):
    ranges: list[tuple[int, int]] = []
    for added in additions:
        ranges = _with(ranges, added)
    assert {id_ for first, last in ranges for id_ in range(first, last + 1)} == set().union(*additions)
    assert all(before[1] + 1 < after[0] for before, after in pairwise(ranges))


def test_reading_is_bounded_by_bytes_and_entries_and_may_skip_models(journal, reader):
    for n in range(6):
        journal.append([entry(b"x" * 100, model=n % 2)])
    assert len(reader.waiting(max_bytes=250)) == 3
    assert len(reader.waiting(max_bytes=1)) == 1
    assert len(reader.waiting(max_bytes=EVERYTHING, max_entries=4)) == 4
    assert {one.model_id for one in reader.waiting(max_bytes=EVERYTHING, skip={1})} == {0}


def test_segments_are_rotated_and_read_through(tmp_path, reader):
    journal = Journal(tmp_path, segment_bytes=1_000)
    for n in range(20):
        journal.append([entry(b"%02d" % n + bytes(range(256)))])
    assert len(numbers_in(tmp_path)) > 3
    assert [body[:2] for body in bodies(reader)] == [b"%02d" % n for n in range(20)]
    journal.close()


def test_a_second_process_begins_a_segment_of_its_own(journal, tmp_path, reader):
    other = Journal(tmp_path)
    journal.append([entry(b"mine")])
    other.append([entry(b"theirs")])
    journal.append([entry(b"mine again")])
    assert len(numbers_in(tmp_path)) == 2
    assert sorted(bodies(reader)) == [b"mine", b"mine again", b"theirs"]
    other.close()


def test_the_limit_counts_what_is_not_moved_in_any_segment(tmp_path, reader):
    first = Journal(tmp_path)
    first.append([entry(bytes(2_000))])
    first.close()
    journal = Journal(tmp_path, limit_bytes=100)
    journal.admit()  # packed, it is small
    journal.append([entry(bytes(i % 251 for i in range(900)))])
    with pytest.raises(Unavailable, match="journal is full") as refused:
        journal.admit()
    assert refused.value.retry_after > 0
    reader.mark(reader.waiting(max_bytes=EVERYTHING))
    journal._looked_at = float("-inf")
    journal.admit()
    assert journal.waiting_bytes == 0
    journal.close()


def test_moved_segments_are_kept_for_a_while_and_the_newest_for_ever(tmp_path):
    journal = Journal(tmp_path, segment_bytes=100)
    for n in range(5):
        journal.append([entry(b"%d" % n * 200)])
    reader = JournalReader(tmp_path, keep_hours=24)
    assert reader.sweep(now=NOW) == 0  # nothing is moved
    reader.mark(reader.waiting(max_bytes=EVERYTHING))
    assert reader.sweep(now=NOW) == 0
    assert reader.sweep(now=NOW + timedelta(hours=23)) == 0
    assert reader.sweep(now=NOW + timedelta(hours=24)) == 4
    assert numbers_in(tmp_path) == [5]
    assert not list(tmp_path.glob("00000000000[1-4]*"))
    journal.append([entry(b"later")])
    assert numbers_in(tmp_path) == [5, 6]
    assert bodies(reader) == [b"later"]
    journal.close()
    reader.close()


def test_beyond_the_bytes_to_keep_the_oldest_go_first(tmp_path):
    journal = Journal(tmp_path, segment_bytes=100)
    for n in range(5):
        journal.append([entry(b"%d" % n * 200)])
    reader = JournalReader(tmp_path, keep_bytes=450)
    reader.mark(reader.waiting(max_bytes=EVERYTHING))
    reader.sweep(now=NOW)
    assert numbers_in(tmp_path) == [3, 4, 5]
    journal.close()
    reader.close()


def test_a_segment_that_is_still_written_is_never_dropped(tmp_path):
    old, new = Journal(tmp_path), Journal(tmp_path)
    old.append([entry(b"old")])
    new.append([entry(b"new")])
    reader = JournalReader(tmp_path, keep_hours=0)
    reader.mark(reader.waiting(max_bytes=EVERYTHING))
    assert reader.sweep(now=NOW) == 0
    old.append([entry(b"still here")])
    assert bodies(reader) == [b"still here"]
    for one in (old, new, reader):
        one.close()


def test_what_cannot_be_read_is_set_aside_after_five_times_and_its_segment_kept(tmp_path):
    journal = Journal(tmp_path, segment_bytes=10)
    journal.append([entry(b"poison" * 10, events=3)])
    journal.append([entry(b"good" * 10)])
    reader = JournalReader(tmp_path, keep_hours=0)
    poison, good = reader.waiting(max_bytes=EVERYTHING)
    assert [reader.fail(poison, f"reason {n}", now=NOW) for n in range(ATTEMPTS)] == [False] * 4 + [True]
    assert bodies(reader) == [good.body]
    reader.mark([good])
    reader.sweep(now=NOW)
    (aside,) = reader.set_aside()
    assert (aside.reason, aside.events, aside.attempts) == ("reason 4", 3, 5)
    assert reader.progress.counters()["aside"] == 3
    assert reader.retry(aside.position)
    assert bodies(reader) == [poison.body]
    assert reader.set_aside() == []
    journal.close()
    reader.close()


def test_the_backlog_is_counted_without_reading_bodies(journal, reader):
    assert (reader.backlog().events, reader.backlog().oldest) == (0, None)
    journal.append([entry(b"abc", events=5)])
    journal.append([entry(b"de", events=2)])
    reader.mark(reader.waiting(max_bytes=EVERYTHING)[:1])
    backlog = reader.backlog()
    assert (backlog.events, backlog.bytes, backlog.oldest) == (2, 2, 1_000)


def test_a_process_that_dies_leaves_what_it_appended(tmp_path, reader):
    program = (
        "import os, sys; from pathlib import Path\n"
        "from modelward.ingest.journal import Journal\n"
        "from modelward.ingest.segments import Entry, Kind\n"
        "journal = Journal(Path(sys.argv[1]))\n"
        "for n in range(100): journal.append([Entry(Kind.EVENTS, 1, 1, 1, 1, b'%d' % n)])\n"
        "os.kill(os.getpid(), 9)\n"
    )
    assert subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=False).returncode == -9
    assert bodies(reader) == [b"%d" % n for n in range(100)]


def test_a_process_that_dies_while_it_begins_leaves_nothing_behind(tmp_path, reader):
    (tmp_path / "000000000001.lock").touch()
    (tmp_path / "000000000001.new").write_bytes(b"half a file")
    assert bodies(reader) == []
    journal = Journal(tmp_path)
    journal.append([entry(b"whole")])
    assert bodies(reader) == [b"whole"]
    assert not list(tmp_path.glob("*.new"))
    journal.close()
