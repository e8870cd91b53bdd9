"""Keep what a monitor made of its own reference."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "monitoring_placebos",
        sa.Column("model_id", sa.Integer(), nullable=False),
        sa.Column("baseline_id", sa.Integer(), nullable=False),
        sa.Column("settings", sa.String(), nullable=False),
        sa.Column("outcome", sa.JSON(), nullable=False),
        sa.Column("window_rows", sa.Integer(), nullable=False),
        sa.Column("detectable", sa.JSON(), nullable=False),
        sa.Column("calibration", sa.LargeBinary(), nullable=True),
        sa.Column("tried_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["model_id"], ["models.id"], name=op.f("fk_monitoring_placebos_model_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("model_id", name=op.f("pk_monitoring_placebos")),
    )


def downgrade() -> None:
    op.drop_table("monitoring_placebos")
