"""A directory that cannot be meant so is refused at the start, with a sentence; the doctor asks it for nobody."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING
from unittest import mock

import pytest

from dragoman.config.reading import ConfigurationFault, read_configuration
from tests.cli.commanding import make_folder
from tests.directories.account_service import BEARER, Service, account_service, send
from tests.directories.people import FIND, QUERY, SqliteMembers
from tests.telemetry.test_without_the_extra import BLOCKED

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.commanding import Folder

CANARY = "canary-7f3a"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    return make_folder(tmp_path_factory.mktemp("folder") / "dragoman")


def _refused(tmp_path: Path, text: str) -> str:
    file = tmp_path / "dragoman.toml"
    file.write_text(text)
    with pytest.raises(ConfigurationFault) as caught:
        read_configuration(file, {})
    assert CANARY not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[directory.sql]\nurl = "x.db"\n[directory.ldap]\nurl = "ldaps://h"', "sql and ldap both have a url"),
        (f'[directory.http]\nurl = "http://{CANARY}.example.com/"\nbearer = "x"', "without TLS"),
        (f'[directory.http]\nurl = "https://user:{CANARY}@example.com/"\nbearer = "x"', "not an address"),
        ('[directory.http]\nurl = "https://example.com/"', "bearer, signing_key or both"),
        (f'[directory.http]\nurl = "https://example.com/"\nbearer = "{CANARY} x"', "RFC 6750"),
        ('[directory.http]\nurl = "ftp://example.com/"\nbearer = "x"', "not an address"),
        ('[directory.http]\nurl = "https://exämple.com/"\nbearer = "x"', "not an address"),
        (f'[directory.http]\nurl = "https://example.com/"\nsigning_key = "{CANARY}"', "signing_key"),
        ('[directory.ldap]\nurl = "ldap://example.com"\nstart_tls = false', "without TLS"),
        ('[directory.ldap]\nurl = "ldaps://example.com/dc=x"', "not an address"),
        (f'[directory.ldap]\nurl = "ldaps://example.com"\nbind_password = "{CANARY}"', "go together"),
        ('[directory.ldap]\nurl = "ldaps://example.com"\nbind_dn = "cn=x"', "go together"),
        ('[directory.ldap]\nurl = "ldaps://example.com"', "directory.ldap.base: missing"),
        ('[directory.ldap]\nurl = "ldaps://h"\nbase = "dc=x"\nfilter = "(uid=x)"', "{login} is missing"),
        ('[directory.ldap]\nurl = "ldaps://h"\nbase = "dc=x"\nid_attribute = "a b"', "id_attribute"),
        ("[directory]\ntimeout_seconds = 11", "timeout_seconds"),
        ("[directory]\naway_hours = -1", "away_hours"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(tmp_path: Path, text: str, told: str) -> None:
    assert told in _refused(tmp_path, text)


def test_settings_show_no_secret(tmp_path: Path) -> None:
    file = tmp_path / "dragoman.toml"
    file.write_text(f'[directory.http]\nurl = "https://example.com/"\nbearer = "{CANARY}"')
    configuration = read_configuration(file, {"DRAGOMAN_DIRECTORY__LDAP__BIND_PASSWORD": CANARY})
    assert configuration.directory.ldap.bind_password == CANARY
    shown = (configuration, configuration.directory, configuration.directory.http, configuration.directory.ldap)
    assert CANARY not in "".join(map(repr, shown))


def _environment(url: str, **settings: str) -> dict[str, str]:
    given = {"SQL__URL": url, "SQL__LOG_IN": QUERY, "SQL__FIND": FIND, "TIMEOUT_SECONDS": "10", **settings}
    return {f"DRAGOMAN_DIRECTORY__{name}": value for name, value in given.items()}


def _finding(folder: Folder, environment: dict[str, str]) -> tuple[str, str]:
    with mock.patch.dict(os.environ, environment):
        outcome = folder.run("doctor", "--json")
    assert CANARY not in outcome.out + outcome.err
    (found,) = (one for one in outcome.json["findings"] if one["check"] == "directory")
    return found["state"], found["text"]


def test_the_doctor_asks_the_directory_for_nobody(folder: Folder, tmp_path: Path) -> None:
    members = SqliteMembers(tmp_path / "members.db")
    members.add(1, "ann")
    assert _finding(folder, _environment(members.url)) == ("ok", "directory answers")
    for settings, told in (
        ({"SQL__LOG_IN": "SELECT * FROM nowhere WHERE x = :login"}, "SQLITE_ERROR"),
        ({"SQL__FIND": "SELECT * FROM members WHERE x = :id"}, "SQLITE_ERROR"),
        ({"SQL__FIND": "SELECT * FROM members WHERE number = ':id'"}, ":id stands in quotes"),
        ({"SQL__LOG_IN": "SELECT * FROM members WHERE :login = :login"}, "an account has no id"),
        ({"SQL__URL": str(tmp_path / "missing.db")}, "SQLITE_CANTOPEN"),
        ({"SQL__URL": f"mongodb://u:{CANARY}@h/d"}, "write the path of an SQLite file"),
        ({"SQL__URL": f"mysql://u:{CANARY}@h"}, "percent-encoding"),
        ({"SQL__URL": f"mysql://u:{CANARY}@h/d?sslrootcert=/missing"}, "no PEM file"),
        ({"SQL__URL": f"mysql://u:{CANARY}@h/d?ssl-ca=/missing"}, "write sslrootcert for ssl-ca"),
        ({"SQL__URL": f"postgresql://u:{CANARY}@h/d?x=y"}, "an option that Dragoman does not know"),
    ):
        state, text = _finding(folder, _environment(members.url) | _environment(members.url, **settings))
        assert state == "problem"
        assert told in text


def test_the_doctor_is_alarmed_by_a_service_that_says_yes_to_everybody(folder: Folder) -> None:
    service, account = Service(), b'{"id": "1", "username": "everybody"}'
    service.speak = lambda handler: send(handler, 200, b'{"result": "verified", "account": %b}' % account)
    with account_service(service) as port:
        environment = {
            "DRAGOMAN_DIRECTORY__HTTP__URL": f"http://127.0.0.1:{port}/", "DRAGOMAN_DIRECTORY__HTTP__BEARER": BEARER,
            "DRAGOMAN_DIRECTORY__TIMEOUT_SECONDS": "10",
        }  # fmt: skip
        assert _finding(folder, environment) == ("problem", "directory knows a person that was made up")
        service.speak = lambda handler: send(handler, 200, b'{"result": "yes"}')
        state, text = _finding(folder, environment)
        assert state == "problem"
        assert "not what the contract says" in text


@pytest.mark.parametrize("kind", ["http", "ldap"])
def test_roots_that_cannot_be_read_are_told_at_the_start(folder: Folder, tmp_path: Path, kind: str) -> None:
    """And not at the first log-in, when all are refused."""
    name = f"DRAGOMAN_DIRECTORY__{kind.upper()}"
    environment = {
        f"{name}__ROOTS": str(tmp_path / "missing.pem"), "DRAGOMAN_DIRECTORY__HTTP__BEARER": BEARER,
        "DRAGOMAN_DIRECTORY__LDAP__BASE": "dc=example",
    }  # fmt: skip
    environment[f"{name}__URL"] = "https://127.0.0.1:1/" if kind == "http" else "ldaps://127.0.0.1:1"
    state, text = _finding(folder, environment)
    assert state == "problem"
    assert f"directory.{kind}.roots: " in text
    assert "no PEM file that can be read" in text


@pytest.mark.parametrize(
    ("package", "setting", "url"),
    [
        ("httpx", "HTTP__URL", "https://example.com/"),
        ("ldap3", "LDAP__URL", "ldaps://ldap.example.com"),
        ("pymysql", "SQL__URL", "mysql://reader@db.example.com/members"),
    ],
)
def test_without_the_extra_a_server_refuses_to_start_with_a_sentence(
    folder: Folder, package: str, setting: str, url: str
) -> None:
    blocked = BLOCKED.replace('"opentelemetry", "requests", "google"', f'"{package}"')
    environment = {
        "DRAGOMAN_SERVER__PORT": "0", f"DRAGOMAN_DIRECTORY__{setting}": url, "DRAGOMAN_DIRECTORY__HTTP__BEARER": "x",
        "DRAGOMAN_DIRECTORY__LDAP__BASE": "dc=example",
    }  # fmt: skip
    ended = subprocess.run(
        [sys.executable, "-c", blocked, "serve", "--config", str(folder.file)],
        capture_output=True, text=True, check=False, timeout=120, env={**os.environ, **environment},
    )  # fmt: skip
    assert ended.returncode == 2
    assert f"not installed ({package}); install dragoman[migration]" in ended.stderr
    assert "Traceback" not in ended.stderr
