"""orders

Revision ID: 1a2b3c4d5e6f
Revises: 
Create Date: 2026-11-25 00:20:54.135679

"""
from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision: str = '1a2b3c4d5e6f'
down_revision: Union[str, Sequence[str], None] = None
branch_labels: Union[str, Sequence[str], None] = None
depends_on: Union[str, Sequence[str], None] = None


def upgrade() -> None:
    """Upgrade schema."""
    op.create_table(
        "orders",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("side", sa.Text, nullable=False),
        sa.CheckConstraint("side IN ('buy', 'sell')", name="known_side"),
    )


def downgrade() -> None:
    """Downgrade schema."""
    op.drop_table("orders")
