-- A trade update that arrives twice must have one effect.
CREATE TABLE IF NOT EXISTS public.alpaca_event_dedupe (
    event_id     varchar(255) PRIMARY KEY,
    event_type   varchar(50),
    order_id     varchar(255),
    symbol       varchar(50),
    processed_at timestamptz NOT NULL DEFAULT now(),
    event_data   jsonb
);

CREATE INDEX IF NOT EXISTS idx_alpaca_event_dedupe_order_id ON public.alpaca_event_dedupe (order_id);
CREATE INDEX IF NOT EXISTS idx_alpaca_event_dedupe_processed_at ON public.alpaca_event_dedupe (processed_at);

ALTER TABLE public.active_positions ADD COLUMN IF NOT EXISTS alpaca_order_id varchar(255);

-- Full, not partial: ON CONFLICT (alpaca_order_id) takes it as its arbiter without repeating a predicate.
CREATE UNIQUE INDEX IF NOT EXISTS uq_active_positions_alpaca_order_id ON public.active_positions (alpaca_order_id);
CREATE UNIQUE INDEX IF NOT EXISTS uq_active_positions_execution_uuid ON public.active_positions (execution_uuid);

INSERT INTO public.schema_migrations (version) VALUES ('2026_02_02_0002_websocket_idempotency') ON CONFLICT (version) DO NOTHING;
