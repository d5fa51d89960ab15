"""The bench's PostgreSQL is for the peers' drivers as well as for ours."""

from urllib.parse import urlsplit

from bench import limits
from bench.database import postgresql
from bench.systems.java import database

from tests.postgresql import PASSWORD


def test_any_driver_reads_its_address():
    assert limits.postgresql_commits(0.01) > 0


def test_jdbc_gets_address_user_and_password_each_by_itself():
    with postgresql() as url:
        parts = urlsplit(url)
        assert database(url, ("url", "user", "password")) == {
            "url": f"jdbc:postgresql://127.0.0.1:{parts.port}{parts.path}",
            "user": "dragoman",
            "password": PASSWORD,
        }
