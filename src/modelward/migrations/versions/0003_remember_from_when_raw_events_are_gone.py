"""Remember from when raw events are gone."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("monitoring_activity", sa.Column("forgotten_before", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    op.drop_column("monitoring_activity", "forgotten_before")
