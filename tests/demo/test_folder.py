import fcntl

import pytest

from modelward.demo.folder import MARK, fresh_folder
from modelward.errors import Conflict


def test_a_folder_is_made_and_marked(tmp_path):
    folder = fresh_folder(tmp_path / "some" / "demo")
    assert [path.name for path in folder.iterdir()] == [MARK]


def test_what_an_earlier_demo_left_is_replaced(tmp_path):
    folder = fresh_folder(tmp_path / "demo")
    (folder / "journal").mkdir()
    (folder / "journal" / "1.db").write_text("old")
    assert [path.name for path in fresh_folder(folder).iterdir()] == [MARK]


def test_an_empty_folder_is_taken(tmp_path):
    assert (fresh_folder(tmp_path) / MARK).is_file()


def test_somebodys_folder_is_refused_and_left_as_it_is(tmp_path):
    (tmp_path / "metadata.db").write_text("precious")
    with pytest.raises(Conflict, match="--data-dir"):
        fresh_folder(tmp_path)
    assert (tmp_path / "metadata.db").read_text() == "precious"


def test_a_file_is_refused(tmp_path):
    (tmp_path / "demo").write_text("a file")
    with pytest.raises(Conflict):
        fresh_folder(tmp_path / "demo")


def test_a_folder_in_which_a_demo_runs_is_left_alone(tmp_path):
    folder = fresh_folder(tmp_path / "demo")
    (folder / "run").mkdir()
    with (folder / "run" / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with pytest.raises(Conflict, match="still running"):
            fresh_folder(folder)
    assert (fresh_folder(folder) / MARK).is_file()
