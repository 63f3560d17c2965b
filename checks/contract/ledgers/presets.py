"""`[ledger] tool` -> the ledger as that tool keeps it. Each key is one of `[ledger]` and can be set by hand there.

Learnt from the tools themselves, or from their documented DDL; fixtures/README.md says which.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PRESETS: Mapping[str, Mapping[str, Any]] = {
    "plain": {},
    "flyway": {
        "table": "flyway_schema_history", "version": "{version|script}", "applied_at": "installed_on",
        "unique": ["installed_rank"], "last_by": "installed_rank", "failed": {"success": False}, "checksum": "checksum",
        "ignored": {"type": ["SCHEMA", "DELETE", "UNDO_SQL", "UNDO_JDBC", "UNDO_SCRIPT"]}, "baseline": {"type": "BASELINE"},
    },
    "golang-migrate": {"version": "version", "applied_at": "", "one_row": True, "failed": {"dirty": True}},
    "dbmate": {"version": "version", "applied_at": ""},
    "goose": {
        "table": "goose_db_version", "version": "version_id", "applied_at": "tstamp", "unique": ["id"], "last_by": "id",
        "ignored": {"is_applied": False, "version_id": 0},
    },
    "sql-migrate": {"table": "gorp_migrations", "version": "id"},
    "diesel": {"table": "__diesel_schema_migrations", "applied_at": "run_on"},
    "sqlx": {"table": "_sqlx_migrations", "applied_at": "installed_on", "failed": {"success": False},
             "checksum": "checksum"},
    "prisma": {
        "table": "_prisma_migrations", "version": "migration_name", "applied_at": "finished_at", "unique": ["id"],
        "failed": {"finished_at": "null"}, "ignored": {"rolled_back_at": "not null"}, "checksum": "checksum",
    },
    "node-pg-migrate": {"table": "pgmigrations", "version": "name", "applied_at": "run_on", "unique": ["id"]},
    "liquibase": {
        "table": "databasechangelog", "version": "{filename:name}::{id}::{author}", "applied_at": "dateexecuted",
        "unique": [], "failed": {"exectype": "FAILED"}, "own": ["databasechangeloglock"], "checksum": "md5sum",
    },
    "yoyo": {
        "table": "_yoyo_migration", "version": "migration_id", "applied_at": "applied_at_utc", "unique": ["migration_hash"],
        "own": ["_yoyo_log", "_yoyo_version", "yoyo_lock"],
    },
    "alembic": {"table": "alembic_version", "version": "version_num", "applied_at": "", "one_row": True},
    "django": {"table": "django_migrations", "version": "{app}.{name}", "applied_at": "applied", "unique": ["id"]},
    "rails": {"applied_at": "", "own": ["ar_internal_metadata"]},
    "ecto": {"applied_at": "inserted_at"},
    "sequelize": {"table": "\"SequelizeMeta\"", "version": "name", "applied_at": ""},
    "knex": {"table": "knex_migrations", "version": "name", "applied_at": "migration_time", "unique": ["id"],
             "own": ["knex_migrations_lock"]},
    "db-migrate": {"table": "migrations", "version": "name", "applied_at": "run_on", "unique": ["id"]},
    "typeorm": {"table": "migrations", "version": "name", "applied_at": "", "unique": ["id"], "own": ["typeorm_metadata"]},
    "sqitch": {
        "table": "sqitch.changes", "version": "change", "applied_at": "committed_at", "unique": ["change_id"],
        "own": ["dependencies", "events", "projects", "releases", "tags"],
    },
}
"""What is not said is as a plain ledger has it: table `schema_migrations`, columns `version` and `applied_at`."""

BUILDS: Mapping[str, tuple[str, ...]] = {
    "alembic": ("alembic", "upgrade", "head"),
    "django": ("python", "manage.py", "migrate", "--no-input"),
    "rails": ("bin/rails", "db:migrate"),
    "ecto": ("mix", "ecto.migrate"),
    "sequelize": ("npx", "sequelize-cli", "db:migrate", "--url", "{url}"),
    "knex": ("npx", "knex", "migrate:latest"),
    "db-migrate": ("npx", "db-migrate", "up", "--migrations-dir", "{folder}"),
    "typeorm": ("npx", "typeorm", "migration:run", "-d", "data-source.js"),
    "sqitch": ("sqitch", "deploy", "db:pg:"),
    "goose": ("goose", "postgres", "{url}", "up"),
    "node-pg-migrate": ("npx", "node-pg-migrate", "up"),
    "yoyo": ("yoyo", "apply", "--batch", "--database", "{url}"),
}
"""Tool -> the command that brings an empty database to the head, where migrations are code; {folder} is where they are."""
