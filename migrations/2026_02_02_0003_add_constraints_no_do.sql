-- Enum constraints, NOT VALID: new rows must obey at once, stored ones are checked when somebody VALIDATEs.
-- DROP IF EXISTS before ADD makes the file repeatable without a DO block.
ALTER TABLE public.active_positions
    DROP CONSTRAINT IF EXISTS chk_active_positions_side,
    ADD CONSTRAINT chk_active_positions_side
        CHECK (side IN ('long', 'short')) NOT VALID;

ALTER TABLE public.active_positions
    DROP CONSTRAINT IF EXISTS chk_active_positions_strategy_type,
    ADD CONSTRAINT chk_active_positions_strategy_type
        CHECK (strategy_type IN ('day_trade', 'swing_trade', 'conservative')) NOT VALID;

ALTER TABLE public.position_history
    DROP CONSTRAINT IF EXISTS chk_position_history_side,
    ADD CONSTRAINT chk_position_history_side
        CHECK (side IN ('long', 'short')) NOT VALID;

ALTER TABLE public.position_history
    DROP CONSTRAINT IF EXISTS chk_position_history_strategy_type,
    ADD CONSTRAINT chk_position_history_strategy_type
        CHECK (strategy_type IN ('day_trade', 'swing_trade', 'conservative')) NOT VALID;

INSERT INTO public.schema_migrations (version) VALUES ('2026_02_02_0003_add_constraints_no_do') ON CONFLICT (version) DO NOTHING;
