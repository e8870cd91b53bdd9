"""Write the migration that brings a database from the newest version to what the tables say now.

    python -m modelward.migrations.generate "What changes, as a sentence without its full stop"

The tables are found by their file names and imported by name, so that this room depends on none of the others.
"""

import sys
import tempfile
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

from alembic import command
from alembic.autogenerate.api import AutogenContext
from alembic.config import Config
from sqlalchemy import MetaData, create_engine
from sqlalchemy.types import TypeDecorator

HERE = Path(__file__).parent


def all_tables() -> MetaData:
    """The tables of every domain."""
    package = HERE.parent
    for file in sorted(package.glob("*/*tables.py")):
        import_module(f"{package.name}.{file.parent.name}.{file.stem}")
    metadata: MetaData = import_module(f"{package.name}.kit.database").Base.metadata
    return metadata


def generate(message: str) -> Path | None:
    """Write the next migration; None when nothing has changed."""
    number = len(list((HERE / "versions").glob("[0-9]*.py"))) + 1
    with tempfile.TemporaryDirectory() as folder:
        engine = create_engine(f"sqlite:///{folder}/metadata.db")
        with engine.begin() as connection:
            config = Config()
            config.set_main_option("script_location", str(HERE))
            config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
            config.attributes.update(connection=connection, metadata=all_tables(), render_item=render_item)
            command.upgrade(config, "head")
            script = command.revision(
                config, message, autogenerate=True, rev_id=f"{number:04}", process_revision_directives=_drop_empty
            )
        engine.dispose()
    found = list((HERE / "versions").glob(f"{number:04}_*.py"))
    if not script or not found:
        return None
    lines = found[0].read_text(encoding="utf-8").splitlines(keepends=True)
    found[0].write_text("".join(line for line in lines if "# ### " not in line), encoding="utf-8")
    return found[0]


def render_item(kind: str, item: Any, _context: AutogenContext) -> str | Literal[False]:
    """Types of our own are written as what they are to a database, so that migrations do not depend on our code."""
    if kind == "type" and isinstance(item, TypeDecorator):
        return f"sa.{item.impl!r}"
    return False


def _drop_empty(_context: Any, _revision: Any, directives: list[Any]) -> None:
    if directives and directives[0].upgrade_ops.is_empty():
        directives.clear()


def main() -> None:
    """The command."""
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    made = generate(sys.argv[1])
    sys.stdout.write(f"{made}\n" if made else "Nothing has changed.\n")


if __name__ == "__main__":
    main()
