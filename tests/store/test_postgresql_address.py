"""One URL says all, and its password is never repeated."""

import asyncio
from pathlib import Path

import pytest
from tests.postgresql import ENCODED, PASSWORD, Cluster

from dragoman.config.reading import read_configuration
from dragoman.config.settings import Configuration
from dragoman.core.secret import Secret
from dragoman.store.faults import StoreFault
from dragoman.store.opening import open_server, shown
from dragoman.store.postgresql.address import read_address

PLAIN = "postgresql://dragoman:hunter2@db.example:5433/tokens"


def _address(text: str):
    return read_address(Secret(text))


def test_a_url_says_all_there_is_to_say() -> None:
    address = _address(f"{PLAIN}?sslmode=verify-full&sslrootcert=/ca.pem&pool_size=3&pooler=transaction")
    assert address.url.reveal() == f"{PLAIN}?sslmode=verify-full&sslrootcert=%2Fca.pem"
    assert address.shown == "The PostgreSQL database 'tokens' at db.example:5433"
    assert (address.connections, address.through_pooler, address.application_name) == (3, True, "dragoman")
    plain = _address("postgres:///tokens?host=/run/postgresql&application_name=a")
    assert plain.shown == "The PostgreSQL database 'tokens' at /run/postgresql"
    assert (plain.connections, plain.through_pooler, plain.application_name) == (8, False, "a")
    assert shown(Secret("postgresql://a,b:6000/")) == "The PostgreSQL database at a,b:6000"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("mysql://root:hunter2@db/tokens", "neither a file nor the address"),
        ("postgresql://dragoman:hun/ter2@db/tokens", "percent-encoding"),
        ("postgresql://dragoman:hun?ter2@db/tokens", "percent-encoding"),
        ("postgresql://dragoman:hun#ter2@db/tokens", "percent-encoding"),
        ("postgresql://dragoman:hun@ter2@db/tokens", "percent-encoding"),
        ("postgresql://dragoman:hun[ter2@db/tokens", "percent-encoding"),
        ("postgresql://dragoman:hunter2/tokens", "percent-encoding"),
        ("postgresql://a:5432,dragoman:hunter2/tokens", "percent-encoding"),
        ("postgresql://[::1]hunter2/tokens", "percent-encoding"),
        ("host=db password=hunter2", "neither a file nor the address"),
        (f"{PLAIN}?sslmod=require", "'sslmod'"),
        (f"{PLAIN}?sslmode", "percent-encoding"),
        (f"{PLAIN}?pool_size=0", "pool_size='0'"),
        (f"{PLAIN}?pool_size=many", "pool_size='many'"),
        (f"{PLAIN}?pooler=session", "pooler='session'"),
    ],
)
def test_what_cannot_be_read_is_told_with_a_remedy_and_without_the_password(text: str, sentence: str) -> None:
    with pytest.raises(StoreFault) as fault:
        _address(text)
    assert sentence in str(fault.value)
    assert str(fault.value).endswith(".")
    for part in ("hunter2", "hun", "ter2"):
        assert part not in str(fault.value)


def test_the_configuration_takes_the_url_from_the_environment_and_never_shows_it(tmp_path: Path) -> None:
    file = tmp_path / "dragoman.toml"
    file.write_text("")
    configuration = read_configuration(file, {"DRAGOMAN_DATABASE": PLAIN})
    assert configuration.location() == Secret(PLAIN)
    assert "hunter2" not in repr(configuration) + str(configuration) + f"{configuration}"
    assert "hunter2" not in repr(_address(PLAIN))
    assert Configuration(folder=str(tmp_path)).location() == tmp_path / "dragoman.db"


@pytest.mark.parametrize(
    "text",
    [
        "postgresql:/dragoman:hunter2@db/tokens",
        "postgresql//dragoman:hunter2@db/tokens",
        "postgres:dragoman:hunter2@db",
        "dragoman@db",
        "host=db password=hunter2",
    ],
)
def test_s09_a_mistyped_address_becomes_no_name_of_a_file(tmp_path: Path, text: str) -> None:
    """Else the password would stand in a folder for all to read, and an empty database in place of the right one."""
    location = Configuration(folder=str(tmp_path), database=text).location()
    assert isinstance(location, Secret)
    with pytest.raises(StoreFault, match=r"neither a file nor the address|cannot be read: write") as fault:
        shown(location)
    assert "hunter2" not in str(fault.value)


@pytest.mark.parametrize("name", ["tokens.db", "./a:b@c=d.db", "../tokens", "/srv/a:b@c/tokens.db", ""])
def test_a_path_is_a_path_also_with_odd_characters_where_it_shows_itself_as_one(tmp_path: Path, name: str) -> None:
    assert isinstance(Configuration(folder=str(tmp_path), database=name).location(), Path)


async def _open(url: Secret) -> None:
    async with open_server(url):
        pass


@pytest.mark.parametrize("options", [{"sslmode": "require"}, {"sslmode": "verify-full", "sslrootcert": "/none.pem"}])
def test_tls_that_is_asked_for_is_never_done_without(
    postgresql: Cluster, postgresql_name: str, options: dict[str, str]
) -> None:
    with pytest.raises(StoreFault, match="cannot be reached") as fault:
        asyncio.run(_open(postgresql.url(postgresql_name, **options)))
    _assert_no_password(fault.value)


def test_a_server_that_is_not_there_stops_the_start_with_a_sentence(postgresql: Cluster) -> None:
    with pytest.raises(StoreFault, match=r"at 127\.0\.0\.1:1 cannot be reached") as fault:
        asyncio.run(_open(postgresql.url("tokens", port=1)))
    _assert_no_password(fault.value)


def test_a_wrong_password_and_a_missing_database_stop_the_start(postgresql: Cluster, postgresql_name: str) -> None:
    wrong = Secret(postgresql.url(postgresql_name).reveal().replace(ENCODED, "wrong"))
    with pytest.raises(StoreFault, match="refuses user or password"):
        asyncio.run(_open(wrong))
    with pytest.raises(StoreFault, match=r"nowhere.* does not exist") as fault:
        asyncio.run(_open(postgresql.url("nowhere")))
    _assert_no_password(fault.value)


def test_the_password_may_come_from_a_file(
    postgresql: Cluster, postgresql_name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "passwords"
    file.write_text(f"127.0.0.1:{postgresql.port}:*:filed:from the file\n")
    file.chmod(0o600)
    monkeypatch.setenv("PGPASSFILE", str(file))
    postgresql.run("CREATE ROLE filed SUPERUSER LOGIN PASSWORD 'from the file'")
    asyncio.run(_open(Secret(f"postgresql://filed@127.0.0.1:{postgresql.port}/{postgresql_name}")))
    postgresql.run("DROP ROLE filed")


def _assert_no_password(fault: StoreFault) -> None:
    for part in (PASSWORD, ENCODED, "p@ss"):
        assert part not in str(fault)
