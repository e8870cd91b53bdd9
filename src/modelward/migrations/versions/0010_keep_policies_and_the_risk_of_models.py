"""Keep policies and the risk of models."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "governance_policies",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("organisation_id", sa.Integer(), nullable=False),
        sa.Column("scope", sa.String(length=12), nullable=False),
        sa.Column("scope_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("body", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("author", sa.String(length=200), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_governance_policies_organisation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_governance_policies")),
        sa.UniqueConstraint("scope", "scope_id", "number", name=op.f("uq_governance_policies_scope_scope_id_number")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        op.f("ix_governance_policies_organisation_id"), "governance_policies", ["organisation_id"], unique=False
    )
    op.create_table(
        "governance_risk_history",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("model_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("risk_score", sa.Double(), nullable=True),
        sa.Column("status", sa.String(length=12), nullable=True),
        sa.Column("event", sa.String(length=20), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("components", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("unmeasured", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("reasons", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("sources", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("corrected_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["model_id"], ["models.id"], name=op.f("fk_governance_risk_history_model_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_governance_risk_history")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_governance_risk_history_model", "governance_risk_history", ["model_id", "at", "id"], unique=False
    )
    op.create_table(
        "governance_states",
        sa.Column("model_id", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=True),
        sa.Column("risk_score", sa.Double(), nullable=True),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reasons", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("components", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("unmeasured", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("checks", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("sources", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("record_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("window_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("measured_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["model_id"], ["models.id"], name=op.f("fk_governance_states_model_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("model_id", name=op.f("pk_governance_states")),
    )
    op.create_index(op.f("ix_governance_states_status"), "governance_states", ["status"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_governance_states_status"), table_name="governance_states")
    op.drop_table("governance_states")
    op.drop_index("ix_governance_risk_history_model", table_name="governance_risk_history")
    op.drop_table("governance_risk_history")
    op.drop_index(op.f("ix_governance_policies_organisation_id"), table_name="governance_policies")
    op.drop_table("governance_policies")
