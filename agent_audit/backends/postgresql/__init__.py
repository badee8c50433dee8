"""Events in PostgreSQL: written to directly where there is no local disk, or copies of logs. See docs/postgresql.md."""

from agent_audit.errors import ConfigurationError

try:
    import psycopg as _psycopg  # noqa: F401 - an optional extra: said here, once, what it takes
except ImportError as error:
    raise ConfigurationError(
        f"PostgreSQL needs an extra that is not installed ({error}): pip install 'agent-audit-log[postgresql]'"
    ) from error

from agent_audit.backends.postgresql.backend import PostgreSQLBackend
from agent_audit.backends.postgresql.schema import VERSION, drop_days, migrate, migration_sql, roles_sql

__all__ = ["VERSION", "PostgreSQLBackend", "drop_days", "migrate", "migration_sql", "roles_sql"]
