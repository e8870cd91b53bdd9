"""`modelward.Profile`: a table as its summary, which is small, adds up, and can be kept instead of the rows."""

from typing import Any, Self

from modelward.report.frames import read_profile
from modelward.stats import profile


class Profile(profile.Profile):
    """The summary of a table: `Profile.of(frame)`, `a + b`, `.to_bytes()`, `Profile.from_bytes(…)`.

    It may stand for a table in `modelward.compare`, on either side.
    """

    @classmethod
    def of(cls, columns: Any) -> Self:
        """Summarise a frame, a mapping of columns, or the CSV or Parquet file at a path; dates and lists are left out.

        Raises:
            NotFound: there is no file at the path.
            Invalid: it is not a table that can be read.
        """
        read = read_profile(columns).profile
        return cls(read.rows, read.columns)

    @classmethod
    def of_spark(cls, frame: Any) -> Self:
        """Summarise a Spark data frame where its partitions are; only their summaries come to the driver.

        Raises:
            Invalid: it is not a Spark data frame.
        """
        from modelward.report.spark import profile_spark

        read = profile_spark(frame).profile
        return cls(read.rows, read.columns)
