"""The table of users in PostgreSQL."""

import time
from dataclasses import dataclass

import psycopg

from app.config import Settings
from app.tokens import hash_password

CREATE = """
CREATE TABLE IF NOT EXISTS "user" (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    email text NOT NULL UNIQUE,
    full_name text,
    is_active boolean NOT NULL DEFAULT true,
    is_superuser boolean NOT NULL DEFAULT false,
    hashed_password text NOT NULL
)
"""
INSERT = """
INSERT INTO "user" (email, is_superuser, hashed_password) VALUES (%s, true, %s) ON CONFLICT (email) DO NOTHING
"""
_SELECT = 'SELECT id::text, email, full_name, is_active, is_superuser, hashed_password FROM "user" WHERE '
SELECT_BY = {"id": _SELECT + "id::text = %s", "email": _SELECT + "email = %s"}
START_LOCK = 7306  # any number that every task of this application shares


@dataclass(frozen=True)
class User:
    """A row of the table."""

    id: str
    email: str
    full_name: str | None
    is_active: bool
    is_superuser: bool
    hashed_password: str


def connect(settings: Settings) -> psycopg.Connection:
    """A new connection; one a request is enough for this application."""
    return psycopg.connect(
        host=settings.postgres_server,
        port=settings.postgres_port,
        dbname=settings.postgres_db,
        user=settings.postgres_user,
        password=settings.postgres_password,
        sslmode=settings.postgres_sslmode,
        connect_timeout=3,
        application_name=settings.project_name,
    )


def prepare(settings: Settings, deadline: float = 30.0) -> None:
    """Create what is missing: the table and the first superuser. Safe to run by several tasks at once.

    Args:
        settings: where the database is, and who the first superuser is.
        deadline: seconds to wait for a database that does not answer yet.

    Raises:
        psycopg.OperationalError: the database did not answer before the deadline.
    """
    give_up = time.monotonic() + deadline
    while not _prepared(settings, last_try=time.monotonic() >= give_up):
        time.sleep(0.25)


def _prepared(settings: Settings, last_try: bool) -> bool:
    try:
        with connect(settings) as connection:
            connection.execute("SELECT pg_advisory_xact_lock(%s)", (START_LOCK,))
            connection.execute(CREATE)
            connection.execute(INSERT, (settings.first_superuser, hash_password(settings.first_superuser_password)))
    except psycopg.OperationalError:
        if last_try:
            raise
        return False
    return True


def user_by(settings: Settings, column: str, value: str) -> User | None:
    """The user whose ``id`` or ``email`` is the value."""
    with connect(settings) as connection:
        row = connection.execute(SELECT_BY[column], (value,)).fetchone()
    return User(*row) if row else None
