"""What this project claims beside what its migrations and contract.toml say: run `pytest checks/ own_claims/`."""


def test_orders_are_partitioned(snapshot):
    """orders is partitioned by the day it was placed"""
    assert snapshot.relation("orders").partition_key == "RANGE (placed_at)"


def test_every_table_has_a_comment_free_name(snapshot, expected):
    """no table is called temporary"""
    assert not [name for name in snapshot.tables if "tmp" in name]
    assert {key.relation for key in expected if key.kind == "table"} <= set(snapshot.tables)


def test_no_order_is_from_the_future(ask, target):
    """no order was placed after today"""
    (row,) = ask("SELECT count(*) AS orders FROM public.orders WHERE placed_at > current_date")
    assert row == {"orders": 0}, f"{target.name} has {row['orders']} such orders"
