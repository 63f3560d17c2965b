"""How far behind its primary a standby is, as it tells itself. Functions of PostgreSQL manual, "Recovery Information"."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from checks.catalog.snapshot import Snapshot
from checks.values import Unverified


@dataclass(frozen=True)
class Lag:
    """What a standby says of itself; None: it does not tell."""

    streaming: bool | None = None
    """Whether it is connected to somebody who sends it WAL."""
    paused: bool | None = None
    """Whether it is told not to replay what it has."""
    waiting_bytes: int | None = None
    """Of WAL that came and is not replayed yet."""
    replayed_s_ago: float | None = None
    """Since the last transaction that it replayed was committed, by the standby's clock: an idle primary's grows too."""

    @property
    def behind(self) -> str:
        """Why what is not here may be on the primary already; empty: it has replayed all that was sent."""
        if self.paused:
            return "its replay is paused"
        if self.waiting_bytes:
            return f"{self.waiting_bytes:,} bytes of WAL wait to be replayed"
        if self.streaming is not True or self.waiting_bytes is None:
            return "it does not stream from its primary" if self.streaming is False else "it does not tell how far it is"
        return ""

    @property
    def told(self) -> str:
        """`last transaction replayed 1.2 s ago, 0 bytes of WAL waiting`."""
        parts = ["not streaming"] if self.streaming is False else []
        parts += ["replay paused"] if self.paused else []
        if self.replayed_s_ago is not None:
            parts.append(f"last transaction replayed {self.replayed_s_ago:,.1f} s ago")
        if self.waiting_bytes is not None:
            parts.append(f"{self.waiting_bytes:,} bytes of WAL waiting")
        return ", ".join(parts) or "lag not told"

    def as_json(self) -> Mapping[str, Any]:
        """As the evidence has it."""
        return {"streaming": self.streaming, "paused": self.paused, "waiting_bytes": self.waiting_bytes,
                "replayed_s_ago": self.replayed_s_ago}


@dataclass(frozen=True)
class LagQuestion:
    """Asks a standby how far it is."""

    @property
    def may_raise(self) -> bool:
        """See Question: a managed server may have these functions refuse to answer."""
        return True

    def select(self) -> str:
        """See Question."""
        return ("SELECT pg_catalog.json_build_object("
                "'streaming', EXISTS (SELECT FROM pg_catalog.pg_stat_wal_receiver), "
                "'paused', pg_catalog.pg_is_wal_replay_paused(), 'waiting_bytes', GREATEST(0, "
                "pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_last_wal_receive_lsn(), pg_catalog.pg_last_wal_replay_lsn())), "
                "'replayed_s_ago', pg_catalog.date_part('epoch', "
                "pg_catalog.clock_timestamp() - pg_catalog.pg_last_xact_replay_timestamp()))")

    def read(self, value: object) -> Lag:
        """See Question."""
        if not isinstance(value, dict):
            raise Unverified("The standby answered something else than how far it is.")
        waiting, ago = value.get("waiting_bytes"), value.get("replayed_s_ago")
        return Lag(value.get("streaming"), value.get("paused"), None if waiting is None else int(waiting),
                   None if ago is None else round(float(ago), 1))


def lag_question(found: Snapshot) -> LagQuestion | None:
    """The question, where the target is a standby."""
    return LagQuestion() if found.identity["in_recovery"] else None
