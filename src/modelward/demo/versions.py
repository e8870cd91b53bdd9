"""The versions of the demo's model."""

from dataclasses import dataclass

NAME = "late-arrivals"
QUESTION = "Will this flight arrive more than 15 minutes late? Asked as it leaves the gate in New York."


@dataclass(frozen=True)
class Version:
    """One version, as it is registered."""

    number: str
    key: str
    """What the service calls it in addresses."""
    description: str
    reference: str
    """The name of the file with its reference."""


FIRST = Version(
    "1",
    NAME,
    f"{QUESTION} A logistic regression, trained on the flights of January to March 2013.",
    "january-to-march.parquet",
)
SECOND = Version(
    "2",
    f"{NAME}-2",
    f"{QUESTION} The same regression, trained again on October 2013, whose distances are in kilometres.",
    "october.parquet",
)
