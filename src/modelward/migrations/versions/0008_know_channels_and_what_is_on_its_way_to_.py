"""Know channels and what is on its way to them."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "alerting_channels",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("options", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=True),
        sa.Column("hint", sa.String(length=200), nullable=False),
        sa.Column("created_by", sa.String(length=200), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("failing_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("retry_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("slow", sa.Boolean(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_alerting_channels_organisation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alerting_channels")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        op.f("ix_alerting_channels_organisation_id"), "alerting_channels", ["organisation_id"], unique=False
    )
    op.create_index(
        "uq_alerting_channels_admins",
        "alerting_channels",
        ["organisation_id"],
        unique=True,
        sqlite_where=sa.text("kind = 'admins'"),
        postgresql_where=sa.text("kind = 'admins'"),
    )
    op.create_table(
        "alerting_deliveries",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("organisation_id", sa.Integer(), nullable=False),
        sa.Column("channel_id", sa.Integer(), nullable=True),
        sa.Column("channel_name", sa.String(length=200), nullable=False),
        sa.Column("message_id", sa.String(length=64), nullable=False),
        sa.Column("message", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("incident_id", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tried_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["channel_id"],
            ["alerting_channels.id"],
            name=op.f("fk_alerting_deliveries_channel_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_alerting_deliveries_organisation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alerting_deliveries")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_alerting_deliveries_due", "alerting_deliveries", ["channel_id", "state", "id"], unique=False)
    op.create_index(op.f("ix_alerting_deliveries_incident_id"), "alerting_deliveries", ["incident_id"], unique=False)
    op.create_index("ix_alerting_deliveries_recent", "alerting_deliveries", ["organisation_id", "id"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_alerting_deliveries_recent", table_name="alerting_deliveries")
    op.drop_index(op.f("ix_alerting_deliveries_incident_id"), table_name="alerting_deliveries")
    op.drop_index("ix_alerting_deliveries_due", table_name="alerting_deliveries")
    op.drop_table("alerting_deliveries")
    op.drop_index(
        "uq_alerting_channels_admins",
        table_name="alerting_channels",
        sqlite_where=sa.text("kind = 'admins'"),
        postgresql_where=sa.text("kind = 'admins'"),
    )
    op.drop_index(op.f("ix_alerting_channels_organisation_id"), table_name="alerting_channels")
    op.drop_table("alerting_channels")
