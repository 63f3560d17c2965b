"""Every crash point, injected error and two-delivery interleaving of the reference consumer, and how long that takes.

    python benchmarks/replay_thorough.py
"""

from __future__ import annotations

import time
from pathlib import Path

from checkout import ROOT

from checks.contract.consumers import PythonConsumer
from checks.contract.dedupe import Dedupe, Effect
from checks.replays.replay import replay
from checks.replays.results import PARTS, Budget
from checks.target.servers import embedded

SPEC = Dedupe(
    "trade_events", "alpaca_event_dedupe", ("event_id",),
    (Effect("active_positions", ("alpaca_order_id",), ("order_id",), {"event_type": ("fill",)}),),
    Path("fixtures/events/trade_updates.jsonl"), PythonConsumer("fixtures/consumers/trade_stream.py", "handle"))


def main() -> None:
    with embedded() as server:
        dsn = server.create_database("thorough")
        for file in sorted((ROOT / "migrations").glob("*.sql")):
            server.execute(file.read_text(), database="thorough")
        for name, budget in (("default", Budget.default(SPEC)), ("thorough", Budget.thorough())):
            began = time.monotonic()
            result = replay(SPEC, dsn, root=ROOT, budget=budget)
            print(f"{name}: {time.monotonic() - began:.1f} s, {len(result.breaches)} breaches")
            for part in PARTS:
                print(f"  {part:10} {result.tried[part]}")


if __name__ == "__main__":
    main()
