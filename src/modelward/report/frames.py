"""A table as a profile: every column summarised, the others named with the reason why they are left out."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from modelward.report.columns import LeftOut, summarise
from modelward.report.sources import open_frame
from modelward.stats import Profile


@dataclass(frozen=True)
class Read:
    """A table that was read: its profile, and the columns that are not part of it, each with the reason in words."""

    profile: Profile
    left_out: Mapping[str, str]


def read_profile(data: Any, *, skip: Collection[str] = ()) -> Read:
    """Summarise a table: a frame, a mapping of columns, or a path to CSV or Parquet.

    Raises:
        NotFound: there is no file at the path.
        Invalid: it is not a table that can be read.
    """
    frame = open_frame(data)
    columns: dict[str, Any] = {}
    left_out: dict[str, str] = {}
    # Looking each column up would ask for all names each time: a minute for a file of 10,000 columns.
    for name, series in zip(map(str, frame.columns), frame.iter_columns(), strict=True):
        if name in skip:
            continue
        try:
            columns[name] = summarise(series)
        except LeftOut as reason:
            left_out[name] = str(reason)
    return Read(Profile(rows=len(frame), columns=columns), left_out)
