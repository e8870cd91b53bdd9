"""Migrations: they make exactly the tables that the code speaks of, whoever runs them and how often."""

import json
import multiprocessing
from collections.abc import Callable
from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Engine, inspect, text

from modelward.kit.database import migrate, open_database, reading
from modelward.migrations.generate import all_tables, generate
from modelward.monitoring.window_choice import settings_answer
from modelward.registry.tables import Model

VERSIONS = Path(__file__).parents[2] / "src" / "modelward" / "migrations" / "versions"


def run(engine: Engine, action: Callable[[Config], None]) -> None:
    config = Config()
    config.set_main_option("script_location", "modelward:migrations")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        action(config)


def tables(engine: Engine) -> set[str]:
    with engine.connect() as connection:
        return set(inspect(connection).get_table_names())


def test_a_migrated_database_is_what_the_tables_say(each_database: Engine) -> None:
    with each_database.connect() as connection:
        found = compare_metadata(MigrationContext.configure(connection), all_tables())
    assert found == [], "run python -m modelward.migrations.generate"


def test_every_domains_tables_are_found() -> None:
    assert {"organisations", "models", "jobs", "signals", "leases"} <= set(all_tables().tables)


def test_migrating_again_changes_nothing(each_database: Engine) -> None:
    before = tables(each_database)
    migrate(each_database)
    assert tables(each_database) == before


def test_what_was_made_can_be_taken_back_and_made_anew(each_empty_database: str, each_database: Engine) -> None:
    engine = open_database(each_empty_database)
    migrate(engine)
    run(engine, lambda config: command.downgrade(config, "base"))
    assert tables(engine) == {"alembic_version"}
    migrate(engine)
    assert tables(engine) == tables(each_database)
    engine.dispose()


def test_the_versions_are_one_line() -> None:
    numbers = sorted(int(file.name[:4]) for file in VERSIONS.glob("[0-9]*.py"))
    assert numbers == list(range(1, len(numbers) + 1))


def test_nothing_is_generated_when_nothing_has_changed() -> None:
    before = sorted(VERSIONS.iterdir())
    assert generate("Nothing") is None
    assert sorted(VERSIONS.iterdir()) == before


def _migrate(url: str) -> None:
    engine = open_database(url)
    migrate(engine)
    engine.dispose()


def test_processes_that_start_at_once_migrate_once(each_empty_database: str) -> None:
    spawning = multiprocessing.get_context("spawn")
    processes = [spawning.Process(target=_migrate, args=(each_empty_database,)) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * 3
    engine = open_database(each_empty_database)
    with reading(engine) as session:
        assert session.scalar(text("SELECT count(*) FROM alembic_version")) == 1
    engine.dispose()


def test_a_window_that_was_stored_before_stays_as_asked_for_and_no_settings_mean_by_volume(
    each_empty_database: str,
) -> None:
    engine = open_database(each_empty_database)
    migrate(engine)
    run(engine, lambda config: command.downgrade(config, "0015"))
    stored = {"window": "day", "psi_strong": 0.3}
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO organisations (id, name, created_at) VALUES (1, 'Acme', '2026-03-02')"))
        connection.execute(
            text("INSERT INTO projects (id, organisation_id, key, created_at) VALUES (1, 1, 'crm', '2026-03-02')")
        )
        for number, monitor in ((1, json.dumps(stored)), (2, None)):
            connection.execute(
                text(
                    "INSERT INTO models (id, organisation_id, project_id, key, name, time_zone, attributes, monitor, "
                    "health, created_at, event_count) VALUES (:id, 1, 1, :key, 'churn', 'UTC', '{}', :monitor, "
                    "'too_few', '2026-03-02', 0)"
                ),
                {"id": number, "key": f"churn-{number}", "monitor": monitor},
            )
    migrate(engine)
    with reading(engine) as session:
        asked, unasked = (settings_answer(session.get_one(Model, number)) for number in (1, 2))
    assert (asked["window"], asked["window_in_effect"]["chosen_by"], asked["psi_strong"]) == ("day", "settings", 0.3)
    assert (unasked["window"], unasked["window_in_effect"]["chosen_by"]) == (None, "volume")
    assert unasked["window_in_effect"]["window"] == "day"
    engine.dispose()
