from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tiny_server import Contracts, TinyServer, exchange

from dragoman.cli.main import dragoman

LOGIN = exchange(
    "POST /token\n\nid=«client.id»&secret=«client.secret»&username=«user.username»&password=«user.password»",
    '200\n\n{"ok":true}',
    identifier="login",
)
PLAIN = exchange("GET /plain", '200\n\n{"ok":true}', identifier="plain")
SETTING = exchange("GET /setting", "200", identifier="setting", more='when = ["special"]')


@pytest.fixture(autouse=True)
def small_contract(contracts: Contracts):
    contracts.write(LOGIN + PLAIN + SETTING)


def run(contracts: Contracts, url: str, *arguments: str, **more: str) -> Result:
    command = ["verify", "--dialect", "small", "--contracts", str(contracts.root), url, *arguments]
    return CliRunner().invoke(dragoman, command, env=dict(more, COLUMNS="200"), catch_exceptions=False)


def outcomes(result: Result) -> dict[str, str]:
    return {one["id"]: one["outcome"] for one in json.loads(result.stdout)["exchanges"]}


def test_all_passed_is_zero_and_a_table(contracts: Contracts, server: TinyServer):
    server.answer('{"ok":true}')
    result = run(contracts, server.url, "--cast", "--with", "special")
    assert result.exit_code == 0
    assert "3 passed, 0 failed, 0 skipped" in result.stdout
    assert "Title of login" in result.stdout


def test_a_difference_is_one_and_told_field_by_field(contracts: Contracts, server: TinyServer):
    server.answer('{"ok":[bold]}', 201)
    result = run(contracts, server.url, "--cast")
    assert result.exit_code == 1
    for part in ("status", "expected  200", "actual    201", 'expected  {"ok":▶true}', 'actual    {"ok":▶[bold]}'):
        assert part in result.stdout


def test_json_has_the_whole_report(contracts: Contracts, server: TinyServer):
    server.answer('{"ok":false}')
    result = run(contracts, server.url, "--json", "--only", "plain", "--only", "setting")
    assert result.exit_code == 1
    assert json.loads(result.stdout) == {
        "dialect": "small",
        "url": server.url,
        "passed": 0,
        "failed": 1,
        "skipped": 1,
        "exchanges": [
            {
                "id": "plain",
                "title": "Title of plain",
                "source": "the tests",
                "outcome": "failed",
                "reason": None,
                "differences": [{"field": "body", "expected": '{"ok":▶true}', "actual": '{"ok":▶false}'}],
            },
            {
                "id": "setting",
                "title": "Title of setting",
                "source": "the tests",
                "outcome": "skipped",
                "reason": "holds only with the setting special",
                "differences": [],
            },
        ],
    }


def test_against_a_remote_server_only_given_values_are_known(contracts: Contracts, server: TinyServer):
    server.answer('{"ok":true}')
    result = run(contracts, server.url, "--json", "--client-id", "x")
    assert result.exit_code == 0
    assert outcomes(result) == {"login": "skipped", "plain": "passed", "setting": "skipped"}
    reason = json.loads(result.stdout)["exchanges"][0]["reason"]
    assert reason == "needs client.secret, user.password, user.username, not given"


def test_values_come_from_options_environment_and_prompts(contracts: Contracts, server: TinyServer):
    arguments = ["verify", "--dialect", "small", "--contracts", str(contracts.root), server.url, "--only", "login"]
    arguments += ["--client-id", "x", "--username", "y", "--password", "-"]
    environment = {"DRAGOMAN_VERIFY_CLIENT_SECRET": "from environment"}
    result = CliRunner().invoke(dragoman, arguments, env=environment, input="from prompt\n")
    assert server.asked[0].body == b"id=x&secret=from+environment&username=y&password=from+prompt"
    assert "from prompt" not in result.output


@pytest.mark.parametrize("as_folder", [True, False])
def test_values_come_from_a_demo(contracts: Contracts, server: TinyServer, tmp_path: Path, *, as_folder: bool):
    entry = {"client_id": "d", "client_secret": "e", "username": "f", "password": "g", "path": "/token"}
    file = tmp_path / "demo.json"
    file.write_text(json.dumps({"base_url": "http://h", "dialects": {"small": entry}}))
    run(contracts, server.url, "--only", "login", "--demo", str(tmp_path if as_folder else file))
    assert server.asked[0].body == b"id=d&secret=e&username=f&password=g"


def test_values_come_from_a_file_and_options_win(contracts: Contracts, server: TinyServer, tmp_path: Path):
    file = tmp_path / "values.toml"
    file.write_text('[clients.client]\nid="a"\nsecret="b"\n[people.user]\nusername="c"\npassword="d"\n')
    run(contracts, server.url, "--only", "login", "--values", str(file), "--username", "z")
    assert server.asked[0].body == b"id=a&secret=b&username=z&password=d"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--only", "nothing"], "there is no exchange 'nothing'; there are: login, plain, setting"),
        (["--dialect", "nothing"], "there is no contract of a dialect 'nothing'; there are: small"),
        (["--values", "/nonexistent.toml"], "/nonexistent.toml cannot be read as values of a cast"),
        (["--demo", "/nonexistent.json"], "/nonexistent.json cannot be read as a demo"),
        (["--only", "login"], "every exchange was skipped"),
    ],
)
def test_what_cannot_be_judged_is_two_and_one_sentence(
    contracts: Contracts, server: TinyServer, arguments: list[str], said: str
):
    result = run(contracts, server.url, *arguments)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"Error: {said}")
    assert len(result.stderr.splitlines()) == 1
    assert not server.asked


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "nonsense"])
def test_a_server_that_cannot_be_reached_is_two(contracts: Contracts, url: str):
    result = run(contracts, url)
    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("option", "content", "said"),
    [
        ("--demo", '{"dialects":{"other":{}}}', "has no entry for the dialect 'small'"),
        ("--demo", '{"dialects":{"small":{"client_id":1}}}', "cannot be read as a demo"),
        ("--values", "[people.nobody]\n", "speaks of 'nobody'; the contract's cast has: client"),
        ("--values", "[poeple.user]\n", "unknown field `poeple`"),
    ],
)
def test_a_wrong_file_of_values_is_two(contracts: Contracts, tmp_path: Path, option: str, content: str, said: str):
    (tmp_path / "file").write_text(content)
    result = run(contracts, "http://127.0.0.1:1", option, str(tmp_path / "file"))
    assert result.exit_code == 2
    assert said in result.stderr


def test_help_has_examples(contracts: Contracts):
    result = run(contracts, "x", "--help")
    assert "dragoman verify --dialect jobspace" in result.stdout
    assert "DRAGOMAN_VERIFY_PASSWORD" in result.stdout
