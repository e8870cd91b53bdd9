"""Remember the time zone that windows were cut in."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("monitoring_activity", sa.Column("time_zone", sa.String(), server_default="UTC", nullable=False))


def downgrade() -> None:
    op.drop_column("monitoring_activity", "time_zone")
