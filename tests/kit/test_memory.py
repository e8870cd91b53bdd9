import subprocess
import sys
import threading

import pytest

from modelward.kit import memory

ARROW = """
from modelward.kit.memory import use_one_allocator
use_one_allocator()
import pyarrow as pa
print(pa.default_memory_pool().backend_name)
"""

FOR_GOOD = """
import gc
from modelward.kit.memory import made_for_good
with made_for_good():
    searching = gc.isenabled()
    kept = [[] for _ in range(1000)]
print(searching, gc.isenabled(), len(gc.get_objects()) < 1000 < gc.get_freeze_count())
"""


def test_arrow_takes_its_memory_from_the_c_library() -> None:
    answer = subprocess.run([sys.executable, "-c", ARROW], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "system"


def test_what_is_made_for_good_is_searched_neither_then_nor_later() -> None:
    answer = subprocess.run([sys.executable, "-c", FOR_GOOD], capture_output=True, text=True, check=True)
    assert answer.stdout.split() == ["False", "True", "True"]


def test_keeping_memory_small_ends_when_told_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "EVERY_SECONDS", 0.01)
    stop = threading.Event()
    thread = threading.Thread(target=memory.keep_memory_small, args=(stop,))
    thread.start()
    stop.set()
    thread.join(10)
    assert not thread.is_alive()
