"""Alembic asks here how to run. The connection, and for `generate` the tables too, are given by whoever called."""

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=context.config.attributes.get("metadata"),
    render_item=context.config.attributes.get("render_item"),
    compare_server_default=True,
)
with context.begin_transaction():
    context.run_migrations()
