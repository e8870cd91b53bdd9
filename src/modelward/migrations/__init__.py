"""The history of the metadata database's tables, run by Alembic at each start, and by `modelward migrate`."""
