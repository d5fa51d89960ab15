"""A configuration that would be read otherwise than it was meant is refused with a sentence that names the place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dragoman.config.reading import ConfigurationFault, read_configuration

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from dragoman.config.settings import Configuration


def read(folder: Path, text: str = "", environment: Mapping[str, str] | None = None) -> Configuration:
    path = folder / "dragoman.toml"
    path.write_text(text, encoding="utf-8")
    return read_configuration(path, environment or {})


def refused(folder: Path, text: str = "", environment: Mapping[str, str] | None = None) -> str:
    with pytest.raises(ConfigurationFault) as caught:
        read(folder, text, environment)
    return str(caught.value)


@pytest.mark.parametrize(
    "name",
    [
        "DRAGOMAN_PROT",
        "DRAGOMAN_SERVER__PROT",
        "DRAGOMAN_SERVER_PORT",
        "DRAGOMAN_SERVER__PORT__X",
        "DRAGOMAN_SEVER__PORT",
        "DRAGOMAN_FOLDER",
        "DRAGOMAN_",
        "DRAGOMAN_SERVER__",
        "DRAGOMAN_MOUNTS__DIALECT",
    ],
)
def test_a_variable_that_sets_nothing_is_named_and_the_file_is_not(tmp_path: Path, name: str):
    told = refused(tmp_path, environment={name: "1"})
    assert told.startswith(f"environment {name}: ")
    assert "dragoman.toml" not in told


def test_a_misspelt_setting_in_the_file_is_still_told_of_the_file(tmp_path: Path):
    told = refused(tmp_path, "[server]\nprot = 1", {"DRAGOMAN_SERVER__PORT": "1"})
    assert "dragoman.toml, server: " in told
    assert "`prot`" in told


def test_every_kind_of_variable_is_read(tmp_path: Path):
    environment = {
        "DRAGOMAN_SERVER__PORT": "9000",
        "DRAGOMAN_LOG__LEVEL": "debug",
        "DRAGOMAN_SCOPES__READ": "May read",
        "DRAGOMAN_MOUNTS": '[{ dialect = "jobspace" }]',
        "DRAGOMAN_CONFIG": "elsewhere",
        "DRAGOMAN_VERIFY_PASSWORD": "unread",
        "OTHER": "1",
    }
    configuration = read(tmp_path, environment=environment)
    assert (configuration.server.port, configuration.log.level) == (9000, "debug")
    assert configuration.scopes == {"read": "May read"}
    assert [mount.dialect for mount in configuration.mounts] == ["jobspace"]


@pytest.mark.parametrize("table", ["SERVER", "METRICS"])
def test_a_variable_that_was_left_empty_does_not_mean_every_address(tmp_path: Path, table: str):
    """An empty host would: a compose file with `${ADDRESS}` in it, and none set."""
    assert f"{table.lower()}.host" in refused(tmp_path, environment={f"DRAGOMAN_{table}__HOST": ""})


@pytest.mark.parametrize(("memory_kib", "parallelism"), [(8, 2), (31, 4), (127, 16)])
def test_a_hash_with_too_little_memory_for_its_lanes_is_refused(tmp_path: Path, memory_kib: int, parallelism: int):
    table = f"[passwords]\nmemory_kib = {memory_kib}\nparallelism = {parallelism}"
    told = refused(tmp_path, table)
    assert "passwords.memory_kib" in told
    assert str(8 * parallelism) in told


@pytest.mark.parametrize(("memory_kib", "parallelism"), [(8, 1), (32, 4), (128, 16)])
def test_the_least_memory_that_argon2_takes_is_enough(tmp_path: Path, memory_kib: int, parallelism: int):
    read(tmp_path, f"[passwords]\nmemory_kib = {memory_kib}\nparallelism = {parallelism}")


@pytest.mark.parametrize(
    "issuer", ["https://ann@login.example", "https://ann:horse@login.example/a", "https://@login.example", "https:///a"]
)
def test_an_issuer_with_a_person_in_it_or_no_host_is_refused(tmp_path: Path, issuer: str):
    told = refused(tmp_path, f'issuer = "{issuer}"')
    assert "issuer" in told
    assert ", accepted_issuers: " in refused(tmp_path, f'accepted_issuers = ["https://login.example", "{issuer}"]')
    assert "horse" not in told


@pytest.mark.parametrize("issuer", ["https://login.example:port", "https://login.example:99999", "https://[::1"])
def test_an_issuer_that_is_no_address_is_refused(tmp_path: Path, issuer: str):
    assert ", issuer: " in refused(tmp_path, f'issuer = "{issuer}"')


@pytest.mark.parametrize("issuer", ["https://login.example", "http://[::1]:8000", "https://login.example/tenant/@a"])
def test_an_ordinary_issuer_is_taken(tmp_path: Path, issuer: str):
    assert read(tmp_path, f'issuer = "{issuer}"').issuer == issuer
    assert read(tmp_path, f'accepted_issuers = ["{issuer}", "{issuer}/"]').accepted_issuers == (issuer, f"{issuer}/")


@pytest.mark.parametrize("network", ["0.0.0.0/0", "::/0", "0.0.0.0/0.0.0.0"])
def test_trusting_the_whole_internet_as_a_proxy_is_refused(tmp_path: Path, network: str):
    told = refused(tmp_path, f'[server]\ntrusted_proxies = ["10.0.0.0/8", "{network}"]')
    assert "server.trusted_proxies" in told
    assert "anyone" in told


def test_lists_in_lists_without_end_are_told_and_not_followed(tmp_path: Path):
    assert "too deep" in refused(tmp_path, "scopes = " + "[" * 5000)
    assert "scopes" in refused(tmp_path, environment={"DRAGOMAN_SCOPES": "[" * 5000})


def test_a_variable_that_is_no_utf_8_is_told(tmp_path: Path):
    told = refused(tmp_path, environment={"DRAGOMAN_DATABASE": "caf\udce9.db"})
    assert told == "environment DRAGOMAN_DATABASE: the value is not UTF-8; set it anew"
