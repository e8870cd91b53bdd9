"""The one thing in the demo that did not happen: from 1 October `distance` arrives in kilometres.

As if the team that delivers the schedule had changed a unit and told nobody. Everything else is as it was in 2013.
"""

from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

SINCE = date(2013, 10, 1)
COLUMN = "distance"
KILOMETRES_PER_MILE = 1.609344
SENTENCE = "scripted: from 1 October `distance` arrives in kilometres, and nobody was told"


def as_it_arrives(flights: pa.Table) -> pa.Table:
    """The flights as the model receives them: those that left since the incident with their distance in kilometres."""
    after = pc.greater_equal(flights["day"], SINCE)
    kilometres = pc.round(pc.multiply(flights[COLUMN], KILOMETRES_PER_MILE), ndigits=1)
    place = flights.schema.get_field_index(COLUMN)
    return flights.set_column(place, COLUMN, pc.if_else(after, kilometres, flights[COLUMN]))
