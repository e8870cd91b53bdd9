"""Keep how far the reference's windows of each segment lie from one another."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "monitoring_segment_yardsticks",
        sa.Column("model_id", sa.Integer(), nullable=False),
        sa.Column("segment", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.Column("settings", sa.String(), nullable=False),
        sa.Column("outdated", sa.Boolean(), nullable=False),
        sa.Column("calibration", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["model_id"], ["models.id"], name=op.f("fk_monitoring_segment_yardsticks_model_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("model_id", "segment", "value", name=op.f("pk_monitoring_segment_yardsticks")),
    )


def downgrade() -> None:
    op.drop_table("monitoring_segment_yardsticks")
