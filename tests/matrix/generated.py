"""Every single step away from a schema, generated from its catalogue."""
from collections.abc import Iterator
def trials(bench, folder): return iter(())
