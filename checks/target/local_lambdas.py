"""The reference Lambdas in front of a server of ours: what `route = "lambda"` means there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from checks.contract.contract import LOCAL_MIGRATION, LOCAL_QUERY, Contract, TargetSpec
from checks.contract.migrations import read_migrations
from checks.lambdas.client import REGION
from checks.lambdas.package import bundle
from checks.lambdas.reference import deploy_migration, deploy_query, sources
from checks.target.reader import make_reader
from checks.target.servers import ScratchServer
from checks.target.target import Secret
from checks.values import UsageError


@contextmanager
def local_lambdas(spec: TargetSpec, contract: Contract, server: ScratchServer, dsn: Secret,
                  ) -> Iterator[tuple[TargetSpec, str]]:
    """Both functions behind a local endpoint, the query function with a role that can only SELECT.

    Yields:
        `spec` with the functions' names, and the endpoint's URL.

    Raises:
        UsageError: there are no sources, or no migrations to pack.
    """
    from checks.lambdas.local.endpoint import local_aws

    folder = contract.root / spec.functions
    if sources([folder]) is None:
        raise UsageError(f"Target {spec.name!r} runs the Lambdas in {folder}, which has no db_query and db_migration; "
                         f"set target.{spec.name}.functions in {contract.file.name}.")
    if contract.migrations is None or contract.migrations.folder is None:
        raise UsageError(f"Target {spec.name!r} needs `migrations` in {contract.file.name}.")
    versions = {migration.version: migration.sql for migration in read_migrations(contract)}
    named = replace(spec, query_function=spec.query_function or LOCAL_QUERY,
                    migration_function=spec.migration_function or LOCAL_MIGRATION)
    with local_aws(spec.region or REGION) as aws:
        deploy_query(aws, named.query_function or "", folder, make_reader(server, dsn).reveal())
        deploy_migration(aws, named.migration_function or "", folder, dsn.reveal(), bundle(versions), contract.ledger)
        yield named, aws.endpoint_url
