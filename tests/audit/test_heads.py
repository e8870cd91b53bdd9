"""Heads that are kept outside of the database: written durably, read with care, compared."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine
from tests.audit.chains import NOON, by_hand, chain_of, truncate
from typer.testing import CliRunner

from modelward.audit.heads import append_heads, heads_of, kept_heads, read_heads
from modelward.audit.walk import KnownHead
from modelward.cli import cli
from modelward.errors import Invalid
from modelward.kit.database import reading

HEADS = [KnownHead(1, 5, "a" * 64, NOON), KnownHead(2, 7, "b" * 64, NOON)]


def test_heads_come_back_as_they_were_kept(each_database: Engine, tmp_path: Path) -> None:
    chain_of(each_database, 3)
    with reading(each_database) as session:
        heads = heads_of(session, now=NOON)
    for later in (0, 1):
        append_heads(
            tmp_path / "audit" / "heads.jsonl",
            [KnownHead(**{**vars(one), "at": NOON + timedelta(hours=later)}) for one in heads],
        )
    kept = kept_heads(tmp_path)
    assert [head.at for head in kept] == [NOON, NOON + timedelta(hours=1)]
    assert {(head.organisation_id, head.position, head.hash) for head in kept} == {(1, 3, heads[0].hash)}


def test_a_line_that_was_half_written_hides_neither_the_ones_before_nor_those_after(tmp_path: Path) -> None:
    path = tmp_path / "heads.jsonl"
    append_heads(path, HEADS)
    path.write_bytes(path.read_bytes() + b'{"at": "2026-01-05T13:00:00+00:00", "organ')
    append_heads(path, HEADS[:1])
    assert read_heads(path) == [*HEADS, HEADS[0]]


def test_a_file_that_is_none_is_said_to_be_none(tmp_path: Path) -> None:
    path = tmp_path / "heads.jsonl"
    path.write_text('{"at": null, "organisation_id": 1, "position": 5, "hash": "aa"}\n{"something": "else"}\n')
    with pytest.raises(Invalid, match=r"Line 2 of .*heads.jsonl is no head"):
        read_heads(path)
    with pytest.raises(Invalid, match="cannot be read"):
        read_heads(tmp_path / "nowhere")
    assert kept_heads(tmp_path) == []


@pytest.fixture
def served(tmp_path: Path, database: Engine, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """A data folder with a chain of ten entries, under the secret that is kept there."""
    from modelward.audit.keys import use_settings
    from modelward.settings import settings_from

    monkeypatch.setenv("MODELWARD_DATA_DIR", str(tmp_path))
    use_settings(database, settings_from({}, data_dir=tmp_path))
    chain_of(database, 10)
    return database


def test_the_command_says_that_all_is_well_and_how_much_of_it_there_is(served: Engine, tmp_path: Path) -> None:
    answer = CliRunner().invoke(cli, ["audit", "verify"])
    assert answer.exit_code == 0
    with reading(served) as session:
        [head] = heads_of(session, now=NOON)
    assert answer.stdout.splitlines() == [
        f"organisation 1: 10 entries, head {head.hash}",
        "OK: 10 entries of 1 organisations are as they were written.",
    ]


def test_the_command_names_the_place_and_what_is_wrong_there(served: Engine) -> None:
    by_hand(served, "UPDATE audit_entries SET reason = 'another' WHERE position = 4")
    answer = CliRunner().invoke(cli, ["audit", "verify"])
    assert answer.exit_code == 1
    assert "organisation 1, position 4: Entry 4 is not what was written there" in answer.stdout


def test_the_command_compares_with_heads_that_were_kept_elsewhere(served: Engine, tmp_path: Path) -> None:
    with reading(served) as session:
        heads = heads_of(session, now=NOON)
    elsewhere = tmp_path / "elsewhere.jsonl"
    append_heads(elsewhere, heads)
    assert CliRunner().invoke(cli, ["audit", "verify", "--heads", str(elsewhere)]).exit_code == 0
    by_hand(served, "DELETE FROM audit_heads")
    truncate(served, 1, 10)
    assert CliRunner().invoke(cli, ["audit", "verify"]).exit_code == 0, "nothing is left that could tell"
    answer = CliRunner().invoke(cli, ["audit", "verify", "--heads", str(elsewhere)])
    assert answer.exit_code == 1
    assert "position 1: Entries 1 to 10 are cut off" in answer.stdout


def test_with_another_secret_the_command_says_so_and_with_the_former_one_all_is_well(
    served: Engine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    former = (tmp_path / "secret_key").read_text().strip()
    monkeypatch.setenv("MODELWARD_SECRET_KEY", "n" * 40)
    answer = CliRunner().invoke(cli, ["audit", "verify"])
    assert answer.exit_code == 1
    assert "the service's secret was changed, and the former one must be given" in answer.stdout
    monkeypatch.setenv("MODELWARD_FORMER_SECRET_KEYS", former)
    assert CliRunner().invoke(cli, ["audit", "verify"]).exit_code == 0
