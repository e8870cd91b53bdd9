"""Keep which windows the volume chose.

A stored `window` stays as it is, as asked for: see docs/decisions/0028. What monitors and segments made of their
references is forgotten, because it is made anew, now for each kind of windows.
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("models", sa.Column("windows", sa.JSON(none_as_null=True), nullable=True))
    op.drop_table("monitoring_placebos")
    op.drop_table("monitoring_segment_yardsticks")
    _create(windows=True)


def downgrade() -> None:
    op.drop_table("monitoring_placebos")
    op.drop_table("monitoring_segment_yardsticks")
    _create(windows=False)
    op.drop_column("models", "windows")


def _create(*, windows: bool) -> None:
    def kind() -> list[sa.Column[str]]:
        return [sa.Column("window", sa.String(), nullable=False)] if windows else []

    key = ["model_id", "window"] if windows else ["model_id"]
    op.create_table(
        "monitoring_placebos",
        sa.Column("model_id", sa.Integer(), nullable=False),
        *kind(),
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
        sa.PrimaryKeyConstraint(*key, name=op.f("pk_monitoring_placebos")),
    )
    op.create_table(
        "monitoring_segment_yardsticks",
        sa.Column("model_id", sa.Integer(), nullable=False),
        *kind(),
        sa.Column("segment", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.Column("settings", sa.String(), nullable=False),
        sa.Column("outdated", sa.Boolean(), nullable=False),
        sa.Column("calibration", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["model_id"], ["models.id"], name=op.f("fk_monitoring_segment_yardsticks_model_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint(*key, "segment", "value", name=op.f("pk_monitoring_segment_yardsticks")),
    )
