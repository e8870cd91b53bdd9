"""Where the service of a data folder answers, left in a file for the commands that speak of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def address_left(data_dir: Path, address: str) -> Iterator[None]:
    """While the block lasts, `left_address` finds this address."""
    file = _file(data_dir)
    file.write_text(address, encoding="utf-8")
    try:
        yield
    finally:
        file.unlink(missing_ok=True)


def left_address(data_dir: Path) -> str | None:
    """Where a service on this folder answers; None when none does, or it runs on another machine.

    After a crash it is where the last one answered.
    """
    try:
        return _file(data_dir).read_text(encoding="utf-8").strip() or None
    except (OSError, UnicodeDecodeError):
        return None


def _file(data_dir: Path) -> Path:
    return data_dir / "run" / "address"
