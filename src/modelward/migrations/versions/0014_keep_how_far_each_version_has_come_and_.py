"""Keep how far each version has come and who decided."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "governance_transitions",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("organisation_id", sa.Integer(), nullable=False),
        sa.Column("model_id", sa.Integer(), nullable=False),
        sa.Column("action", sa.String(length=24), nullable=False),
        sa.Column("before", sa.String(length=24), nullable=False),
        sa.Column("after", sa.String(length=24), nullable=False),
        sa.Column("place_before", sa.String(length=12), nullable=True),
        sa.Column("place_after", sa.String(length=12), nullable=True),
        sa.Column("author", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("justification", sa.Text(), nullable=True),
        sa.Column("policies", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("evidence", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("grounds", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("override", sa.Boolean(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("other_model_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["model_id"], ["models.id"], name=op.f("fk_governance_transitions_model_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_governance_transitions")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_governance_transitions_model", "governance_transitions", ["model_id", "id"], unique=False)
    op.create_index(
        "ix_governance_transitions_recent", "governance_transitions", ["organisation_id", "id"], unique=False
    )
    op.create_table(
        "governance_approvals",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("model_id", sa.Integer(), nullable=False),
        sa.Column("submission_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("holder", sa.String(length=40), nullable=False),
        sa.Column("role", sa.String(length=10), nullable=False),
        sa.Column("author", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("justification", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["model_id"], ["models.id"], name=op.f("fk_governance_approvals_model_id")),
        sa.ForeignKeyConstraint(
            ["submission_id"], ["governance_transitions.id"], name=op.f("fk_governance_approvals_submission_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_governance_approvals")),
        sa.UniqueConstraint("submission_id", "holder", name=op.f("uq_governance_approvals_submission_id_holder")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_governance_approvals_model_id"), "governance_approvals", ["model_id"], unique=False)
    op.add_column(
        "models", sa.Column("deployment_status", sa.String(length=24), server_default="draft", nullable=False)
    )
    op.add_column("models", sa.Column("deployment_place", sa.String(length=12), nullable=True))
    op.add_column("models", sa.Column("deployment_since", sa.DateTime(timezone=True), nullable=True))
    op.create_index("ix_models_project_id_name", "models", ["project_id", "name"], unique=False)
    op.create_index(
        "uq_models_champion",
        "models",
        ["project_id", "name"],
        unique=True,
        sqlite_where=sa.text("deployment_place = 'champion'"),
        postgresql_where=sa.text("deployment_place = 'champion'"),
    )


def downgrade() -> None:
    op.drop_index(
        "uq_models_champion",
        table_name="models",
        sqlite_where=sa.text("deployment_place = 'champion'"),
        postgresql_where=sa.text("deployment_place = 'champion'"),
    )
    op.drop_index("ix_models_project_id_name", table_name="models")
    op.drop_column("models", "deployment_since")
    op.drop_column("models", "deployment_place")
    op.drop_column("models", "deployment_status")
    op.drop_index(op.f("ix_governance_approvals_model_id"), table_name="governance_approvals")
    op.drop_table("governance_approvals")
    op.drop_index("ix_governance_transitions_recent", table_name="governance_transitions")
    op.drop_index("ix_governance_transitions_model", table_name="governance_transitions")
    op.drop_table("governance_transitions")
