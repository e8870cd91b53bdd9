"""What the command `modelward compare` does: read, compare, print, and answer with an exit code."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelward.errors import ModelwardError
from modelward.report.compare import compare
from modelward.report.report import Kind, Limit, Report

if TYPE_CHECKING:
    from rich.console import Console

FINE, FAILED, COULD_NOT_RUN = 0, 1, 2


def run_compare(
    reference_path: str | Path,
    current_path: str | Path,
    *,
    roles: Mapping[str, Any] | None = None,
    files: Mapping[Kind, Path | None] | None = None,
    fail_on: Limit | None = None,
    console: "Console | None" = None,
) -> int:
    """Compare two files or folders, print the report, and write it to files in the formats that were asked for.

    `roles` are the columns that mean something: the arguments of `compare` by their names.

    Returns:
        0 when the verdict is within `fail_on` (or none was given), 1 when it is past it, 2 when there is no verdict
        because a file could not be read or the report not be written; a sentence on standard error says why.
    """
    try:
        report = compare(Path(reference_path), Path(current_path), **(roles or {}))
        failed = fail_on is not None and report.fails(fail_on)
        _print(report, console)
        for kind, path in (files or {}).items():
            if path is not None:
                report.write(path, kind)
    except ModelwardError as error:
        sys.stderr.write(f"modelward compare could not run: {error.sentence}\n")
        return COULD_NOT_RUN
    return FAILED if failed else FINE


def _print(report: Report, console: "Console | None") -> None:
    from rich.console import Console

    (console or Console()).print(report)
