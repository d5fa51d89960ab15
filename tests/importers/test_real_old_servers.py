"""The switch from old servers that filled their databases themselves: a client of theirs goes on here.

django-oauth-toolkit comes with the peers of the bench, Spring Security OAuth by Maven: `make test` installs both. Where
there is no Java or no Maven, what was recorded of Spring is all that is tried (test_sessions.py).
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from dragoman.config.reading import read_configuration
from tests.importers.sources import ServerSource, counts
from tests.postgresql import for_the_driver
from tests.posting import post
from tests.serving import serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cli.commanding import Folder
    from tests.postgresql import Cluster

HERE = Path(__file__).parent
PYTHON = HERE.parents[1] / "bench" / "peers" / ".venv" / "bin" / "python"
SPRING = HERE / "spring" / "target"
SIGNING_KEY = "a text that signs tokens of the old server"


@dataclass(frozen=True)
class Client:
    """Of the old server's, as it stands in the field; it knows one address."""

    address: str
    basic: str

    def ask(self, **fields: str) -> tuple[int, dict[str, Any]]:
        return post(self.address, self.basic, **fields)

    def log_in(self, who: str, password: str) -> tuple[int, dict[str, Any]]:
        return self.ask(grant_type="password", username=who, password=password, scope="read")

    def refresh(self, token: str) -> tuple[int, dict[str, Any]]:
        return self.ask(grant_type="refresh_token", refresh_token=token)


@contextmanager
def switched(folder: Folder, *formers: str) -> Iterator[str]:
    """This server, which adopts sessions of these formats."""
    now = datetime.now(UTC)
    until = f"cut_over = {now + timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}\nuntil = {now + timedelta(days=90):%Y-%m-%dT%H:%M:%SZ}\n"
    text = re.sub(r"^(dialect = .*)$", r"\1\ndemo_resource = true", folder.file.read_text(), flags=re.MULTILINE)
    folder.file.write_text(text + "".join(f"\n[[former]]\n{former}\n{until}" for former in formers))
    with serving(read_configuration(folder.file)) as served:
        yield served


def goes_on(client: Client, token: str, api: str) -> None:
    """It is refreshed without a log-in, and the API takes what it gets."""
    status, ours = client.refresh(token)
    assert status == 200, ours
    request = urllib.request.Request(api, headers={"Authorization": f"Bearer {ours['access_token']}"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        assert answer.status == 200


@contextmanager
def django(database: Path) -> Iterator[Client]:
    """A client of the old server, while that runs."""
    command = [PYTHON, HERE / "django_site.py", database]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            port = process.stdout.readline().strip()
            assert port, "the old server did not start"
            yield Client(f"http://127.0.0.1:{port}/o/token/", "mobile:the secret of mobile")
        finally:
            process.kill()


def test_clients_of_a_real_django_oauth_toolkit_go_on_without_a_log_in(folder: Folder, tmp_path: Path):
    database = tmp_path / "db.sqlite3"
    with django(database) as client:
        status, live = client.log_in("ann", "the password of ann")
        assert status == 200, live
        _, spent = client.log_in("ann", "the password of ann")
        status, successor = client.refresh(spent["refresh_token"])
        assert status == 200, successor
        assert client.log_in("bob", "the password of bob")[0] == 400
    told = folder.run(
        "import", "django", database, "--allow-grant", "password", "--scope", "read", "--sessions", "--json"
    )
    assert counts(told) == {
        "client": {"created": 1},
        "resource owner": {"created": 2},
        "session": {"created": 2, "skipped": 1},
    }
    with switched(folder, 'format = "django"') as served:
        client = Client(f"{served}/oauth2/token", client.basic)
        for token in (live["refresh_token"], successor["refresh_token"]):
            goes_on(client, token, f"{served}/resource")
        assert client.refresh(spent["refresh_token"])[0] == 400
        assert client.log_in("ann", "the password of bob")[0] == 400
        assert client.log_in("bob", "the password of bob")[0] == 400
        assert client.log_in("ann", "the password of ann")[0] == 200


@pytest.mark.skipif(
    not (SPRING / "old.jar").exists() or shutil.which("java") is None,
    reason="Spring Security OAuth needs a Java of 17 and Maven, which are not on this machine",
)
def test_clients_of_a_real_spring_security_oauth_go_on_without_a_log_in(
    folder: Folder, postgresql: Cluster, other_database: str
):
    address = urllib.parse.urlsplit(for_the_driver(postgresql.url(other_database)))
    who = urllib.parse.urlencode({"user": address.username, "password": urllib.parse.unquote(address.password or "")})
    database = f"jdbc:postgresql://{address.hostname}:{address.port}{address.path}?{who}"
    made = subprocess.run(
        ["java", "-cp", f"{SPRING}/old.jar:{SPRING}/lib/*", "old.Old", database, SIGNING_KEY],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    tokens = json.loads(made.stdout)
    source = ServerSource(postgresql, other_database)
    told = source.imported(
        folder, "spring", "--dialect", "paymentiq", "--allow-grant", "password", "--allow-authority", "ROLE_USER",
        "--sessions", "--json",
    )  # fmt: skip
    assert counts(told) == {
        "client": {"created": 1},
        "resource owner": {"created": 2},
        "session": {"created": 2},
    }
    key = folder.path / "spring.key"
    key.write_text(SIGNING_KEY)
    key.chmod(0o600)
    formers = 'format = "spring-jdbc"', 'format = "spring-jwt"\nkey = "spring.key"\nunlisted = true'
    with switched(folder, *formers) as served:
        client = Client(f"{served}/paymentiq/oauth/token", "bo:the secret of bo")
        for name in ("live", "renewed", "signed"):
            goes_on(client, tokens[name], f"{served}/paymentiq/admin/v1/me")
        assert client.refresh(tokens["spent"])[0] >= 400
        assert client.log_in("junhuh", "the password of gone")[0] == 400
        assert client.log_in("gone", "the password of gone")[0] == 400
        assert client.log_in("junhuh", "the password of junhuh")[0] == 200
