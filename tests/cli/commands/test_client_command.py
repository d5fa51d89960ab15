from __future__ import annotations

import time
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from dragoman.cli.commands.client import create
from dragoman.cli.operation.opening import in_store
from dragoman.config.reading import read_configuration
from dragoman.hashing.client_secrets import ending
from dragoman.store.store import Store
from tests.cli.commanding import Folder, make_folder, run

CONTRACTS = Path(__file__).parents[3] / "contracts"
NOT_OPTIONS = {"id": "the argument", "secret": "standard input", "enabled": "client disable"}


def test_every_member_of_a_contracts_client_is_an_option():
    options = {parameter.name for parameter in create.params}
    for file in CONTRACTS.glob("*/cast.toml"):
        for client in tomllib.loads(file.read_text()).get("clients", {}).values():
            assert client.keys() - NOT_OPTIONS.keys() <= options, file


def test_a_new_client_has_what_its_first_dialect_gives_and_its_secret_is_told_once(folder: Folder):
    made = folder.done("client", "create", "shop", "--dialect", "jobspace", "--dialect", "standard", "--json").json
    secret = made.pop("secret")
    assert len(secret) >= 43
    assert made["access_token_lifetime"] == 86400
    assert made["refresh_token_lifetime"] is None
    assert made["refresh_ends_access_token"] is True
    assert made["dialects"] == ["jobspace", "standard"]
    shown = folder.done("client", "show", "shop", "--json")
    assert shown.json == made
    assert shown.json["secrets"] == 1
    for text in (shown.out, folder.done("client", "show", "shop").out, folder.done("client", "list", "--json").out):
        assert secret not in text
        assert "hmac-sha256" not in text


def test_all_that_is_said_is_kept(folder: Folder):
    made = folder.done(
        "client", "create", "--generate", "--public", "--name", "Shop", "--grant-type", "password refresh_token",
        "--scope", "read write", "--scope", "admin", "--token-format", "opaque", "--shared-key-signature",
        "--may-read-shared-key", "--access-token-lifetime", 60, "--refresh-token-lifetime", "endless",
        "--refresh-token-idle-lifetime", 7, "--refresh", "reuse", "--grace", 0, "--refresh-ends-access-token",
        "--audience", "https://api.example", "--authority", "ROLE_A", "--authority", "ROLE_B", "--json",
    ).json  # fmt: skip
    assert len(made.pop("id")) == 36
    assert made.pop("created_at") > 0
    assert made == {
        "name": "Shop", "secrets": 0, "grant_types": ["password", "refresh_token"], "scope": ["read", "write", "admin"],
        "dialects": ["standard"], "token_format": "opaque", "shared_key_signature": True,
        "access_token_lifetime": 60, "refresh_token_lifetime": None, "refresh_token_idle_lifetime": 7,
        "refresh": "reuse", "grace": 0, "refresh_ends_access_token": True, "audience": ["https://api.example"],
        "authorities": ["ROLE_A", "ROLE_B"], "may_read_shared_key": True, "enabled": True,
        "end_user_address_header": None, "old_secrets_end_at": None,
    }  # fmt: skip


def test_a_back_end_tells_of_its_end_users_in_a_header_of_its_own(folder: Folder):
    folder.client("shop", "--end-user-address-header", "X-End-User-IP")
    assert folder.done("client", "show", "shop", "--json").json["end_user_address_header"] == "x-end-user-ip"
    assert folder.done("client", "update", "shop", "--grace", 7, "--json").json["end_user_address_header"] is not None
    shown = folder.done("client", "update", "shop", "--end-user-address-header", "", "--json").json
    assert shown["end_user_address_header"] is None
    for name in ("Authorization", "X End", "X-\u00e9", "a" * 65, "host"):
        assert "cannot be the header" in folder.run("client", "update", "shop", "--end-user-address-header", name).fault
    made = folder.run("client", "create", "--generate", "--public", "--end-user-address-header", "X-End-User-IP")
    assert "anybody can write headers" in made.fault


def test_an_update_changes_what_is_said_and_nothing_else(folder: Folder):
    folder.client("shop", "--refresh-token-lifetime", "endless", "--scope", "a b", "--audience", "x", "--grace", 5)
    before = folder.done("client", "show", "shop", "--json").json
    after = folder.done("client", "update", "shop", "--audience", "", "--scope", "c", "--json").json
    assert after == {**before, "audience": [], "scope": ["c"]}
    assert folder.done("client", "update", "shop", "--refresh-token-lifetime", 9, "--json").json == {
        **after, "refresh_token_lifetime": 9,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--grant-type", "magic"), "there is no grant type 'magic'"),
        (("--dialect", "nowhere"), "there is no dialect 'nowhere'"),
        (("--dialect", ""), "it needs a dialect"),
        (("--public", "--grant-type", "client_credentials"), "client_credentials needs a secret"),
        (("--public", "--dialect", "paymentiq"), "a public client may not use paymentiq"),
        (("--secret", "hunter2hunter2hunter2hunter2"), "in an argument can be read by others"),
        (("--secret", "-"), "there is no secret on standard input"),
    ],
)
def test_what_cannot_be_registered_is_one_sentence(folder: Folder, arguments: tuple, told: str):
    fault = folder.run("client", "create", "shop", *arguments).fault
    assert told in fault
    assert "hunter2" not in fault
    assert folder.done("client", "list", "--json").json == []


@pytest.mark.parametrize("client_id", ["", " x", "x\n", "é", "x" * 257])
def test_an_id_that_no_request_could_carry_is_refused(folder: Folder, client_id: str):
    assert "a client id" in folder.run("client", "create", client_id).fault


@pytest.mark.parametrize("arguments", [("create",), ("create", "x", "--generate"), ("update", "x")])
def test_a_line_that_says_too_little_or_too_much_is_a_usage_error(folder: Folder, arguments: tuple):
    outcome = folder.run("client", *arguments)
    assert (outcome.status, outcome.out) == (2, "")
    assert "Traceback" not in outcome.err


def test_an_id_is_taken_once(folder: Folder):
    folder.client("shop")
    assert "'shop' is taken" in folder.run("client", "create", "shop").fault


def test_what_rfc_9700_forbids_is_warned_of(tmp_path: Path):
    folder = make_folder(tmp_path / "server", "--dialect", "paymentiq")
    made = folder.done("client", "create", "shop", "--dialect", "paymentiq standard", "--grant-type", "password",
                       "--shared-key-signature")  # fmt: skip
    for told in ("may use the password grant", "HS256", "sends credentials in URLs", "standard is not mounted"):
        assert told in made.err
    assert "warning" not in made.out
    quiet = folder.done("client", "create", "2", "--dialect", "paymentiq", "--grant-type", "client_credentials")
    assert quiet.err.count("warning") == 1


def test_a_weak_secret_from_elsewhere_is_taken_with_a_warning(folder: Folder):
    made = folder.done("client", "create", "old", "--secret", "-", "--json", stdin="hush hush\n")
    assert "secret" not in made.json
    assert "may be guessed" in made.err
    assert "hush" not in made.out + made.err


def test_secrets_are_rotated_with_and_without_overlap(folder: Folder):
    folder.client("shop")
    first = folder.done("client", "rotate-secret", "shop", "--keep-old", "--json").json
    assert first["secrets"] == 2
    assert folder.done("client", "drop-old-secrets", "shop").status == 0
    assert folder.done("client", "show", "shop", "--json").json["secrets"] == 1
    second = folder.done("client", "rotate-secret", "shop", "--json").json
    assert second["secrets"] == 1
    assert second["secret"] != first["secret"]
    folder.done("client", "create", "spa", "--public")
    assert "is public" in folder.run("client", "rotate-secret", "spa").fault


def test_c10_old_secrets_are_told_to_end_by_themselves(folder: Folder):
    folder.client("shop")
    for _ in range(2):
        folder.done("client", "rotate-secret", "shop", "--keep-old")
    shown = folder.done("client", "show", "shop", "--json").json
    assert (shown["secrets"], shown["old_secrets_end_at"]) == (3, None)
    before = int(time.time())
    told = folder.done("client", "drop-old-secrets", "shop", "--in", 600).out
    assert "one secret, and 2 older that end at 2" in told
    shown = folder.done("client", "show", "shop", "--json").json
    assert shown["secrets"] == 3
    assert before + 600 <= shown["old_secrets_end_at"] <= time.time() + 600
    folder.done("client", "drop-old-secrets", "shop", "--in", 86400)
    assert folder.done("client", "show", "shop", "--json").json["old_secrets_end_at"] == shown["old_secrets_end_at"]
    folder.done("client", "rotate-secret", "shop", "--keep-old")
    shown = folder.done("client", "show", "shop", "--json").json
    assert (shown["secrets"], shown["old_secrets_end_at"]) == (4, None)
    folder.done("client", "drop-old-secrets", "shop")
    shown = folder.done("client", "show", "shop", "--json").json
    assert (shown["secrets"], shown["old_secrets_end_at"]) == (1, None)


@pytest.mark.parametrize("command", [("rotate-secret", "--keep-old"), ("drop-old-secrets", "--in", 600)])
def test_c10_secrets_that_have_ended_are_left_out_by_the_next_change(folder: Folder, command: tuple[object, ...]):
    folder.client("shop")
    for _ in range(2):
        folder.done("client", "rotate-secret", "shop", "--keep-old")

    async def end_first(store: Store) -> None:
        client = await store.find_client("shop")
        ended = (ending(client.secrets[0], 1_700_000_000), *client.secrets[1:])
        assert await store.administration.update_client(replace(client, secrets=ended))

    in_store(read_configuration(folder.file), end_first)
    verb, *options = command
    folder.done("client", verb, "shop", *options)
    expected = 3 if verb == "rotate-secret" else 2
    assert folder.done("client", "show", "shop", "--json").json["secrets"] == expected


def test_a_client_is_disabled_enabled_and_deleted(folder: Folder):
    folder.client("shop")
    assert "notices within 1 s" in folder.done("client", "disable", "shop").out
    assert folder.done("client", "show", "shop", "--json").json["enabled"] is False
    folder.done("client", "enable", "shop")
    assert folder.done("client", "show", "shop", "--json").json["enabled"] is True
    assert "add --yes" in folder.run("client", "delete", "shop").fault
    folder.done("client", "delete", "shop", "--yes")
    for verb in ("show", "disable", "enable", "rotate-secret", "drop-old-secrets"):
        assert "there is no client 'shop'" in folder.run("client", verb, "shop").fault
    assert "there is no client 'shop'" in folder.run("client", "delete", "shop", "--yes").fault
    assert "there is no client 'shop'" in folder.run("client", "update", "shop", "--name", "x").fault


def test_a_client_with_people_is_not_deleted(folder: Folder):
    folder.client("shop")
    folder.user("ann", "--belongs-to", "shop")
    assert "belong to the client 'shop'" in folder.run("client", "delete", "shop", "--yes").fault


def test_long_lists_come_in_pages(folder: Folder):
    for number in range(3):
        folder.client(f"shop-{number}")
    first = folder.done("client", "list", "--limit", 2)
    assert "--after shop-1" in first.err
    assert [one["id"] for one in folder.done("client", "list", "--after", "shop-1", "--json").json] == ["shop-2"]


def test_nothing_that_is_stored_steers_the_terminal(folder: Folder):
    folder.client("shop", "--name", "\x1b[31mred\u202e[bold]")
    for verb in (("list",), ("show", "shop")):
        out = folder.done("client", *verb).out
        assert "\\x1b[31mred\\u202e[bold]" in out
        assert "\x1b" not in out


def test_without_a_database_nothing_is_made_in_silence(folder: Folder):
    (folder.path / "dragoman.db").unlink()
    assert "there is no database" in folder.run("client", "list").fault
    assert not (folder.path / "dragoman.db").exists()


def test_every_command_has_help_with_an_example_on_a_line_of_its_own():
    for group in ((), ("client",), ("user",), ("key",), ("token",), ("dialect",), ("audit",), ("shadow",)):
        listed = run(*group, "--help").out.partition("Commands:\n")[2]
        for line in listed.splitlines():
            command = line.split()[0] if line[2:3].strip() else ""
            if command and (group or command in ("init", "doctor", "serve", "demo", "verify")):
                told = run(*group, command, "--help").out.partition("\n")[2]
                assert f"\n  dragoman {' '.join((*group, command))}" in told.replace("\n    ", "\n  ")


@pytest.mark.parametrize(
    "arguments", [("user", "create", "ann", "--authority"), ("client", "create", "shop", "--name")]
)
def test_an_argument_that_is_no_utf_8_is_refused_and_not_kept(folder: Folder, arguments: tuple[str, ...]):
    """As a script in Latin-1 has it: kept, it would come into no token, no list and no export."""
    told = folder.run(*arguments, "M\udcfcller", stdin="correct horse battery\n").fault
    assert told == r"the argument M\udcfcller is not UTF-8; write it anew, in a terminal or script in UTF-8"
    assert folder.done("user", "list", "--json").json == []
