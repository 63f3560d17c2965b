"""The walls: what runs behind them reaches only what it was given, and leaves nothing."""
