"""How PostgreSQL's own programs learn where the database is."""

from __future__ import annotations

from configparser import RawConfigParser
from pathlib import Path

import pytest

from dragoman.core.secret import Secret
from dragoman.store.faults import StoreFault
from dragoman.store.postgresql.tools import connection_environment


def told(url: str) -> dict[str, str]:
    with connection_environment(Secret(url)) as environment:
        file = Path(environment["PGSERVICEFILE"])
        assert file.stat().st_mode & 0o777 == 0o600
        assert file.parent.stat().st_mode & 0o777 == 0o700
        parser = RawConfigParser(delimiters=("=",))
        parser.read(file)
        found = dict(parser[environment["PGSERVICE"]])
    assert not file.exists()
    assert "password" not in found
    return found | {"PGPASSWORD": environment.get("PGPASSWORD", "")}


@pytest.mark.parametrize(
    ("url", "settings"),
    [
        (
            "postgresql://ann:p%40ss%3A%2F@db.example:5433/dragoman?sslmode=verify-full&sslrootcert=%2Fca.pem",
            {
                "user": "ann", "PGPASSWORD": "p@ss:/", "host": "db.example", "port": "5433", "dbname": "dragoman",
                "sslmode": "verify-full", "sslrootcert": "/ca.pem",
            },
        ),
        (
            "postgresql://ann@[::1]:5433,second:5434/dragoman?target_session_attrs=read-write",
            {
                "user": "ann", "PGPASSWORD": "", "host": "::1,second", "port": "5433,5434", "dbname": "dragoman",
                "target_session_attrs": "read-write",
            },
        ),
        (
            "postgresql:///dragoman?host=/run/postgresql&user=ann&password=secret%20",
            {"user": "ann", "PGPASSWORD": "secret ", "host": "/run/postgresql", "dbname": "dragoman"},
        ),
    ],
)  # fmt: skip
def test_every_part_of_an_address_is_told_and_the_password_apart(url: str, settings: dict[str, str]) -> None:
    assert told(url) == settings


def test_what_the_file_cannot_hold_is_refused() -> None:
    with pytest.raises(StoreFault, match="sslpassword") as refused:
        told("postgresql://ann@db/dragoman?sslpassword=two%0Alines")
    assert "two" not in str(refused.value)
