"""The tree stays walkable: sizes, names, and nothing in it that belongs to one machine."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FORBIDDEN_NAMES = {"models", "utils", "common", "helpers", "manager", "base", "misc"}
BINARY = {".parquet", ".png", ".ico", ".gz"}


def tracked() -> list[Path]:
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode != 0:
        pytest.skip("not a git checkout: the tree can't be listed")
    return [ROOT / line for line in listed.stdout.splitlines() if (ROOT / line).is_file()]


def source_files() -> list[Path]:
    return [path for path in tracked() if path.suffix == ".py" and "src" in path.parts]


def test_no_source_file_is_longer_than_500_lines() -> None:
    lengths = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in source_files()}
    assert not {name: lines for name, lines in lengths.items() if lines > 500}


def test_no_module_has_a_name_that_says_nothing() -> None:
    vague = [str(path.relative_to(ROOT)) for path in source_files() if path.stem in FORBIDDEN_NAMES]
    assert not vague


def test_no_file_names_a_registry_or_a_path_of_one_machine() -> None:
    pattern = re.compile(r"files\.pythonhosted|registry\.npmjs|pypi\.org/simple|(?<![\w.])/(?:work|home/\w+|root)/")
    guilty = [
        str(path.relative_to(ROOT))
        for path in tracked()
        if path.suffix not in BINARY
        and "vendor" not in path.parts
        and path != Path(__file__)
        and pattern.search(path.read_text(errors="replace"))
    ]
    assert not guilty


def test_there_is_no_lock_file_that_holds_addresses() -> None:
    assert not [path.name for path in tracked() if path.name in {"uv.lock", "package-lock.json", "poetry.lock"}]


def test_every_decision_is_numbered_once_and_says_why() -> None:
    records = [path for path in tracked() if path.parent.name == "decisions" and path.name != "README.md"]
    numbers = sorted(int(path.name[:4]) for path in records)
    assert numbers == list(range(1, len(records) + 1))
    assert not [path.name for path in records if "**Why:**" not in path.read_text()]
