"""One URL says all, and its password is never repeated."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dragoman.config.reading import ConfigurationFault, read_configuration
from dragoman.config.settings import Configuration
from dragoman.core.errors import Fault
from dragoman.core.secret import Secret
from dragoman.shared_server.address import Address, read_address, tls_context
from dragoman.shared_server.faults import SharedFault
from tests.redis_server import ENCODED, PASSWORD

if TYPE_CHECKING:
    from pathlib import Path


def address(text: str) -> Address:
    return read_address(Secret(text))


def test_a_url_says_all_there_is_to_say():
    whole = address(
        f"rediss://dragoman:{ENCODED}@cache.example:6380/3?sslrootcert=/ca.pem&sslcert=/c.pem&sslkey=/k.pem"
    )
    assert (whole.host, whole.port, whole.database, whole.username) == ("cache.example", 6380, 3, "dragoman")
    assert whole.password.reveal() == PASSWORD
    assert (whole.tls.roots, whole.tls.certificate, whole.tls.key) == ("/ca.pem", "/c.pem", "/k.pem")
    assert whole.shown == "the shared server at cache.example:6380"
    plain = address("redis://cache.example")
    assert (plain.port, plain.database, plain.username, plain.password, plain.tls) == (6379, 0, None, None, None)
    assert address("redis://:hunter2@[::1]").shown == "the shared server at [::1]:6379"
    assert address("rediss://:hunter2@cache/").tls.roots is None


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("memcached://:hunter2@cache", "not the address of a server that Dragoman knows"),
        (":hunter2@cache:6379", "not the address of a server that Dragoman knows"),
        ("redis://:hun/ter2@cache", "percent-encoding"),
        ("redis://:hun?ter2@cache", "percent-encoding"),
        ("redis://:hun?ter2", "percent-encoding"),
        ("redis://:hun#ter2@cache", "percent-encoding"),
        ("redis://:hun@ter2@cache", "percent-encoding"),
        ("redis://:hun[ter2@cache", "percent-encoding"),
        ("redis://:hunter2", "percent-encoding"),
        ("redis://:1234/0", "percent-encoding"),
        ("redis://dragoman:hunter2@", "percent-encoding"),
        ("redis://:hunter2@cache/first", "percent-encoding"),
        ("redis://:hunter2@cache/-1", "percent-encoding"),
        ("redis://:hunter2@cache/0?sslrootcert", "percent-encoding"),
        ("redis://hunter2@cache", "a user name and no password"),
        ("redis://:hunter2@cache?sslrootcert=/ca.pem", "no TLS: write rediss://"),
        ("rediss://:hunter2@cache?sslmode=require", "'sslmode'"),
        ("rediss://:hunter2@cache?sslkey=/k.pem", "sslkey without sslcert"),
    ],
)
def test_what_cannot_be_read_is_told_with_a_remedy_and_without_the_password(text: str, sentence: str):
    with pytest.raises(SharedFault) as fault:
        address(text)
    assert sentence in str(fault.value)
    assert str(fault.value).endswith(".")
    assert fault.value.__cause__ is None
    for part in ("hunter2", "hun", "ter2"):
        assert part not in str(fault.value)


def test_an_address_never_shows_its_password():
    shown = repr(address(f"redis://dragoman:{ENCODED}@cache"))
    assert PASSWORD not in shown
    assert ENCODED not in shown


def test_the_configuration_takes_it_from_the_environment_and_refuses_what_is_none(tmp_path: Path):
    file = tmp_path / "dragoman.toml"
    file.write_text("")
    assert read_configuration(file, {}).shared_location() is None
    url = f"redis://:{ENCODED}@cache"
    configuration = read_configuration(file, {"DRAGOMAN_SHARED": url})
    assert configuration.shared_location().reveal() == url
    assert ENCODED not in repr(configuration)
    file.write_text('shared = "redis://:hun/ter2@cache"')
    with pytest.raises(Fault) as fault:
        read_configuration(file, {})
    assert "hun" not in str(fault.value)


@pytest.mark.parametrize("prefix", ["", "a:b", "a b", "ü", "a" * 65, "*"])
def test_a_prefix_is_a_plain_word(prefix: str, tmp_path: Path):
    file = tmp_path / "dragoman.toml"
    file.write_text("")
    with pytest.raises(ConfigurationFault, match="shared_prefix"):
        read_configuration(file, {"DRAGOMAN_SHARED_PREFIX": f'"{prefix}"'})
    assert Configuration().shared_prefix == "dragoman"


def test_tls_files_that_cannot_be_used_are_told(tmp_path: Path):
    (tmp_path / "text.pem").write_text("no certificate")
    for options in (
        f"sslrootcert={tmp_path}/none.pem",
        f"sslrootcert={tmp_path}/text.pem",
        f"sslcert={tmp_path}/none.pem",
        f"sslcert={tmp_path}/text.pem",
    ):
        with pytest.raises(SharedFault, match="cannot be used"):
            tls_context(address(f"rediss://:hunter2@cache?{options}").tls)
