"""Numbers and clocks: L01 and L03."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from dragoman.cli.main import dragoman
from dragoman.config.reading import ConfigurationFault, read_configuration
from dragoman.config.settings import MountTable
from dragoman.core.errors import Fault
from tests.attacks.harness import Clock, Server, configuration_of, running
from tests.attacks.spelling import log_in
from tests.cli.commanding import make_folder
from tests.serving import configure

BAD_NUMBERS = ("-1", "9223372036854775808", "1e9", '"3600"', "nan", "inf", "true", "[]")
SETTINGS = {
    "[server]\nport": ("65536",),
    "[server]\nbody_limit": ("0", "1023"),
    "[server]\ndrain_seconds": ("601",),
    "client_cache_seconds": ("61",),
    "[passwords]\nmemory_kib": ("0", "7"),
    "[passwords]\niterations": ("0",),
    "[passwords]\nparallelism": ("0",),
    "[passwords]\nslots": ("257",),
    "[passwords]\nqueue": ("1001",),
}


@pytest.mark.parametrize("setting", SETTINGS)
def test_l01_a_number_out_of_range_is_refused_with_its_key(tmp_path: Path, setting: str):
    path = tmp_path / "dragoman.toml"
    for number in (*BAD_NUMBERS, *SETTINGS[setting]):
        path.write_text(f"{setting} = {number}\n", encoding="utf-8")
        with pytest.raises(ConfigurationFault) as told:
            read_configuration(path, {})
        assert setting.rpartition("\n")[2] in str(told.value)
        assert str(path) in str(told.value)


LIFETIMES = ("access_token_lifetime", "refresh_token_lifetime", "refresh_token_idle_lifetime")


@pytest.mark.parametrize("lifetime", LIFETIMES)
@pytest.mark.parametrize("number", ["-1", "0", "2147483648", "9223372036854775808", "1e9", '"3600"', "nan", "true"])
def test_l01_a_dialects_lifetime_out_of_range_stops_the_start(tmp_path: Path, lifetime: str, number: str):
    (tmp_path / "dialects").mkdir()
    text = f'name = "onyx"\ntitle = "x"\nextends = "standard"\n[client_defaults]\n{lifetime} = {number}\n'
    (tmp_path / "dialects" / "onyx.toml").write_text(text, encoding="utf-8")
    configuration = configure(tmp_path, MountTable(dialect="onyx"), dialect_folders=("dialects",))
    with pytest.raises(Fault, match=lifetime), running(configuration):
        pass


@pytest.mark.parametrize("lifetime", LIFETIMES)
def test_l01_a_clients_lifetime_out_of_range_is_refused(lifetime: str):
    option = "--" + lifetime.replace("_", "-")
    for number in ("-1", "0", "2147483648", "9223372036854775808", "1e9", "nan", '"3600"', ""):
        done = CliRunner().invoke(dragoman, ["client", "create", "some-client", f"{option}={number}"])
        assert done.exit_code == 2, (number, done.output)
        assert option in done.output


def test_l01_no_number_is_for_ever_and_the_word_for_it_is_told_as_what_it_is(tmp_path: Path):
    folder = make_folder(tmp_path / "server")
    ending = ("--refresh-token-lifetime", "endless", "--refresh-token-idle-lifetime", 60)
    folder.client("shop", "--grant-type", "password", *ending)
    shown = folder.done("client", "show", "shop", "--json").json
    assert (shown["refresh_token_lifetime"], shown["refresh_token_idle_lifetime"]) == (None, 60)
    assert folder.run("client", "update", "shop", "--access-token-lifetime", "endless").status == 2
    clients = tmp_path / "clients.jsonl"
    mapping = tmp_path / "clients.toml"
    mapping.write_text("rows = 'client'\n[columns]\nid = 'id'\nsecret = 's'\nrefresh_token_lifetime = 'ends'\n")
    rows = [{"id": f"c{number}", "s": "s" * 30, "ends": ends} for number, ends in enumerate((0, "0", "endless", 9))]
    clients.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    told = folder.run("import", "jsonl", clients, "--mapping", mapping, "--json").json
    assert told["counts"] == {"client": {"created": 2, "refused": 2}}
    ends = {one["id"]: one["refresh_token_lifetime"] for one in folder.done("client", "list", "--json").json}
    assert ends == {"shop": None, "c2": None, "c3": 9}


MOMENTS = {
    "after 2038": 2_147_483_648 + 5,
    "in 2100": 4_102_444_800,
    "near the end of 9999": 253_402_300_000 - 90 * 86400,
}


@pytest.mark.parametrize("moment", MOMENTS)
def test_l03_tokens_work_at_any_time_that_can_be_written(tmp_path: Path, moment: str):
    clock = Clock(MOMENTS[moment])
    with running(configuration_of(tmp_path), clock) as server:
        client, owner = server.add_client(), server.add_owner()
        for dialect in ("standard", "jobspace", "jmondi", "paymentiq", "kabbage", "axosoft"):
            document = log_in(server, dialect, client, owner).document
            told = server.introspect(client, document["access_token"])
            assert told["active"] is True
            assert told["exp"] == clock.now + 3600
        tokens = server.log_in(client, owner).document
        clock.now += 3600
        assert server.introspect(client, tokens["access_token"]) == {"active": False}
        assert server.refresh(client, tokens["refresh_token"]).status == 200


def test_l03_a_clock_that_goes_back_makes_no_lifetime_longer_than_issued(server: Server):
    client, owner = server.add_client(), server.add_owner()
    before = server.clock.now
    try:
        tokens = server.log_in(client, owner).document
        server.clock.now -= 3600
        assert server.introspect(client, tokens["access_token"])["active"] is True
        renewed = server.refresh(client, tokens["refresh_token"]).document
        assert renewed["expires_in"] == 3600
    finally:
        server.clock.now = before
