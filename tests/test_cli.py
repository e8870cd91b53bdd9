"""The command line as a person runs it: what goes wrong is one sentence and exit code 2, never a traceback."""

import subprocess
import sys
from pathlib import Path

import pytest


def run(*words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "modelward", *words]
    return subprocess.run(command, capture_output=True, text=True, cwd=folder, timeout=120, check=False)


def assert_refused(done: subprocess.CompletedProcess[str], sentence: str) -> None:
    said = " ".join(done.stderr.split())
    assert (done.returncode, "Traceback" in said, sentence in said) == (2, False, True), done.stderr


@pytest.mark.parametrize("command", [("serve", "--port=0"), ("migrate",), ("admin", "create-key")])
def test_a_folder_that_cannot_be_used_is_one_sentence(command: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = run(*command, f"--data-dir={tmp_path}/file/data", folder=tmp_path)
    assert_refused(done, "has not been served yet" if command[0] == "admin" else "Not a directory")


@pytest.mark.parametrize("command", [("serve", "--port=0"), ("migrate",), ("admin", "create-key")])
def test_a_database_that_is_none_is_one_sentence(command: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "metadata.db").write_bytes(b"no database" * 1000)
    assert_refused(run(*command, f"--data-dir={tmp_path}", folder=tmp_path), "file is not a database")


def test_a_mistyped_folder_is_named_as_it_is_and_not_made(tmp_path: Path) -> None:
    typo = tmp_path / "[/x]"
    assert_refused(run("admin", "create-key", f"--data-dir={typo}", folder=tmp_path), "[/x] has not been served yet")
    assert not (tmp_path / "[").exists()


def test_an_env_file_that_is_no_text_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"\xff\xfe=1\n")
    assert_refused(run("migrate", folder=tmp_path), "The file .env in this folder cannot be read")
