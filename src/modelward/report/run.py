"""What the command `modelward compare` does: read, compare, print, and answer with an exit code."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelward.errors import Invalid, ModelwardError
from modelward.report.compare import compare
from modelward.report.report import Kind, Limit, Report

if TYPE_CHECKING:
    from rich.console import Console

FINE, FAILED, COULD_NOT_RUN = 0, 1, 2


def run_compare(
    reference_path: str | Path,
    current_path: str | Path,
    *,
    asked: Mapping[str, Any] | None = None,
    config: Path | None = None,
    files: Mapping[Kind, Path | None] | None = None,
    fail_on: Limit | None = None,
    console: "Console | None" = None,
) -> int:
    """Compare two files or folders, print the report, and write it to files in the formats that were asked for.

    `asked` are arguments of `compare` by their names, `config` a file of JSON with its settings.

    Returns:
        0 when the verdict is within `fail_on` (or none was given), 1 when it is past it, 2 when there is no verdict
        because a file could not be read or the report not be written; a sentence on standard error says why.
    """
    try:
        report = compare(Path(reference_path), Path(current_path), config=_settings(config), **(asked or {}))
        failed = fail_on is not None and report.fails(fail_on)
        _print(report, console)
        for kind, path in (files or {}).items():
            if path is not None:
                report.write(path, kind)
    except ModelwardError as error:
        sys.stderr.write(f"modelward compare could not run: {error.sentence}\n")
        return COULD_NOT_RUN
    return FAILED if failed else FINE


def _settings(path: Path | None) -> dict[str, Any] | None:
    """The settings of a comparison from a file.

    Raises:
        Invalid: it cannot be read, or holds no object of JSON.
    """
    if path is None:
        return None
    try:
        wire = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Invalid(f"the settings in {str(path)!r} could not be read as JSON: {error}") from error
    if not isinstance(wire, dict):
        raise Invalid(f'{str(path)!r} must hold an object of settings, such as {{"bins": 20}}')
    return wire


def _print(report: Report, console: "Console | None") -> None:
    from rich.console import Console

    (console or Console()).print(report)
