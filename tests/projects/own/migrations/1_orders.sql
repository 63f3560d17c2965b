CREATE TABLE orders (id bigint NOT NULL, placed_at date NOT NULL, side text CHECK (side IN ('buy', 'sell')))
    PARTITION BY RANGE (placed_at);
CREATE TABLE orders_2026 PARTITION OF orders FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
