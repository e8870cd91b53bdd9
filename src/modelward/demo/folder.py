"""The demo's folder: fresh at every start, and never somebody's data."""

import fcntl
import shutil
from pathlib import Path

from modelward.errors import Conflict

MARK = "made-by-the-demo.txt"
_WORDS = "`modelward demo` made this folder and replaces it when it runs again. Keep nothing here.\n"


def fresh_folder(folder: Path) -> Path:
    """An empty folder for the demo: what an earlier demo left is removed, anything else is refused.

    Raises:
        Conflict: the path is a file, or a folder with something in it that no demo made, or a service runs in it.
    """
    if (folder / MARK).is_file():
        _refuse_if_in_use(folder)
        shutil.rmtree(folder)
    if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        raise Conflict(f"{folder} holds something that no demo made: choose another folder with --data-dir.")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MARK).write_text(_WORDS, encoding="utf-8")
    return folder


def _refuse_if_in_use(folder: Path) -> None:
    """A running service holds the lock of its folder."""
    lock = folder / "run" / "lock"
    if not lock.exists():
        return
    with lock.open("r+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            sentence = f"A demo is still running in {folder}: stop it first, or choose another folder with --data-dir."
            raise Conflict(sentence) from error
