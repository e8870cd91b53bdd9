"""UUIDv7: of the right form, in the order in which they were made, and many at once."""

import threading
import uuid

from modelward.kit.ids import uuid7, uuid7_batch

FAR = 4_000_000_000_000  # a time later than that of any other test, so that the sequence starts anew


def test_an_id_has_the_form_of_rfc_9562_and_holds_its_time() -> None:
    made = uuid7(FAR)
    parsed = uuid.UUID(made)
    assert str(parsed) == made
    assert (parsed.version, parsed.variant) == (7, uuid.RFC_4122)
    assert parsed.int >> 80 == FAR


def test_a_batch_is_ascending_and_unique_across_the_end_of_a_millisecond() -> None:
    made = uuid7_batch(10_000, FAR + 1)
    assert made == sorted(made)
    assert len(set(made)) == 10_000
    assert {uuid.UUID(each).version for each in made} == {7}
    assert {uuid.UUID(each).variant for each in made} == {uuid.RFC_4122}


def test_later_ids_are_greater_even_when_the_clock_goes_back() -> None:
    before = uuid7(FAR + 100)
    assert uuid7(FAR + 100) > before
    assert uuid7(FAR - 5_000) > before


def test_an_empty_batch_is_empty() -> None:
    assert uuid7_batch(0, FAR) == []


def test_threads_never_make_the_same_id() -> None:
    made: list[str] = []
    threads = [threading.Thread(target=lambda: made.extend(uuid7_batch(5_000, FAR))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({each[:18] for each in made}) == 20_000, "time and counter alone tell them apart"


def test_the_random_parts_differ_in_every_place() -> None:
    tails = [each[19:] for each in uuid7_batch(2_000, FAR)]
    for place in range(len(tails[0])):
        digits = {tail[place] for tail in tails}
        assert len(digits) == (1 if place == 4 else 4 if place == 0 else 16)
