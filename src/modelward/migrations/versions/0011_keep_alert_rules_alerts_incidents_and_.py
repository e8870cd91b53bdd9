"""Keep alert rules, alerts, incidents and silences."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "alerting_groups",
        sa.Column("key", sa.String(length=60), nullable=False),
        sa.Column("organisation_id", sa.Integer(), nullable=False),
        sa.Column("model_id", sa.Integer(), nullable=True),
        sa.Column("looked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("known_until", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["model_id"], ["models.id"], name=op.f("fk_alerting_groups_model_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_alerting_groups_organisation_id")
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_alerting_groups")),
    )
    op.create_index(op.f("ix_alerting_groups_model_id"), "alerting_groups", ["model_id"], unique=False)
    op.create_table(
        "alerting_incidents",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("organisation_id", sa.Integer(), nullable=False),
        sa.Column("group_key", sa.String(length=60), nullable=False),
        sa.Column("model_id", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("severity", sa.String(length=10), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("sentence", sa.Text(), nullable=False),
        sa.Column("alert_count", sa.Integer(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("acknowledged_by", sa.String(length=320), nullable=True),
        sa.Column("acknowledged_by_user", sa.Integer(), nullable=True),
        sa.Column("last_reason", sa.String(length=40), nullable=True),
        sa.Column("messages", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["model_id"], ["models.id"], name=op.f("fk_alerting_incidents_model_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_alerting_incidents_organisation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alerting_incidents")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_alerting_incidents_due", "alerting_incidents", ["state", "due_at"], unique=False)
    op.create_index(op.f("ix_alerting_incidents_model_id"), "alerting_incidents", ["model_id"], unique=False)
    op.create_index(
        "ix_alerting_incidents_recent", "alerting_incidents", ["organisation_id", "state", "id"], unique=False
    )
    op.create_index(
        "uq_alerting_incidents_open",
        "alerting_incidents",
        ["group_key"],
        unique=True,
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_table(
        "alerting_rules",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.Integer(), nullable=False),
        sa.Column("built_in", sa.String(length=40), nullable=True),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("condition", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("severity", sa.String(length=10), nullable=True),
        sa.Column("wait_seconds", sa.Integer(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=True),
        sa.Column("model_id", sa.Integer(), nullable=True),
        sa.Column("channel_ids", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("created_by", sa.String(length=200), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["model_id"], ["models.id"], name=op.f("fk_alerting_rules_model_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_alerting_rules_organisation_id")
        ),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_alerting_rules_project_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alerting_rules")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_alerting_rules_model_id"), "alerting_rules", ["model_id"], unique=False)
    op.create_index("ix_alerting_rules_organisation", "alerting_rules", ["organisation_id", "id"], unique=False)
    op.create_table(
        "alerting_silences",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=True),
        sa.Column("model_id", sa.Integer(), nullable=True),
        sa.Column("kind", sa.String(length=40), nullable=True),
        sa.Column("column_name", sa.String(length=200), nullable=True),
        sa.Column("author", sa.String(length=320), nullable=False),
        sa.Column("author_user", sa.Integer(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expired_by", sa.String(length=320), nullable=True),
        sa.ForeignKeyConstraint(
            ["model_id"], ["models.id"], name=op.f("fk_alerting_silences_model_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_alerting_silences_organisation_id")
        ),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_alerting_silences_project_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alerting_silences")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_alerting_silences_ends", "alerting_silences", ["organisation_id", "ends_at"], unique=False)
    op.create_index(op.f("ix_alerting_silences_model_id"), "alerting_silences", ["model_id"], unique=False)
    op.create_table(
        "alerting_alerts",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("organisation_id", sa.Integer(), nullable=False),
        sa.Column("group_key", sa.String(length=60), nullable=False),
        sa.Column("incident_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("rule_key", sa.String(length=60), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("severity", sa.String(length=10), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("sentence", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("gone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("told", sa.String(length=10), nullable=True),
        sa.Column("told_over", sa.Boolean(), nullable=False),
        sa.Column("stale", sa.Boolean(), nullable=False),
        sa.Column("channel_ids", sa.JSON(none_as_null=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["incident_id"], ["alerting_incidents.id"], name=op.f("fk_alerting_alerts_incident_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_alerting_alerts_organisation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alerting_alerts")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_alerting_alerts_incident", "alerting_alerts", ["incident_id", "id"], unique=False)
    op.create_index(
        "uq_alerting_alerts_live",
        "alerting_alerts",
        ["group_key", "rule_key", "subject"],
        unique=True,
        sqlite_where=sa.text("state <> 'resolved'"),
        postgresql_where=sa.text("state <> 'resolved'"),
    )
    op.create_table(
        "alerting_incident_events",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("incident_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=True),
        sa.Column("sentence", sa.Text(), nullable=False),
        sa.Column("author", sa.String(length=320), nullable=True),
        sa.Column("message", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("deliveries", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["incident_id"],
            ["alerting_incidents.id"],
            name=op.f("fk_alerting_incident_events_incident_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alerting_incident_events")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_alerting_incident_events_incident", "alerting_incident_events", ["incident_id", "id"], unique=False
    )


def downgrade() -> None:
    op.drop_index("ix_alerting_incident_events_incident", table_name="alerting_incident_events")
    op.drop_table("alerting_incident_events")
    op.drop_index(
        "uq_alerting_alerts_live",
        table_name="alerting_alerts",
        sqlite_where=sa.text("state <> 'resolved'"),
        postgresql_where=sa.text("state <> 'resolved'"),
    )
    op.drop_index("ix_alerting_alerts_incident", table_name="alerting_alerts")
    op.drop_table("alerting_alerts")
    op.drop_index(op.f("ix_alerting_silences_model_id"), table_name="alerting_silences")
    op.drop_index("ix_alerting_silences_ends", table_name="alerting_silences")
    op.drop_table("alerting_silences")
    op.drop_index("ix_alerting_rules_organisation", table_name="alerting_rules")
    op.drop_index(op.f("ix_alerting_rules_model_id"), table_name="alerting_rules")
    op.drop_table("alerting_rules")
    op.drop_index(
        "uq_alerting_incidents_open",
        table_name="alerting_incidents",
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )
    op.drop_index("ix_alerting_incidents_recent", table_name="alerting_incidents")
    op.drop_index(op.f("ix_alerting_incidents_model_id"), table_name="alerting_incidents")
    op.drop_index("ix_alerting_incidents_due", table_name="alerting_incidents")
    op.drop_table("alerting_incidents")
    op.drop_index(op.f("ix_alerting_groups_model_id"), table_name="alerting_groups")
    op.drop_table("alerting_groups")
