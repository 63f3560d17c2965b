-- What each strategy came to, a row a strategy and day; a nightly job fills it.
CREATE TABLE IF NOT EXISTS public.strategy_stats (
    strategy_type varchar(50) NOT NULL,
    day           date NOT NULL,
    trades        integer NOT NULL,
    wins          integer NOT NULL,
    pnl_dollars   numeric(14,2) NOT NULL,
    computed_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (strategy_type, day),
    CONSTRAINT chk_strategy_stats_strategy_type
        CHECK (strategy_type IN ('day_trade', 'swing_trade', 'conservative')),
    CONSTRAINT chk_strategy_stats_wins CHECK (wins BETWEEN 0 AND trades)
);

CREATE INDEX IF NOT EXISTS idx_strategy_stats_computed_at ON public.strategy_stats (computed_at);

INSERT INTO public.schema_migrations (version) VALUES ('2026_02_03_0001_strategy_stats') ON CONFLICT (version) DO NOTHING;
